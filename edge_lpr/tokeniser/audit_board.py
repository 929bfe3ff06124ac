"""What the tokeniser puts where the audit finds it: words about keys, list and gaps, and its proof.

Three small files in a folder of our own in memory, which vision does not see and the audit may
read: what ``core/told_to_audit.py`` says, and copies of the device certificate and of the newest
checkpoint, both of which the broker has too. So an audit file can be made without a look into the
folder that holds the keys.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock, epoch_of
from edge_lpr.core.errors import AuditError
from edge_lpr.core.group_file import write_group_file
from edge_lpr.core.told_to_audit import (
    CERTIFICATE_COPY,
    CHECKPOINT_COPY,
    TOLD_NAME,
    Told,
    ToldList,
    write_told,
)
from edge_lpr.tokeniser.gap_record import GapRecord

LOOK_EVERY_S: Final = 5.0
"""How often it is looked whether there is something new."""

_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Holdings:
    """Where the board asks what is held; nothing of it is kept."""

    epochs: Callable[[], Collection[int]]
    """Returns the epochs there are keys for."""
    listed: Callable[[int], ToldList] | None
    """Returns the watch-list of an epoch; ``None`` where every passage is published."""
    gaps: GapRecord
    """Those that were signed."""


class AuditBoard:
    """Knows what was put out. For the delivering thread."""

    def __init__(
        self,
        folder: Path,
        boot: str,
        certificate: bytes,
        holdings: Holdings,
        clock: Clock,
    ) -> None:
        """Put out nothing yet.

        Args:
            folder: In memory, our own.
            boot: Boot id of this start.
            certificate: Of this device.
            holdings: Where to ask.
            clock: Says which epoch it is, and when to look again.
        """
        self._folder = folder
        self._boot = boot
        self._certificate = certificate
        self._holdings = holdings
        self._clock = clock
        self._next_ns = clock.monotonic_ns()
        self._put_out: dict[str, object] = {}

    def look_around(self, checkpoint: bytes | None) -> None:
        """Put out what is new, at most every few seconds.

        Args:
            checkpoint: The newest one, if any was signed.

        Raises:
            AuditError: The folder takes no file; the next look tries again.
        """
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._next_ns:
            return
        self._next_ns = now_ns + round(LOOK_EVERY_S * _NS)
        told = self._told()
        try:
            if self._put_out.get(TOLD_NAME) != told:
                write_told(self._folder / TOLD_NAME, told)
                self._put_out[TOLD_NAME] = told
            self._copy(CERTIFICATE_COPY, self._certificate)
            if checkpoint is not None:
                self._copy(CHECKPOINT_COPY, checkpoint)
        except OSError as error:
            raise AuditError(
                f"{self._folder}: takes no file for the audit ({error.strerror}); it must be the "
                "tokeniser's own, in memory"
            ) from error

    def _copy(self, name: str, document: bytes) -> None:
        """Put out a document, if it is new."""
        if self._put_out.get(name) != document:
            write_group_file(self._folder / name, document)
            self._put_out[name] = document

    def _told(self) -> Told:
        """Return what is to be told now."""
        holdings = self._holdings
        epochs = tuple(sorted(holdings.epochs()))
        today = epoch_of(self._clock.unix_s())
        return Told(
            self._boot,
            epochs,
            today if today in epochs else None,
            None if holdings.listed is None else holdings.listed(today),
            holdings.gaps.signed,
            holdings.gaps.newest(),
        )
