"""Slots of the generic images: two variables in GRUB's environment block, on the boot partition.

``firmware_config/image/grub.cfg`` is the other half. The block is one sector of text; it is
overwritten in place and not by ``grub-editenv``, which cuts the file to nothing before it writes it
anew. A second copy is for the sector that a power cut tears all the same.
"""

import re
from pathlib import Path
from typing import Final

from edge_lpr.core.boot_partition import SECTOR_BYTES, overwrite_sector, writable
from edge_lpr.core.errors import UpdateError
from edge_lpr.update.running import Slot
from edge_lpr.update.slots import SlotNotes, SlotSwitch, as_slot, slots_in

GRUB_FOLDER: Final = Path("/boot/efi/grub")
"""Where GRUB has its files."""

BLOCK: Final = "grubenv"
"""The environment block that GRUB reads and, for a trial, writes."""

SPARE_BLOCK: Final = "grubenv.spare"
"""Its copy, without a trial."""

BLOCK_BYTES: Final = 1024
"""GRUB takes no other length; we use the first half, one sector."""

TRIAL_WORD: Final = "edge_lpr.trial"
"""What ``grub.cfg`` adds to the kernel's command line for a trial."""

_HEAD: Final = b"# GRUB Environment Block\n"
_SLOT_WORD: Final = re.compile(r"rauc\.slot=([AB])")


class GrubSlots(SlotSwitch):
    """The generic images' loader."""

    def __init__(
        self,
        folder: Path = GRUB_FOLDER,
        command_line: Path = Path("/proc/cmdline"),
        lock: Path | None = None,
    ) -> None:
        """Know where things are; nothing is read yet.

        Args:
            folder: GRUB's, on the boot partition.
            command_line: The kernel's.
            lock: As for ``boot_partition.writable``.
        """
        self._folder = folder
        self._command_line = command_line
        self._lock = lock

    def current(self) -> Slot:
        """Return the slot that GRUB has named on the kernel's command line."""
        for word in self._words():
            found = _SLOT_WORD.fullmatch(word)
            if found is not None:
                return as_slot(found[1])
        raise UpdateError(
            f"{self._command_line}: names no slot (rauc.slot=); this system was not started by "
            "the image's GRUB"
        )

    def was_started_once(self) -> bool:
        """Return whether GRUB has called this start a trial."""
        return TRIAL_WORD in self._words()

    def read(self) -> SlotNotes:
        """Return what GRUB goes by: the block, else its copy, as ``grub.cfg`` does."""
        notes = _notes_of(self._folder / BLOCK) or _notes_of(self._folder / SPARE_BLOCK)
        if notes is None:
            raise UpdateError(
                f"{self._folder}: neither {BLOCK} nor {SPARE_BLOCK} makes sense; write the card "
                "anew (docs/updates.md)"
            )
        return notes

    def write(self, notes: SlotNotes) -> None:
        """Write the block, then its copy; between the two, either leads to a whole system.

        A slot's content changes only after both copies have lost it, and it comes into one only
        when that has ended. A copy that was torn before is mended first: one of the two is whole
        at any moment.
        """
        try:
            with writable(self._folder, self._lock):
                if _notes_of(self._folder / SPARE_BLOCK) is None:
                    mended = SlotNotes(self.read().order)
                    overwrite_sector(self._folder / SPARE_BLOCK, _sector(mended))
                overwrite_sector(self._folder / BLOCK, _sector(notes))
                overwrite_sector(self._folder / SPARE_BLOCK, _sector(SlotNotes(notes.order)))
        except (OSError, ValueError) as error:
            raise UpdateError(f"{self._folder}: cannot be written ({error})") from error

    def _words(self) -> list[str]:
        """Return the kernel's command line."""
        try:
            return self._command_line.read_text().split()
        except OSError as error:
            raise UpdateError(f"{self._command_line}: cannot be read ({error.strerror})") from error


def first_block() -> bytes:
    """Return block and copy of a new image, which are the same: slot A alone holds a system."""
    return _sector(SlotNotes(("A",))).ljust(BLOCK_BYTES, b"#")


def _sector(notes: SlotNotes) -> bytes:
    """Return the first sector of a block; the second one is padding for ever."""
    text = f"ORDER={' '.join(notes.order)}\nTRIAL={notes.trial or ''}\n"
    return (_HEAD + text.encode()).ljust(SECTOR_BYTES, b"#")


def _notes_of(path: Path) -> SlotNotes | None:
    """Return what a block says, or ``None`` if it makes no sense."""
    try:
        with path.open("rb") as file:
            content = file.read(BLOCK_BYTES)
    except OSError:
        return None
    if len(content) != BLOCK_BYTES or not content.startswith(_HEAD):
        return None
    lines = content.decode("ascii", "replace").splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    order, trial = slots_in(values.get("ORDER", "")), slots_in(values.get("TRIAL", ""))
    return SlotNotes(order, trial[0] if trial else None) if order else None
