"""A booth as far as updates go: two slots, GRUB's notes, records; power can go at every write.

``start`` follows ``firmware_config/image/grub.cfg`` line by line; what is in a slot is a version,
or ``None`` while it is being written.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from edge_lpr.core.boot_partition import SECTOR_BYTES, overwrite_sector
from edge_lpr.update import grub_slots
from edge_lpr.update.booth import Booth
from edge_lpr.update.grub_slots import BLOCK, SPARE_BLOCK, TRIAL_WORD, GrubSlots, first_block
from edge_lpr.update.records import UpdateRecords
from edge_lpr.update.running import RunningImage, Slot
from edge_lpr.update.versions import SystemVersion

COMPATIBLE = "edge-lpr-generic-amd64"
OTHER: dict[Slot, Slot] = {"A": "B", "B": "A"}


class PowerCutError(Exception):
    """The power is gone."""


class UpdatedBooth:
    """The generic board."""

    def __init__(self, folder: Path, version: str = "0.1.0+1") -> None:
        """Flash it; it runs.

        Args:
            folder: For everything.
            version: Of the image.
        """
        self.grub, self.state = folder / "grub", folder / "state"
        self.command_line = folder / "cmdline"
        for each in (self.grub, self.state):
            each.mkdir()
        for name in (BLOCK, SPARE_BLOCK):
            (self.grub / name).write_bytes(first_block())
        self.systems: dict[Slot, str | None] = {"A": version, "B": None}
        self.slots = GrubSlots(self.grub, self.command_line, folder / "lock")
        self.records = UpdateRecords(self.state)
        self.start()

    @property
    def version(self) -> str:
        """What runs."""
        version = self.systems[self.slots.current()]
        assert version is not None
        return version

    @property
    def booth(self) -> Booth:
        """What a task begins with, of the system that runs."""
        image = RunningImage("generic-amd64", SystemVersion(self.version), COMPATIBLE)
        return Booth(image, self.slots, self.records)

    def start(self) -> None:
        """Do what GRUB does, and start what it starts."""
        values = self._values(BLOCK)
        order, trial = values.get("ORDER", ""), values.get("TRIAL", "")
        order = order or self._values(SPARE_BLOCK).get("ORDER", "") or "A B"
        candidates = [(each, "") for each in order.split()]
        if trial:
            # save_env: the value goes, the block's other sector and length stay.
            block = self.grub / BLOCK
            text = re.sub(rb"(?m)^TRIAL=.*\n", b"TRIAL=\n", block.read_bytes())
            block.write_bytes(text.ljust(2 * SECTOR_BYTES, b"#"))
            candidates.insert(0, (trial, TRIAL_WORD))
        for name, word in candidates:
            slot: Slot = "A" if name == "A" else "B"
            if self.systems[slot] is not None:
                self.command_line.write_text(f"ro rauc.slot={slot} panic=10 {word}\n")
                return
        raise AssertionError("no system could be started")

    def install(self, version: str) -> None:
        """Do what RAUC does with a bundle that may come in."""
        slot = OTHER[self.slots.current()]
        self.slots.mark_bad(slot)
        self.systems[slot] = None
        self.write_half_a_system()
        self.systems[slot] = version
        self.slots.try_once(slot)

    def write_half_a_system(self) -> None:
        """Where the power may go while RAUC writes a slot."""

    def _values(self, name: str) -> dict[str, str]:
        text = (self.grub / name).read_bytes()
        if not text.startswith(b"# GRUB Environment Block\n"):
            return {}
        lines = text.decode("ascii", "replace").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)


@contextmanager
def power_cut(
    monkeypatch: pytest.MonkeyPatch, booth: UpdatedBooth, write: int, *, is_torn: bool
) -> Iterator[None]:
    """Cut the power at one write, to the boot partition or to a slot.

    Args:
        monkeypatch: Puts things back.
        booth: Whose power it is.
        write: Which one, from 0; what comes after it does not happen either.
        is_torn: Whether the sector is left as garbage; else it is as it was.
    """
    left = iter(range(write))

    def cut(path: Path, content: bytes) -> None:
        if next(left, None) is None:
            if is_torn:
                overwrite_sector(path, b"\xff" * SECTOR_BYTES)
            raise PowerCutError
        overwrite_sector(path, content)

    def cut_slot() -> None:
        if next(left, None) is None:
            raise PowerCutError

    with monkeypatch.context() as patched, suppress(PowerCutError):
        patched.setattr(grub_slots, "overwrite_sector", cut)
        patched.setattr(booth, "write_half_a_system", cut_slot)
        yield
