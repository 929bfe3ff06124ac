"""Writes a batch: card after card in one reader, or one image file for each booth in a folder."""

import datetime as dt
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import FlashError
from edge_lpr.flashing.batch import CardState, Report
from edge_lpr.flashing.card import Card, opened_disk, opened_file
from edge_lpr.flashing.choosing import Choosing
from edge_lpr.flashing.workshop import Workshop, label_for, write_label
from edge_lpr.installation.model import Installation


@dataclass(frozen=True, slots=True)
class BatchRun:
    """One run of a batch; the next one leaves out what this one has done."""

    workshop: Workshop
    """Writes the cards."""
    report: Report
    """Keeps what is done."""
    labels: Path | None
    """Folder for the labels, if they are wanted."""
    clock: Clock
    """Tells when, for the report."""

    def to_reader(self, booths: list[Installation], path: Path, serial: str | None) -> None:
        """Write a card for each booth, and ask for the next one.

        Args:
            booths: All booths of the table.
            path: The card reader.
            serial: Its serial number, if it may be used without asking.

        Raises:
            FlashError: The reader cannot be used.
            InstallationError: Nobody answers.
        """
        card_bytes = self.workshop.image.layout.card_bytes
        choosing = Choosing(self.workshop.terminal, card_bytes, serial)
        disk = choosing.confirmed(path)
        for booth in self._waiting(booths):
            is_written = False
            while not is_written:
                done = {key for key, state in self._states().items() if state is CardState.DONE}
                card = choosing.next_card(disk, f"{booth.site}/{booth.device}", done)
                try:
                    self._write(booth, card.path, opened_disk(card.path, card.size_bytes))
                    is_written = True
                except FlashError as error:
                    # A card that is no good shall not end the day; the next one is asked for.
                    self.workshop.terminal.say(f"  {error}")

    def to_folder(self, booths: list[Installation], folder: Path) -> None:
        """Write an image file for each booth.

        Args:
            booths: All booths of the table.
            folder: Where the files go, as ``SITE_DEVICE.img``.

        Raises:
            FlashError: A file cannot be written, or is there and no run of this batch made it.
        """
        states = self._states()
        for booth in self._waiting(booths):
            path = folder / f"{booth.site}_{booth.device}.img"
            if states.get((booth.site, booth.device)) is CardState.BEGUN:
                # Ours, from a run that ended before it could say so.
                path.unlink(missing_ok=True)
            size_bytes = self.workshop.image.layout.size_bytes
            self._write(booth, path, opened_file(path, size_bytes))

    def _states(self) -> dict[tuple[str, str], CardState]:
        """Return how far every booth has got."""
        return self.report.states()

    def _waiting(self, booths: list[Installation]) -> list[Installation]:
        """Return the booths that are not done, and say how many."""
        states = self._states()
        waiting = [
            booth for booth in booths if states.get((booth.site, booth.device)) != CardState.DONE
        ]
        self.workshop.terminal.say(f"{len(booths)} booths, {len(waiting)} to be written")
        return waiting

    def _write(
        self, booth: Installation, path: Path, opening: AbstractContextManager[Card]
    ) -> None:
        """Write one card and its label, with a line in the report before and after."""
        self.workshop.terminal.say(f"{booth.site}/{booth.device} to {path}")
        self._note(booth, CardState.BEGUN, path)
        self.workshop.write(booth, opening)
        if self.labels is not None:
            label = label_for(booth, self.workshop.bundle.deployment)
            write_label(label, self.labels / f"{booth.site}_{booth.device}.pdf")
        self._note(booth, CardState.DONE, path)

    def _note(self, booth: Installation, state: CardState, path: Path) -> None:
        """Add a line to the report."""
        now = dt.datetime.fromtimestamp(self.clock.unix_s(), dt.timezone.utc)
        self.report.add(
            booth,
            state,
            at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
            target=path,
            image_sha256=self.workshop.image.sha256,
        )
