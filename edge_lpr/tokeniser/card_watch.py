"""Recognises the test card among the readings, and keeps it from becoming a passage.

Only while somebody tests: root on the booth opens a test by a question, for half a minute at a
time, and that is in the audit log. At any other time the card's text is a plate like every other
and is published, so that nobody hides behind a printed card. While a test is open, every other
plate goes its way as always; of it is told that there was one, and nothing of its text.
"""

import threading
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.handoff.card_message import (
    MOST_WITHHELD,
    OPEN_NS,
    CardHeard,
    VectorState,
    begins,
    pack_heard,
)
from edge_lpr.handoff.diagnosis_desk import Answerer
from edge_lpr.handoff.diagnosis_message import CARD, Question, pack_body
from edge_lpr.tokens.canonical import Octets
from edge_lpr.tokens.card_vector import FAR, is_test_vector, wrong_characters

_NOTHING: Final = CardHeard(withheld=0, wrong=FAR, has_other=False, vector="not_made")


class CardWatch:
    """Hears readings in one thread, and is asked in another."""

    def __init__(self, clock: Clock) -> None:
        """Begin closed.

        Args:
            clock: Its monotonic time closes a test that nobody asks about any more.
        """
        self._clock = clock
        self._lock = threading.Lock()
        self._open_until_ns: int | None = None
        self._heard = _NOTHING

    def is_open(self) -> bool:
        """Return whether somebody tests."""
        with self._lock:
            return self._is_open()

    def take(self, canonical: Octets) -> bool:
        """Look whether a reading is the card's; only while a test is open.

        Args:
            canonical: Canonical plate as it was read. Not modified, and not kept.

        Returns:
            Whether it is the card's, or so nearly that it is nothing else: no passage then.
        """
        wrong = wrong_characters(canonical)
        vector: VectorState = "not_made"
        if wrong == 0:
            vector = "right" if is_test_vector(canonical) else "wrong"
        with self._lock:
            before = self._heard
            is_card = wrong < FAR
            self._heard = CardHeard(
                withheld=min(before.withheld + is_card, MOST_WITHHELD),
                wrong=min(before.wrong, wrong),
                has_other=before.has_other or not is_card,
                vector=before.vector if vector == "not_made" else vector,
            )
        return is_card

    def ask(self, *, begin: bool) -> CardHeard:
        """Return what was heard since the test began, and keep it open.

        Args:
            begin: Whether to forget what was heard before.
        """
        with self._lock:
            if begin or not self._is_open():
                self._heard = _NOTHING
            self._open_until_ns = self._clock.monotonic_ns() + OPEN_NS
            return self._heard

    def _is_open(self) -> bool:
        """Tell whether somebody has asked a moment ago."""
        return self._open_until_ns is not None and self._clock.monotonic_ns() < self._open_until_ns


class CardDesk:
    """Answers questions about the card, and leaves the others to somebody else."""

    def __init__(self, others: Answerer, watch: CardWatch) -> None:
        """Ask a watch.

        Args:
            others: Answers all other questions.
            watch: Hears the readings.
        """
        self._others = others
        self._watch = watch

    def __call__(self, question: Question) -> bytes | None:
        """Answer.

        Args:
            question: Checked.

        Raises:
            HandoffError: It is about the card, with parameters that it may not have.
        """
        if question.kind != CARD:
            return self._others(question)
        return pack_body("tokeniser", CARD, pack_heard(self._watch.ask(begin=begins(question))))
