"""A TPM 2.0 in software (swtpm), soldered to one emulated booth.

Its folder is the chip: another folder is another chip. It has power as long as QEMU runs.
"""

import subprocess
import time
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import EmulationError

_PATIENCE_S: Final = 10.0


class SoftwareTpm:
    """One TPM, off until it is started."""

    def __init__(self, state: Path, socket: Path) -> None:
        """Name a TPM; nothing runs yet.

        Args:
            state: Folder with its secrets; an empty one, or none, is a new chip.
            socket: Where QEMU reaches it.
        """
        self._state = state
        self._socket = socket
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Give it power.

        Raises:
            EmulationError: swtpm is missing, or does not start.
        """
        self._state.mkdir(parents=True, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        log_file = self._state / "log.txt"
        command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self._state}"]
        command += ["--ctrl", f"type=unixio,path={self._socket}"]
        with log_file.open("ab") as log:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - swtpm, with paths of ours
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
            except FileNotFoundError as error:
                raise EmulationError("swtpm is missing: apt-get install swtpm") from error
        deadline = time.monotonic() + _PATIENCE_S
        while not self._socket.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = log_file.read_text(encoding="utf-8", errors="replace")[-400:]
                raise EmulationError(f"swtpm does not start: {said.strip()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Take the power away; nothing is told to it beforehand."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def arguments(self, device: str) -> list[str]:
        """Return QEMU's arguments.

        Args:
            device: How the board reaches it, as QEMU calls it.
        """
        return [
            *("-chardev", f"socket,id=tpm,path={self._socket}"),
            *("-tpmdev", "emulator,id=tpm0,chardev=tpm"),
            *("-device", f"{device},tpmdev=tpm0"),
        ]
