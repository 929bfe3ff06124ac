"""Slots of a Jetson: NVIDIA's ``nvbootctrl``, which speaks to its UEFI. Untested on hardware.

The UEFI knows which slot is active and whether it was marked successful; after some starts without
that mark it takes the other one by itself. So a trial may be started more than once there before
the old system is back. It does not know which slot was good last: that is a file of one sector on
the boot partition, as on the other boards.

Source:
    NVIDIA Jetson Linux Developer Guide, "Root File System Redundancy" and ``nvbootctrl -h``.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge_lpr.core.boot_partition import SECTOR_BYTES, overwrite_sector, writable
from edge_lpr.core.errors import UpdateError
from edge_lpr.update.running import SLOTS, Slot
from edge_lpr.update.slots import SlotNotes, SlotSwitch, slots_in

NOTES_FILE: Final = Path("/boot/efi/edge-lpr-slots")
"""One sector: the order in the first line."""

_PROGRAM: Final = "/usr/sbin/nvbootctrl"
_WAIT_S: Final = 30


def run_nvbootctrl(*words: str) -> str:
    """Run NVIDIA's program and return what it prints.

    Args:
        words: Its arguments.

    Raises:
        UpdateError: It is missing, hangs or fails.
    """
    try:
        done = subprocess.run(  # noqa: S603 - NVIDIA's own program, with words of ours
            [_PROGRAM, *words], capture_output=True, text=True, check=True, timeout=_WAIT_S
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise UpdateError(f"{_PROGRAM} {' '.join(words)} failed: {error}") from error
    return done.stdout.strip()


class JetsonSlots(SlotSwitch):
    """The Jetson's UEFI."""

    def __init__(
        self,
        file: Path = NOTES_FILE,
        control: Callable[..., str] = run_nvbootctrl,
        lock: Path | None = None,
    ) -> None:
        """Know where things are; nothing is read yet.

        Args:
            file: Our notes, one sector long.
            control: ``nvbootctrl``.
            lock: As for ``boot_partition.writable``.
        """
        self._file = file
        self._control = control
        self._lock = lock

    def current(self) -> Slot:
        """Return the slot that the UEFI has started."""
        return _slot_of(self._control("get-current-slot"))

    def was_started_once(self) -> bool:
        """Return whether another slot than the one that was good last was started."""
        return self.read().order[0] != self.current()

    def read(self) -> SlotNotes:
        """Return our order, and as trial the slot that the UEFI starts next, if it is another."""
        try:
            with self._file.open("rb") as file:
                order = slots_in(file.read(SECTOR_BYTES).decode("ascii", "replace"))
        except OSError as error:
            raise UpdateError(f"{self._file}: cannot be read ({error.strerror})") from error
        if not order:
            raise UpdateError(f"{self._file}: makes no sense; write the disk anew")
        active = _slot_of(self._control("get-active-boot-slot"))
        return SlotNotes(order, None if active == order[0] else active)

    def write(self, notes: SlotNotes) -> None:
        """Write our notes, then tell the UEFI; it is asked for the rest each time."""
        try:
            with writable(self._file, self._lock):
                overwrite_sector(self._file, slots_sector(notes))
        except (OSError, ValueError) as error:
            raise UpdateError(f"{self._file}: cannot be written ({error})") from error
        following = notes.trial or notes.order[0]
        if notes.order[0] == self.current():
            self._control("mark-boot-successful")
        self._control("set-active-boot-slot", str(SLOTS.index(following)))


def slots_sector(notes: SlotNotes) -> bytes:
    """Return our notes as one sector; an image begins with that of slot A.

    Args:
        notes: Their order is kept; the trial is the UEFI's.
    """
    return f"{' '.join(notes.order)}\n".encode().ljust(SECTOR_BYTES, b"\n")


def _slot_of(answer: str) -> Slot:
    """Return the slot of a number that the program printed."""
    if answer not in ("0", "1"):
        raise UpdateError("nvbootctrl did not answer with the number of a slot")
    return SLOTS[int(answer)]
