"""Work for an outbox that is about to die, and a journal of what it was told.

Runs in a process that is killed or cut off at any moment. Every step is announced before it is
taken and confirmed afterwards, so that whoever reads the journal knows what the outbox has promised
(``outbox_ledger.py``).
"""

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.outbox_gaps import UnsignedGap
from tests.support import outboxes

Number: TypeAlias = tuple[str, int]
"""Boot and number of a sighting."""

Note: TypeAlias = dict[str, Any]
"""One line of the journal."""

DOCUMENT_BYTES: Final = 480
"""As long as a real sighting, so that commits cross pages as they do in the field."""

MAXIMUM_UNSENT: Final = 10
"""So few that at times the oldest have to go, and a gap must say so."""

_ALL: Final = 1_000_000


def document_of(number: Number) -> bytes:
    """Return the one document of a number; it is long, and every byte of it matters."""
    # The outbox keeps what stands before the full stop once for all sightings that share it.
    stem = f"{number[0]}.{number[1]}/".encode()
    return stem + hashlib.shake_128(stem).hexdigest(DOCUMENT_BYTES)[: -len(stem)].encode()


def number_of(document: bytes) -> Number:
    """Return the number of a document.

    Raises:
        DocumentAlteredError: A byte of it was altered.
    """
    boot, _, rest = document.partition(b".")
    number = boot.decode(), int(rest.partition(b"/")[0])
    if document != document_of(number):
        raise DocumentAlteredError("a document came back altered")
    return number


def open_outbox(folder: Path) -> Outbox:
    """Open the real outbox as the publisher does, with room for everything."""
    return outboxes.open_outbox(folder, outboxes.limits_of(maximum_unsent=MAXIMUM_UNSENT))


def state_of(outbox: Outbox) -> Note:
    """Return what an outbox holds, as the session and the relay would see it."""
    unsent = outbox.oldest_unsent(_ALL, except_places=())
    last = outbox.last_committed()
    with outbox._owned() as connection:
        gaps = connection.execute("SELECT boot, first, last FROM gap ORDER BY place").fetchall()
    return {
        "unsent": [number_of(sighting.document) for sighting in unsent],
        "count": outbox.unsent_count,
        "last": (last.boot, last.seq) if last else None,
        "gone": _numbers_in(gaps),
    }


def _numbers_in(gaps: list[Any]) -> list[Number]:
    """Return every number that lies in one of the gaps."""
    return [(boot, seq) for boot, first, last in gaps for seq in range(first, last + 1)]


class DocumentAlteredError(Exception):
    """The outbox returned another document than it was given."""


class Workload:
    """Adds, marks and reads at random, for ever or for some steps."""

    def __init__(self, outbox: Outbox, note: Callable[[Note], None], seed: int) -> None:
        """Take an open outbox.

        Args:
            outbox: Used by nobody else.
            note: Writes one line of the journal, and returns when it is written.
            seed: Decides what is done.
        """
        self._outbox = outbox
        self._note = note
        self._chance = random.Random(seed)  # noqa: S311 - a test, repeatable
        self._is_broker_away = self._chance.random() < 0.5
        last = outbox.last_committed()
        self._boot, self._seq = (last.boot, last.seq) if last else (f"{0:016x}", 0)

    def hand_over_again(self, number: Number) -> None:
        """Add a sighting whose acknowledgement never came, as the tokeniser does."""
        self._boot, self._seq = number
        self._add(number)

    def work(self, steps: int) -> None:
        """Take so many steps."""
        for _ in range(steps):
            if self._chance.random() < 0.1:
                self._is_broker_away = not self._is_broker_away
            gap = self._outbox.next_gap()
            if gap is not None and self._chance.random() < 0.2:
                self._tell(gap)
            elif not self._is_broker_away and self._chance.random() < self._share_filled():
                self._mark()
            else:
                self._add_next()

    def _share_filled(self) -> float:
        """Return how full the outbox is, from 0 to 1."""
        return self._outbox.unsent_count / MAXIMUM_UNSENT

    def _add_next(self) -> None:
        """Add the next sighting, at times of a new boot."""
        if self._chance.random() < 0.05:
            self._boot, self._seq = f"{int(self._boot, 16) + 1:016x}", 0
        self._seq += 1
        self._add((self._boot, self._seq))

    def _add(self, number: Number) -> None:
        """Add one sighting."""
        self._note({"want": "add", "numbers": [number]})
        is_new = self._outbox.add_sighting(*number, document_of(number))
        self._note({"done": "add", "is_new": is_new})

    def _mark(self) -> None:
        """Mark some of the oldest as sent, mostly not all that were taken out."""
        taken = self._outbox.oldest_unsent(self._chance.randint(1, 6), except_places=())
        marked = [sighting for sighting in taken if self._chance.random() < 0.8] or taken
        numbers = [number_of(sighting.document) for sighting in marked]
        self._note({"want": "mark", "numbers": numbers})
        self._outbox.mark_sent([sighting.place for sighting in marked])
        self._note({"done": "mark"})

    def _tell(self, gap: UnsignedGap) -> None:
        """Sign a gap, and let the broker have taken it."""
        numbers = _numbers_in([(gap.wish.boot, gap.wish.first, gap.wish.last)])
        self._note({"want": "tell", "numbers": numbers})
        self._outbox.store_gap(gap.place, b"signed")
        self._outbox.mark_gap_sent(gap.place)
        self._note({"done": "tell"})


def parse_note(line: str) -> Note:
    """Return one line of the journal as it was noted, numbers as tuples again."""
    note: Note = json.loads(line)
    for key in ("numbers", "unsent", "gone"):
        if key in note:
            note[key] = [tuple(number) for number in note[key]]
    if note.get("last"):
        note["last"] = tuple(note["last"])
    return note
