"""One emulated booth: QEMU with its card, its lane, its network and its serial console.

Several booths can be emulated side by side, each in a folder of its own, which holds all that
survives a power cut.
"""

import base64
import contextlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from edge_lpr.core.errors import EmulationError
from edge_lpr.emulation import guest
from edge_lpr.emulation.boards import BOARDS, firmware_code, kvm_works, processor_arguments
from edge_lpr.emulation.disk import (
    copy_image,
    make_folder_disk,
    read_from_boot_partition,
    write_to_boot_partition,
)
from edge_lpr.emulation.line_socket import LineSocket
from edge_lpr.emulation.software_tpm import SoftwareTpm

HOST_ADDRESS: Final = "10.0.2.2"
"""What the booth calls the machine that emulates it."""

_MEMORY_MB: Final = 1024
_PATIENCE_S: Final = 600.0
"""Longest time for one order: without KVM everything takes thirty times as long."""


class EmulatedBooth:
    """A booth that is switched on and off."""

    def __init__(
        self,
        image: Path | None,
        folder: Path,
        *,
        board: str = "generic-amd64",
        probe: bool = False,
        tpm: Path | None = None,
    ) -> None:
        """Put an image on a card; the booth is off.

        Args:
            image: What ``scripts/build_image`` made for the board; ``None`` goes on with the card
                that lies in the folder.
            folder: Where the card and everything else lies; an earlier card in it is replaced.
            board: A key of ``BOARDS``.
            probe: Let a test give orders, see ``run``.
            tpm: Folder of the board's TPM, made if there is none; ``None`` for a board without.

        Raises:
            EmulationError: The image or a tool is missing.
        """
        if board not in BOARDS:
            raise EmulationError(f"no board {board} can be emulated: {', '.join(BOARDS)}")
        self.board = BOARDS[board]
        self.folder = folder
        self.disk = folder / "card.img"
        self.console_file = folder / "console.txt"
        self.other_disk: Path | None = None
        """File of another disk in the same booth, from the next start on."""
        self._lane_disk = folder / "lane.img"
        self._probe = probe
        self._tpm = None if tpm is None else SoftwareTpm(tpm, folder / "tpm")
        self._drop_ins: dict[str, str] = {}
        self._forwards: dict[int, int] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._links: dict[str, LineSocket] = {}
        self._orders = 0
        folder.mkdir(parents=True, exist_ok=True)
        if image is None:
            return
        self._lane_disk.unlink(missing_ok=True)
        self.insert(image)

    def insert(self, card: Path) -> None:
        """Put a card into a new board, as it comes out of a reader; the booth must be off.

        Args:
            card: An image as it was built, or one that an installer has flashed, or what another
                booth has worked with. It is copied; the emulator lets itself in by the copy.

        Raises:
            EmulationError: It is not there, or is no card of a booth.
        """
        copy_image(card, self.disk)
        code = firmware_code(self.board)
        shutil.copy(code.with_name(code.name.replace("CODE", "VARS")), self.folder / "firmware")
        self._let_in()

    def put_on_boot_partition(self, source: Path, name: str) -> None:
        """Drop a file on the card's boot partition; the booth must be off.

        Args:
            source: What is copied.
            name: Its name there.
        """
        write_to_boot_partition(self.disk, source, name)

    def set_lane(self, folder: Path) -> None:
        """Give the booth what its camera sees: a folder with ``lane.avi``, and what a test adds.

        Args:
            folder: At most 64 MB; copied now, in force from the next start on.
        """
        make_folder_disk(folder, self._lane_disk)

    def drop_in(self, unit: str, text: str) -> None:
        """Add lines to one of the booth's units, from the next start on.

        Args:
            unit: Full name, as ``edge-lpr-vision.service``.
            text: Drop-in of systemd.unit(5); an empty one takes the lines away again.
        """
        self._drop_ins.pop(unit, None)
        if text:
            self._drop_ins[unit] = text

    def forward(self, host_port: int, guest_port: int) -> None:
        """Let a port of this machine reach one of the booth, from the next start on."""
        self._forwards[host_port] = guest_port

    def start(self) -> None:
        """Switch the booth on; returns at once.

        Raises:
            EmulationError: QEMU is missing, or ends at once.
        """
        for stale in ("qmp", "probe"):
            (self.folder / stale).unlink(missing_ok=True)
        if self._tpm is not None:
            self._tpm.start()
        with (self.folder / "qemu.txt").open("ab") as log:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - QEMU, with paths of ours
                    self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
            except FileNotFoundError as error:
                raise EmulationError(
                    f"{self.board.program} is missing: apt-get install {self.board.packages}"
                ) from error
        self._links["qmp"] = self._connect("qmp")
        self._links["qmp"].receive(time.monotonic() + 10)
        self.qmp("qmp_capabilities")
        if self._probe:
            self._links["probe"] = self._connect("probe")

    def run(self, command: str, patience_s: float = _PATIENCE_S) -> tuple[int, str]:
        """Have root in the booth run a command; only with ``probe=True``.

        Args:
            command: For ``/bin/sh -c``.
            patience_s: How long it may take, the start of the booth included.

        Returns:
            Its exit status, and what it wrote.

        Raises:
            EmulationError: The booth does not answer in time.
        """
        self._orders += 1
        link = self._links["probe"]
        link.send({"id": self._orders, "command": command})
        deadline = time.monotonic() + patience_s
        while True:
            answer = link.receive(deadline)
            # A power cut may leave an answer to an order of before.
            if answer.get("id") == self._orders:
                return int(answer["status"]), str(answer["output"])

    def wait_for(self, command: str, patience_s: float = _PATIENCE_S) -> str:
        """Repeat a command in the booth until it succeeds.

        Args:
            command: For ``/bin/sh -c``.
            patience_s: How long to go on.

        Returns:
            What it wrote at last.

        Raises:
            EmulationError: It has not succeeded in time; the message shows what it wrote.
        """
        deadline = time.monotonic() + patience_s
        while True:
            status, output = self.run(command, deadline - time.monotonic())
            if status == 0:
                return output
            if time.monotonic() > deadline:
                raise EmulationError(f"{command} has not succeeded in {patience_s:.0f} s: {output}")
            time.sleep(1)

    def qmp(self, command: str, **arguments: Any) -> Any:  # noqa: ANN401 - QEMU's own answers
        """Tell QEMU something, see its QMP reference.

        Args:
            command: As ``device_add``.
            arguments: Those of the command; ``_`` in a name stands for ``-``.

        Returns:
            What it returned.

        Raises:
            EmulationError: It refused.
        """
        named = {name.replace("_", "-"): value for name, value in arguments.items()}
        self._links["qmp"].send({"execute": command, "arguments": named})
        while True:
            answer = self._links["qmp"].receive(time.monotonic() + 30)
            if "error" in answer:
                raise EmulationError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def console(self) -> str:
        """Return everything that stood on the serial console since the first start."""
        if not self.console_file.exists():
            return ""
        return self.console_file.read_text(encoding="utf-8", errors="replace")

    @property
    def is_on(self) -> bool:
        """Whether QEMU runs."""
        return self._process is not None and self._process.poll() is None

    def power_cut(self) -> None:
        """Take the power away: what the booth has not flushed to its card is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._forget()

    def wait_until_off(self, patience_s: float) -> None:
        """Wait for a booth that switches itself off.

        Args:
            patience_s: How long.

        Raises:
            EmulationError: It is still on.
        """
        if self._process is not None:
            try:
                self._process.wait(patience_s)
            except subprocess.TimeoutExpired as error:
                raise EmulationError("the booth has not switched itself off") from error
        self._forget()

    def __enter__(self) -> "EmulatedBooth":  # noqa: PYI034 - Self is not in Python 3.10
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Switch off."""
        self.power_cut()

    def _forget(self) -> None:
        """Close what led to a QEMU that has ended."""
        for link in self._links.values():
            link.close()
        self._links.clear()
        if self._tpm is not None:
            self._tpm.stop()

    def _let_in(self) -> None:
        """Have this card's booth take what the emulator gives it."""
        grub = guest.without_setting(read_from_boot_partition(self.disk, "grub/grub.cfg"))
        changed = self.folder / "grub.cfg"
        changed.write_bytes(guest.grub_setting(probe=self._probe) + grub)
        write_to_boot_partition(self.disk, changed, "grub/grub.cfg")

    def _command(self) -> list[str]:
        """Return QEMU's command line."""
        forwards = "".join(
            f",hostfwd=tcp:127.0.0.1:{ours}-:{theirs}" for ours, theirs in self._forwards.items()
        )
        code = firmware_code(self.board)
        command = [
            self.board.program,
            *self.board.machine,
            *processor_arguments(self.board),
            *("-smp", "2", "-m", str(_MEMORY_MB), "-display", "none", "-no-user-config"),
            *("-drive", f"if=pflash,format=raw,readonly=on,file={code}"),
            *("-drive", f"if=pflash,format=raw,file={self.folder / 'firmware'}"),
            # The end of QEMU loses what the booth's kernel has not yet written. What it has written
            # and not yet flushed stays: a kinder disk than the cheapest card.
            *self._disk_arguments("card", self.disk, "cache=writeback"),
            *("-nic", f"user,model=virtio-net-pci{forwards}"),
            *("-chardev", f"file,id=console,path={self.console_file},append=on"),
            *("-serial", "chardev:console"),
            *("-qmp", f"unix:{self.folder / 'qmp'},server=on,wait=off"),
            *("-device", "virtio-rng-pci"),
            # Sockets, for whoever wants to plug something in.
            *("-device", "qemu-xhci,id=usb"),
        ]
        if self.other_disk is not None:
            command += self._disk_arguments("other", self.other_disk, "cache=writeback")
        if self._tpm is not None:
            command += self._tpm.arguments(self.board.tpm_device)
        lane = self._lane_disk.exists()
        if lane:
            command += self._disk_arguments(guest.LANE_SERIAL, self._lane_disk, "readonly=on")
        if self._probe:
            command += [
                *("-device", "virtio-serial-pci"),
                *("-chardev", f"socket,id=probe,path={self.folder / 'probe'},server=on,wait=off"),
                *("-device", f"virtserialport,chardev=probe,name={guest.PROBE_PORT}"),
            ]
        given = guest.credentials(
            lane=lane,
            probe=self._probe,
            drop_ins=self._drop_ins,
            watchdog_s=None if kvm_works(self.board) else self.board.software_watchdog_s,
        )
        return command + self._credential_arguments(given)

    def _disk_arguments(self, name: str, file: Path, option: str) -> list[str]:
        """Return the arguments for one disk."""
        return [
            *("-drive", f"if=none,id={name},format=raw,file={file},{option}"),
            *("-device", f"virtio-blk-pci,drive={name},serial={name}"),
        ]

    def _credential_arguments(self, given: Mapping[str, str]) -> list[str]:
        """Write credentials into files, and return the arguments that hand them over."""
        folder = self.folder / "credentials"
        folder.mkdir(exist_ok=True)
        arguments = []
        for number, (name, text) in enumerate(given.items()):
            file = folder / str(number)
            encoded = base64.b64encode(text.encode()).decode()
            file.write_text(f"io.systemd.credential.binary:{name}={encoded}", encoding="ascii")
            arguments += ["-smbios", f"type=11,path={file}"]
        return arguments

    def _connect(self, name: str) -> LineSocket:
        """Connect to one of QEMU's sockets, which it makes while it starts."""
        deadline = time.monotonic() + 10
        while True:
            link = socket.socket(socket.AF_UNIX)
            with contextlib.suppress(OSError):
                link.connect(str(self.folder / name))
                return LineSocket(link)
            link.close()
            if not self.is_on or time.monotonic() > deadline:
                log = (self.folder / "qemu.txt").read_text(encoding="utf-8", errors="replace")
                raise EmulationError(
                    f"QEMU does not start: {log[-400:].strip() or json.dumps(log)}"
                )
            time.sleep(0.05)
