"""What vision answers when root on the booth asks how it is: numbers, never a picture.

Each kind of question has one who answers it. About checks they are gathered here; for another kind
somebody is handed in, and without him such a question is not answered.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from edge_lpr.core.check_words import NONE, WORD_OF_NAME, Verdict
from edge_lpr.core.clock import Clock
from edge_lpr.core.lately import HOURLY_MIN, LATELY_MIN, Lately
from edge_lpr.handoff.diagnosis_desk import Answerer
from edge_lpr.handoff.diagnosis_message import (
    AIM,
    CARD,
    Check,
    Kind,
    Question,
    bounded_check,
    pack_checks,
)
from edge_lpr.vision.capture import LiveSource
from edge_lpr.vision.contracts import NANOSECONDS, FrameSource, Moment

CheckMaker: TypeAlias = Callable[[], Sequence[Check]]
"""Returns checks; called in the desk's thread, beside the work."""

_MEASURE_NS: Final = 5 * NANOSECONDS
"""A frame rate is measured over this time."""

LEAST_RATE_TENTH_HZ: Final = 50
"""Fewer frames a second than five show a plate that drives by once or not at all."""

MOST_SKIPPED_PERMILLE: Final = 500
"""More than half of the camera's frames not taken: the board is too slow for them."""

OFTEN_LOST: Final = 3
"""Times lately; a plug that is loose comes and goes."""

MANY_FAILURES: Final = 10
"""Frames lately on which an inference library failed; one may be chance."""

FEWEST_VEHICLES: Final = 10
"""Of fewer nothing is concluded."""

MOST_LOST: Final = 0.5
"""Share of the vehicles lately that are not published: more is suspect."""

_NOT_LOST: Final = {"repeated", "glimpsed"}
"""Seen once and not read: a glimpse of anything."""

_FUNNEL_CHECKS: Final = ("funnel", "funnel_plates", "funnel_passages", "funnel_failures")


class VisionAnswers:
    """Answers questions, each kind by who knows."""

    def __init__(
        self,
        makers: Sequence[CheckMaker],
        aim: Answerer | None = None,
        card: Answerer | None = None,
    ) -> None:
        """Know who answers.

        Args:
            makers: Make the checks.
            aim: Answers questions of the kind ``AIM``.
            card: Answers questions of the kind ``CARD``.
        """
        self._makers = tuple(makers)
        self._others: Mapping[Kind, Answerer | None] = {AIM: aim, CARD: card}

    def __call__(self, question: Question) -> bytes | None:
        """Answer.

        Args:
            question: Checked.
        """
        if question.kind in self._others:
            other = self._others[question.kind]
            return None if other is None else other(question)
        return pack_checks("vision", [check for maker in self._makers for check in maker()])


class CameraChecks:
    """How the camera is. ``note`` is for the thread of the frames, the rest for the desk's."""

    def __init__(self, source: FrameSource, clock: Clock, *, is_hourly: bool) -> None:
        """Begin to measure.

        Args:
            source: Where frames come from.
            clock: Its monotonic time measures.
            is_hourly: Whether no rate is told: it drops while a plate is read, so it tells that
                somebody passed.
        """
        self._source = source
        self._clock = clock
        self._is_hourly = is_hourly
        self._counted = self._counters()
        self._lately = Lately(self._counters, clock)
        self._since_ns = clock.monotonic_ns()
        self._away_since_ns: int | None = None
        self._rate_tenth_hz = NONE
        self._skipped_permille = 0
        self._size_px = (0, 0)

    def note(self, moment: Moment) -> None:
        """Take note of a frame, or that there was none.

        Args:
            moment: What the source gave; of its pixels only their number is looked at.
        """
        now_ns = self._clock.monotonic_ns()
        self._lately.note()
        if not isinstance(self._source, LiveSource) or self._source.camera_state() != "away":
            self._away_since_ns = None
        elif self._away_since_ns is None:
            self._away_since_ns = now_ns
        image_bgr = getattr(moment, "image_bgr", None)
        if image_bgr is not None:
            self._size_px = image_bgr.shape[1], image_bgr.shape[0]
        elapsed_ns = now_ns - self._since_ns
        if elapsed_ns < _MEASURE_NS:
            return
        counted = self._counters()
        frames = counted["frames"] - self._counted["frames"]
        skipped = counted["skipped"] - self._counted["skipped"]
        self._rate_tenth_hz = round(10 * frames * NANOSECONDS / elapsed_ns)
        self._skipped_permille = round(1000 * skipped / max(1, frames))
        self._counted, self._since_ns = counted, now_ns

    def __call__(self) -> Sequence[Check]:
        """Say how the camera is."""
        return tuple(self._checks())

    def _checks(self) -> Iterator[Check]:
        """Say it one by one."""
        source, counted, lately = self._source, self._counters(), self._lately.growth()
        is_live = isinstance(source, LiveSource)
        state = source.camera_state() if isinstance(source, LiveSource) else "good"
        since_ns, now_ns = self._away_since_ns, self._clock.monotonic_ns()
        # Not noted yet: it was there a moment ago.
        away_ns = 0 if state != "away" or since_ns is None else now_ns - since_ns
        present: Verdict = "bad" if state == "away" else "good"
        if state == "not_known":
            present = "not_known"
        elif present == "good" and lately["lost"] >= OFTEN_LOST:
            present = "warning"
        yield bounded_check(
            "camera_present",
            present,
            away_s=away_ns // NANOSECONDS,
            opened=counted["opened"],
            lost=counted["lost"],
            is_replay=int(not is_live),
        )
        yield bounded_check(
            "camera_frozen",
            # Opened again it may move for a while.
            "bad" if state == "frozen" else "warning" if lately["frozen"] else "good",
            frozen_frames=counted["frozen"],
        )
        yield bounded_check(
            "camera_dark", "bad" if state == "dark" else "good", black_frames=counted["black"]
        )
        if is_live and not self._is_hourly:
            yield self._rate()
        width_px, height_px = self._size_px
        yield bounded_check(
            "camera_size",
            "good" if width_px else "not_known",
            width_px=width_px,
            height_px=height_px,
        )
        yield bounded_check(
            "camera_stamps",
            "warning" if lately["stamp_faults"] else "good",
            stamp_faults=counted["stamp_faults"],
        )

    def _rate(self) -> Check:
        """Say how many frames come, and how many of them are not taken."""
        rate = self._rate_tenth_hz
        said: Verdict = "good"
        if rate == NONE:
            said = "not_known"
        elif rate < LEAST_RATE_TENTH_HZ:
            said = "bad"
        elif self._skipped_permille > MOST_SKIPPED_PERMILLE:
            said = "warning"
        return bounded_check(
            "camera_rate", said, rate_tenth_hz=rate, skipped_permille=self._skipped_permille
        )

    def _counters(self) -> Mapping[str, int]:
        """Return what the camera gave so far; zeros for a replay."""
        if isinstance(self._source, LiveSource):
            return self._source.counters()
        return dict.fromkeys(("opened", "lost", "frames", "skipped", "frozen", "black"), 0) | {
            "stamp_faults": 0
        }


class FunnelChecks:
    """The funnel, and whether it is bad lately. ``note`` is for the thread of the frames."""

    def __init__(
        self, told: Callable[[], Mapping[str, int]], clock: Clock, *, is_hourly: bool
    ) -> None:
        """Begin to compare.

        Args:
            told: Returns the counters that may be told: in hit-only mode those of the last full
                hour.
            clock: Its monotonic time measures.
            is_hourly: Whether they are those.
        """
        self._told = told
        self._lately = Lately(told, clock, minutes=HOURLY_MIN if is_hourly else LATELY_MIN)

    def note(self) -> None:
        """Take note of the counters now and then."""
        self._lately.note()

    def __call__(self) -> Sequence[Check]:
        """Say the counters since the start, and judge what they have grown by."""
        counters, lately = self._told(), self._lately.growth()
        verdicts = {"funnel_failures": _failing(lately), "funnel_passages": _losing(lately)}
        return [
            bounded_check(
                name,
                verdicts.get(name, "good"),
                **{each.name: counters[each.name] for each in WORD_OF_NAME[name].numbers},
            )
            for name in _FUNNEL_CHECKS
        ]


def _failing(lately: Mapping[str, int]) -> Verdict:
    """Judge how often an inference library has failed."""
    failures = sum(lately[each.name] for each in WORD_OF_NAME["funnel_failures"].numbers)
    if failures >= MANY_FAILURES:
        return "bad"
    return "warning" if failures else "good"


def _losing(lately: Mapping[str, int]) -> Verdict:
    """Judge whether most vehicles are lost on the way."""
    names = {each.name for each in WORD_OF_NAME["funnel_passages"].numbers} - _NOT_LOST
    lost = sum(lately[name] for name in names)
    vehicles = lately["agreed"] + lost
    return "warning" if vehicles >= FEWEST_VEHICLES and lost > MOST_LOST * vehicles else "good"
