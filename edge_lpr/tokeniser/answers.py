"""What the tokeniser answers when root on the booth asks how it is: keys, certificate, vision.

Numbers of days and of readings, and whether tokens come out right; nothing of any key. In hit-only
mode the counters are those of the last full hour.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from edge_lpr.core.check_words import WORD_OF_NAME, Verdict
from edge_lpr.core.clock import EPOCH_LENGTH_S, Clock, epoch_of
from edge_lpr.core.lately import HOURLY_MIN, Lately
from edge_lpr.handoff.diagnosis_message import (
    CHECKS,
    Check,
    Question,
    bounded_check,
    pack_checks,
)
from edge_lpr.tokeniser.condition import CERTIFICATE_ENDS_DAYS
from edge_lpr.tokeniser.vision_watch import AWAY_AFTER_NS
from edge_lpr.tokens.key_ring import KeyPurpose, KeyRing
from edge_lpr.tokens.suite1 import TokenKeys, TokenScope, make_tokens

KEYS_END_H: Final = 24
"""Fewer hours with keys than these: the next day's key comes the day before."""

_PLATE: Final = b"TEST1234"
_SCOPE: Final = TokenScope("self-test", "self-test", 1)
_EXACT: Final = "77356fe06e122e5a4b753f3a6305caa4"
_FOLD: Final = "f79267964956b55deab4dd9d8fb8775a"
"""Tokens of that plate under keys of 32 bytes 1 and 32 bytes 2: a test compares them with a
second implementation's."""

VECTOR_AGAIN_NS: Final = 600_000_000_000
"""A token takes memory and threads from those of vehicles: whoever asks every other second gets the
result of the last ten minutes."""

_HOUR_S: Final = 3600
_NS: Final = 1_000_000_000
_MS: Final = 1_000_000


class TokeniserAnswers:
    """Answers, for the desk's thread."""

    def __init__(
        self,
        ring: Callable[[], KeyRing],
        heard_ns: Callable[[], int],
        counters: Callable[[], Mapping[str, int]],
        clock: Clock,
        *,
        certificate_ends_s: int,
        is_sealed: bool,
    ) -> None:
        """Know where to look.

        Args:
            ring: Returns the key ring of now.
            heard_ns: Returns when vision was last heard, on the monotonic clock.
            counters: Returns the funnel that may be told.
            clock: Tells today, and measures.
            certificate_ends_s: Last second of the device certificate, UTC since 1970.
            is_sealed: Whether the board keeps what the keys are sealed under.
        """
        self._ring = ring
        self._heard_ns = heard_ns
        self._counters = counters
        self._clock = clock
        self._certificate_ends_s = certificate_ends_s
        self._is_sealed = is_sealed
        self._lately = Lately(counters, clock, minutes=HOURLY_MIN)
        self._vector_said: tuple[int, Check] | None = None

    def note(self) -> None:
        """Take note of the counters now and then; called in every turn of the work."""
        self._lately.note()

    def __call__(self, question: Question) -> bytes | None:
        """Answer.

        Args:
            question: Checked.
        """
        if question.kind != CHECKS:
            return None
        return pack_checks("tokeniser", tuple(self._checks()))

    def _checks(self) -> Iterator[Check]:
        """Say how everything is."""
        yield self._vector()
        yield self._keys()
        # Keys for tests are worth nothing to a thief.
        is_kept = self._is_sealed or self._ring().purpose is KeyPurpose.TEST
        yield bounded_check(
            "key_custody", "good" if is_kept else "warning", is_sealed=int(self._is_sealed)
        )
        yield self._certificate()
        yield self._vision()
        counters = self._counters()
        said = {each.name: counters[each.name] for each in WORD_OF_NAME["funnel_tokens"].numbers}
        lately = self._lately.growth()
        is_losing = lately["no_key"] or lately["undelivered"]
        verdict: Verdict = "warning" if is_losing else "good"
        yield bounded_check("funnel_tokens", verdict, **said)

    def _vector(self) -> Check:
        """Make the tokens of a plate that nobody has, under keys that nobody uses."""
        began_ns = self._clock.monotonic_ns()
        if self._vector_said is not None and began_ns - self._vector_said[0] < VECTOR_AGAIN_NS:
            return self._vector_said[1]
        keys = TokenKeys(bytes([1]) * 32, bytes([2]) * 32)
        made = make_tokens(_PLATE, keys, _SCOPE)
        needed_ms = (self._clock.monotonic_ns() - began_ns) // _MS
        is_right = (made.exact.hex(), made.fold.hex()) == (_EXACT, _FOLD)
        said = bounded_check("token_vector", "good" if is_right else "bad", needed_ms=needed_ms)
        self._vector_said = began_ns, said
        return said

    def _keys(self) -> Check:
        """Say how long there are keys without a hole."""
        ring, now_s = self._ring(), max(self._clock.unix_s(), 0)
        epochs = ring.epochs()
        epoch = epoch_of(now_s)
        while epoch in epochs:
            epoch += 1
        hours = (
            max(0, epoch * EPOCH_LENGTH_S - now_s) // _HOUR_S if epoch_of(now_s) in epochs else 0
        )
        verdict: Verdict = "good"
        if hours < KEYS_END_H:
            verdict = "warning" if epoch_of(now_s) in epochs else "bad"
        return bounded_check(
            "keys",
            verdict,
            hours_left=hours,
            epochs_held=len(epochs),
            is_for_tests=int(ring.purpose is KeyPurpose.TEST),
        )

    def _certificate(self) -> Check:
        """Say how long the device certificate lasts."""
        left_s = self._certificate_ends_s - self._clock.unix_s()
        days = max(left_s, 0) // EPOCH_LENGTH_S
        verdict: Verdict = "good"
        if days < CERTIFICATE_ENDS_DAYS:
            verdict = "warning" if left_s > 0 else "bad"
        return bounded_check("device_certificate", verdict, days_left=days)

    def _vision(self) -> Check:
        """Say when vision was last heard."""
        age_ns = self._clock.monotonic_ns() - self._heard_ns()
        verdict: Verdict = "bad" if age_ns > AWAY_AFTER_NS else "good"
        return bounded_check("vision_link", verdict, report_age_s=age_ns // _NS)
