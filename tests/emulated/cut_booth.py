"""A booth whose power is cut again and again, and what is looked at between the cuts.

Everything lies in one folder, so that a later run goes on where this one stopped.
"""

import hashlib
import json
import os
import random
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from edge_lpr.core.errors import EdgeLprError, EmulationError
from edge_lpr.emulation.boards import kvm_works
from edge_lpr.emulation.disk import make_folder_disk, read_from_boot_partition
from edge_lpr.emulation.flashed import flash
from edge_lpr.emulation.guest import LANE_FOLDER
from edge_lpr.emulation.host_side import HostSide
from edge_lpr.emulation.machine import EmulatedBooth
from tests.emulated.cut_judging import block
from tests.emulated.forgetful_card import ForgetfulCard, Loss

CARS: Final = 40
BUSY: Final = 10
"""Load for each core of this machine above which an emulated booth fails by the clock."""

ENROLMENT_S: Final = 2400.0
"""From the first power to the first message, without KVM and beside others."""

UNITS: Final = "edge-lpr-vision edge-lpr-tokeniser edge-lpr-publisher nftables edge-lpr-sshd"
KEYS: Final = "/etc/edge-lpr /etc/credstore.encrypted /var/lib/edge-lpr/tokeniser"
IDENTITY: Final = {
    "image": "cat /usr/lib/edge-lpr/image.json",
    "cmdline": "cat /proc/cmdline",
    "up": "cut -d' ' -f1 /proc/uptime",
}
"""Asked as soon as the booth answers, by name."""

HEALTH: Final = {
    "failed": "systemctl --failed --no-legend --plain",
    "state": "findmnt -nro SOURCE,FSTYPE,OPTIONS /state",
    "fsck": "journalctl -b -q -o cat --no-pager -u 'systemd-fsck@*'",
    "kernel": "journalctl -b -q -o cat --no-pager -k | grep -iE 'EXT4-fs (error|warning)|I/O error|"
    "FAT-fs|SQUASHFS error|dm-verity.*(corrupt|fail)'",
    "keys": f"find {KEYS} -type f ! -name '.*' -print0 | sort -z | xargs -0 sha256sum",
    "outbox": "ls /var/lib/edge-lpr/publisher",
    "attempt": "cat /state/update/last-update.json 2>/dev/null",
    # Not before: the boot partition may not be mounted yet.
    "notes": "cat /boot/efi/grub/grubenv",
}
"""Asked when it is at work."""

_COMMITTED: Final = """\
rm -rf /run/o; mkdir -m 700 /run/o; cp /var/lib/edge-lpr/publisher/outbox.sqlite3* /run/o/
python3 -I -S -c "
import sqlite3
rows = sqlite3.connect('/run/o/outbox.sqlite3').execute(
    'SELECT boot, min(seq), max(seq), count(*), sum(sent_at IS NULL) FROM sighting'
    ' JOIN origin ON origin.id = origin_id GROUP BY boot')
import json
print(json.dumps(list(rows)))
"
"""
"""What lies in the outbox, from a copy: the publisher's own is locked. It may miss the newest."""


class NbdBooth(EmulatedBooth):
    """An emulated booth whose card is served by somebody else."""

    card_url: str | None = None

    def _command(self) -> list[str]:
        command = super()._command()
        if not kvm_works(self.board) and os.getloadavg()[0] > BUSY * (os.cpu_count() or 1):
            # This machine is busy. Two emulated processors would spin, waiting for each other; and
            # by the clock, the booth's watchdogs would find that every process hangs. So time
            # passes by instructions.
            command[command.index("-smp") + 1] = "1"
            command = [word.replace("thread=multi", "thread=single") for word in command]
            command += ["-icount", "shift=2,sleep=on,align=off"]
        if self.card_url is None:
            return command
        ours = f"file={self.disk},"
        return [word.replace(ours, f"file={self.card_url},") for word in command]


class CutBooth:
    """The booth, its agency, a consumer who never sleeps, and the notes of all of it."""

    def __init__(self, image_folder: Path, folder: Path) -> None:
        """Go on with what lies in the folder, or flash a card and let it enrol.

        Args:
            image_folder: Filled by ``scripts/build_image``.
            folder: Kept; short, because sockets lie in it.
        """
        self.folder = folder
        self._memory = folder / "memory.json"
        goes_on = self._memory.exists()
        (image,) = image_folder.glob("edge-lpr-generic-amd64-*.img")
        folder.mkdir(parents=True, exist_ok=True)
        self.booth = NbdBooth(None if goes_on else image, folder / "booth", probe=True)
        self.host = HostSide(folder / "host", goes_on=goes_on)
        self._consumer: subprocess.Popen[bytes] | None = None
        self._seen = folder / "consumer.jsonl"
        self._card: ForgetfulCard | None = None
        self._started = 0.0
        self.memory: dict[str, Any] = {}
        if goes_on:
            self.memory = json.loads(self._memory.read_text())

    def begin(self, squashfs: dict[str, Any]) -> None:
        """Start the agency, and the booth for the first time, unless an earlier run has.

        Args:
            squashfs: ``version``, ``sha256`` and ``bytes`` of the system that was flashed.
        """
        if not self.memory:
            flash(self.booth, self.host, cars=CARS)
            self.show(None)
            self.memory = {"systems": [squashfs]}
            self.remember()
        self.host.start()
        log = self._seen.open("ab")
        with log:
            self._consumer = subprocess.Popen(self.host.subscribe("--json"), stdout=log)
        if not self.memory.get("is_enrolled"):
            self._enrol()
            self.memory["is_enrolled"] = True
            self.cut_power()
            self.remember()
        self._card = ForgetfulCard(self.booth.disk, self.folder / "card")
        self.booth.card_url = self._card.url

    def end(self) -> None:
        """Switch everything off; the consumer last, so that it has seen what the broker took."""
        self.cut_power()
        if self._card is not None:
            self._card.close()
        time.sleep(2)
        if self._consumer is not None:
            self._consumer.terminate()
            self._consumer.wait()
        self.host.stop()

    def remember(self) -> None:
        """Write down what a later run must know."""
        part = self._memory.with_suffix(".part")
        part.write_text(json.dumps(self.memory, indent=1))
        part.replace(self._memory)

    def show(self, bundle: Path | None) -> None:
        """Put the lane, and perhaps a bundle beside it, on the disk that the booth reads."""
        lane = self.booth.folder / "lane"
        (lane / "next.raucb").unlink(missing_ok=True)
        if bundle is not None:
            bundle.rename(lane / "next.raucb")
        megabytes = 80 + sum(each.stat().st_size for each in lane.iterdir()) * 11 // 10_000_000
        make_folder_disk(lane, self.booth.folder / "lane.img", megabytes)

    def start(self) -> None:
        """Switch on."""
        if self._card is not None:
            self._card.serve()
        self._started = time.monotonic()
        self.booth.start()

    @property
    def since_power_s(self) -> float:
        """How long the power has been there, in seconds."""
        return time.monotonic() - self._started

    def cut_power(self) -> None:
        """Take the power away; the card still knows what it was told."""
        self.booth.power_cut()

    def settle_card(self, chance: random.Random) -> Loss:
        """Have the card forget what it did not flush; after ``cut_power``."""
        assert self._card is not None
        return self._card.lose(chance)

    def ask(self, questions: dict[str, str], patience_s: float = 600.0) -> dict[str, str]:
        """Return what the booth answers, by the names of the questions.

        Raises:
            EmulationError: It does not in time.
        """
        command = "; ".join(f"echo '== {name}'; {{ {each}; }}" for name, each in questions.items())
        _, said = self.booth.run(command, patience_s)
        answers: dict[str, str] = {}
        name = ""
        for line in said.splitlines():
            if line.startswith("== "):
                name = line[3:]
                answers[name] = ""
            elif name:
                answers[name] += line + "\n"
        return answers

    def is_at_work(self, patience_s: float) -> bool:
        """Return whether every unit that must work does, as soon as it does or time is over."""
        deadline = time.monotonic() + patience_s
        while (left_s := deadline - time.monotonic()) > 0:
            status, _ = self.booth.run(f"systemctl is-active {UNITS}", left_s)
            if status == 0:
                return True
            # Each look costs the booth a tenth of a second or more.
            time.sleep(min(3.0, left_s))
        return False

    def committed(self, patience_s: float) -> list[list[Any]]:
        """Return what the outbox holds: boot, first, last, how many, how many unsent."""
        status, said = self.booth.run(_COMMITTED, patience_s)
        if status != 0:
            # A checkpoint between the copies of the two files; nothing is known then.
            return []
        rows: list[list[Any]] = json.loads(said)
        return rows

    def push_update(self) -> None:
        """Begin the update whose bundle lies beside the lane; it restarts the booth by itself."""
        install = f"/opt/edge-lpr/bin/edge-lpr update install - <{LANE_FOLDER}/next.raucb"
        status, said = self.booth.run(
            f"systemd-run --collect --unit=push /bin/sh -c '{install} >/run/push.txt 2>&1'"
        )
        if status != 0:
            raise EmulationError(f"the update could not be begun: {said}")

    def events(self) -> list[dict[str, Any]]:
        """Return what the consumer has seen since the card was flashed."""
        lines = self._seen.read_bytes().split(b"\n")[:-1]
        return [json.loads(line) for line in lines]

    def asks_for_keys(self) -> bool:
        """Return whether a booth asks to be enrolled."""
        return self.host.approve() is not None

    def card_facts(self) -> dict[str, Any]:
        """Return what a card reader sees; the booth is off.

        Returns:
            ``notes`` and ``spare``: GRUB's two blocks as dictionaries, empty for a torn one;
            ``slots``: the version of the whole system that lies in each, by its digest, or
            ``None``; ``boot``: what the check of the boot partition says.
        """
        notes = block(self._read("grub/grubenv"))
        spare = block(self._read("grub/grubenv.spare"))
        named = set(" ".join([*notes.values(), *spare.values()]).split()) & {"A", "B"}
        slots = {slot: self._system_in(slot) for slot in sorted(named)}
        return {"notes": notes, "spare": spare, "slots": slots, "boot": self._check_boot()}

    def _read(self, name: str) -> str:
        return read_from_boot_partition(self.booth.disk, name).decode("ascii", "replace")

    def _enrol(self) -> None:
        self.start()
        threading.Thread(target=self._approve, daemon=True).start()
        deadline = time.monotonic() + ENROLMENT_S
        while not any(event["event"] == "birth" for event in self.events()):
            assert time.monotonic() < deadline, self.booth.console()[-2000:]
            time.sleep(1)
        assert self.is_at_work(ENROLMENT_S)

    def _approve(self) -> None:
        while self.booth.is_on:
            with suppress(EdgeLprError):
                if self.host.approve() is not None:
                    return
            # Asking takes a processor second, which the booth could use.
            time.sleep(10)

    def _partition(self, name: str) -> tuple[int, int]:
        """Return where a partition begins, and how long it is, in bytes."""
        said = subprocess.run(
            ["/usr/sbin/sfdisk", "--json", str(self.booth.disk)], capture_output=True, check=True
        )
        table = json.loads(said.stdout)["partitiontable"]
        for each in table["partitions"]:
            if each.get("name") == name:
                return each["start"] * table["sectorsize"], each["size"] * table["sectorsize"]
        raise EmulationError(f"the card has no partition {name}")

    def _system_in(self, slot: str) -> str | None:
        start, _ = self._partition(f"system-{slot.lower()}")
        by_size: dict[int, str] = {}
        with self.booth.disk.open("rb") as card:
            # The newest first: that is likely.
            for system in reversed(self.memory["systems"]):
                size = int(system["bytes"])
                if size not in by_size:
                    card.seek(start)
                    by_size[size] = hashlib.sha256(card.read(size)).hexdigest()
                if by_size[size] == system["sha256"]:
                    return str(system["version"])
        return None

    def _check_boot(self) -> str:
        """Return what fsck.vfat complains of, but for the mark that it was not unmounted."""
        start, size = self._partition("boot")
        copy = self.folder / "boot.img"
        with self.booth.disk.open("rb") as card:
            card.seek(start)
            copy.write_bytes(card.read(size))
        done = subprocess.run(
            ["/usr/sbin/fsck.vfat", "-n", str(copy)], capture_output=True, text=True, check=False
        )
        copy.unlink()
        lines = [
            line.strip()
            for line in done.stdout.splitlines()[1:]
            if line.strip() and not line.startswith(str(copy)) and "Leaving filesystem" not in line
        ]
        return "; ".join(lines) if done.returncode else ""
