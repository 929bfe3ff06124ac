"""Which disk is written: chosen, shown, and confirmed by a person once."""

from dataclasses import dataclass, replace
from pathlib import Path

from edge_lpr.core.errors import FlashError
from edge_lpr.flashing.card_contents import look_at
from edge_lpr.flashing.disk import (
    Disk,
    candidates,
    find_disk,
    is_block_device,
    require_unused,
    size,
)
from edge_lpr.flashing.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Choosing:
    """How a disk is chosen."""

    terminal: Terminal
    """Where the person sits."""
    minimum_bytes: int
    """How large a card must be."""
    serial: str | None
    """Serial number of the disk that may be overwritten unasked."""

    def inspect(self, path: Path) -> Disk:
        """Return the disk at a path, if it can be written.

        Args:
            path: What ``--to`` names.

        Raises:
            FlashError: It is no disk, is used, or is too small.
        """
        if not is_block_device(path):
            raise FlashError(f"{path}: there is no such disk; lsblk shows those that there are")
        disk = find_disk(path)
        require_unused(disk)
        if disk.size_bytes < self.minimum_bytes:
            raise FlashError(
                f"{disk.path}: has {size(disk.size_bytes)}, and a booth needs "
                f"{size(self.minimum_bytes)}; take a larger card"
            )
        return disk

    def confirmed(self, path: Path | None) -> Disk:
        """Return the disk that may be overwritten, once a person has typed its name.

        Args:
            path: What ``--to`` names; ``None`` shows what there is.

        Raises:
            FlashError: The disk that ``--to`` names cannot be written, or it was not confirmed.
            InstallationError: Nobody answers.
        """
        while True:
            disks = candidates(self.minimum_bytes) if path is None else [self.inspect(path)]
            if self.serial is not None and disks:
                return self._known(disks[0])
            if not disks:
                self.terminal.ask(
                    "there is no card to write; put one in, unmounted, then Enter (a disk that is "
                    "built in must be named: Ctrl-C, then the same words with --to /dev/NAME)"
                )
                continue
            self.terminal.say("")
            for disk in disks:
                self.terminal.say(f"  {disk.describe()}")
                self.terminal.say(f"  {' ' * len(str(disk.path))}  holds {look_at(disk.path).text}")
            names = " or ".join(disk.name for disk in disks)
            question = f"everything on it will be lost; type {names} to go on, Enter alone stops"
            typed = self.terminal.ask(question)
            for disk in disks:
                if typed == disk.name:
                    return disk
            if not typed:
                raise FlashError(f"{names} was not typed, so nothing was written")

    def next_card(self, disk: Disk, booth: str, done: set[tuple[str, str]]) -> Disk:
        """Return the next card in the same reader.

        Args:
            disk: The reader, confirmed, with the card before.
            booth: Whose card is next, for the person.
            done: Booths whose cards must not be overwritten.

        Raises:
            FlashError: Another disk is there now.
            InstallationError: Nobody answers.
        """
        while True:
            self.terminal.ask(f"put the card for {booth} into {disk.path}, then Enter")
            try:
                card = self.inspect(disk.path)
                contents = look_at(disk.path)
            except FlashError as error:
                self.terminal.say(f"  {error}")
                continue
            if replace(card, size_bytes=0) != replace(disk, size_bytes=0):
                raise FlashError(
                    f"{disk.path}: is another disk now, {card.describe()}; start again"
                )
            if contents.booth not in done:
                return card
            self.terminal.say(f"  this is {contents.text}; put in another")

    def _known(self, disk: Disk) -> Disk:
        """Return a disk that has the serial number which was given."""
        if not disk.serial or disk.serial != self.serial:
            raise FlashError(
                f"{disk.path}: its serial number is {disk.serial or 'not known'}, which --yes does "
                "not name; nothing was written"
            )
        return disk
