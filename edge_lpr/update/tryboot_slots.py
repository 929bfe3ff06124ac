"""Slots of a Raspberry Pi: ``autoboot.txt``, which its firmware reads first. Untested on hardware.

The file names the partition that is started, and in its section ``[tryboot]`` the one that is
started once, after ``reboot '0 tryboot'``. The firmware reads at most 512 bytes of it: one sector,
which is overwritten in place. Our own notes are in its first line, a comment.

Source:
    Raspberry Pi documentation, "autoboot.txt" and "tryboot"; the firmware tells what it did in
    ``/proc/device-tree/chosen/bootloader``.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from edge_lpr.core.boot_partition import SECTOR_BYTES, overwrite_sector, writable
from edge_lpr.core.errors import UpdateError
from edge_lpr.update.running import Slot
from edge_lpr.update.slots import SlotNotes, SlotSwitch, slots_in

AUTOBOOT_FILE: Final = Path("/boot/efi/autoboot.txt")
"""On the first partition, which is no slot's."""

BOOTLOADER_FOLDER: Final = Path("/proc/device-tree/chosen/bootloader")
"""What the firmware has done."""

PARTITIONS: Final[Mapping[Slot, int]] = {"A": 2, "B": 3}
"""Where kernel and ``cmdline.txt`` of each slot are."""

_NOTES: Final = re.compile(r"# edge-lpr order=([AB ]*) trial=([AB]?)")


class TrybootSlots(SlotSwitch):
    """The Raspberry Pi's firmware."""

    reboot_argument = "0 tryboot"

    def __init__(
        self,
        file: Path = AUTOBOOT_FILE,
        bootloader: Path = BOOTLOADER_FOLDER,
        lock: Path | None = None,
    ) -> None:
        """Know where things are; nothing is read yet.

        Args:
            file: ``autoboot.txt``, at least one sector long.
            bootloader: The firmware's report.
            lock: As for ``boot_partition.writable``.
        """
        self._file = file
        self._bootloader = bootloader
        self._lock = lock

    def current(self) -> Slot:
        """Return the slot whose partition the firmware has started."""
        started = self._number("partition")
        for slot, partition in PARTITIONS.items():
            if partition == started:
                return slot
        raise UpdateError(f"this system was started from partition {started}, which is no slot's")

    def was_started_once(self) -> bool:
        """Return whether the firmware has taken the section ``[tryboot]``."""
        return self._number("tryboot") == 1

    def read(self) -> SlotNotes:
        """Return what the firmware goes by."""
        try:
            with self._file.open("rb") as file:
                text = file.read(SECTOR_BYTES).decode("ascii", "replace")
        except OSError as error:
            raise UpdateError(f"{self._file}: cannot be read ({error.strerror})") from error
        found = _NOTES.match(text)
        order = slots_in(found[1]) if found else ()
        if found is None or not order:
            raise UpdateError(f"{self._file}: makes no sense; write the card anew")
        trial = slots_in(found[2])
        return SlotNotes(order, trial[0] if trial else None)

    def write(self, notes: SlotNotes) -> None:
        """Write the one sector. Without a trial, ``tryboot`` leads where every start does."""
        try:
            with writable(self._file, self._lock):
                overwrite_sector(self._file, autoboot_sector(notes))
        except (OSError, ValueError) as error:
            raise UpdateError(f"{self._file}: cannot be written ({error})") from error

    def _number(self, name: str) -> int:
        """Return a number of the firmware's report; device trees are big-endian."""
        try:
            return int.from_bytes((self._bootloader / name).read_bytes()[:4], "big")
        except OSError as error:
            raise UpdateError(
                f"{self._bootloader / name}: cannot be read ({error.strerror}); the bootloader in "
                "the board's EEPROM is too old for tryboot"
            ) from error


def autoboot_sector(notes: SlotNotes) -> bytes:
    """Return ``autoboot.txt`` as one sector; an image begins with that of slot A.

    Args:
        notes: What the firmware shall go by.
    """
    first = PARTITIONS[notes.order[0]]
    once = PARTITIONS[notes.trial or notes.order[0]]
    text = (
        f"# edge-lpr order={' '.join(notes.order)} trial={notes.trial or ''}\n"
        f"[all]\ntryboot_a_b=1\nboot_partition={first}\n[tryboot]\nboot_partition={once}\n"
    )
    return text.encode().ljust(SECTOR_BYTES - 1, b"#") + b"\n"
