"""What a booth's processes may say about themselves when they are asked: names, numbers, ranges.

Named once for all who must agree: a process answers with these, ``handoff/diagnosis_message.py``
carries them, ``diagnostics/`` gives each a cause and what to do. Below them all, like the other
lists of words. A check is a number out of this table, a verdict out of four, and at most eight
numbers, each within its range: a vision process that was taken over can say nothing else.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

Verdict: TypeAlias = Literal["not_known", "good", "warning", "bad"]
"""``not_known``: nothing was seen yet from which it could be told."""

VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)
"""By their numbers in an answer."""

ProcessName: TypeAlias = Literal["vision", "tokeniser", "publisher"]

PROCESSES: Final[tuple[ProcessName, ...]] = get_args(ProcessName)
"""By their numbers in an answer, less one; in the order of the journey."""

MOST_NUMBERS: Final = 8
"""Numbers of one check."""

NONE: Final = -1
"""Stands for a number that there is none of, where a range begins with it."""

BROKER_STANDINGS: Final = (
    "waits",
    "connecting",
    "taken",
    "no_answer",
    "tls",
    "refused",
    "no_name",
)
"""How it stands with the broker, by the numbers of the check ``broker``."""

_COUNT: Final = 990_000_000_000_000
"""What a counter of a health record can hold."""

_PERMILLE: Final = 1000


@dataclass(frozen=True, slots=True)
class Range:
    """One number of a check."""

    name: str
    """With its unit."""
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class CheckWord:
    """One thing that a process can be asked about."""

    number: int
    """In an answer; never given to another check."""
    name: str
    process: ProcessName
    """The one that answers."""
    numbers: tuple[Range, ...]
    """In the order in which they are said."""


def _count(*names: str) -> tuple[Range, ...]:
    """Return ranges of counters."""
    return tuple(Range(name, 0, _COUNT) for name in names)


_SAMPLES: Final = Range("samples", 0, 9999)
"""How many plates it was told from; counted no further."""

CHECK_WORDS: Final[tuple[CheckWord, ...]] = (
    # The camera.
    CheckWord(
        1,
        "camera_present",
        "vision",
        (Range("away_s", 0, 9_999_999), *_count("opened", "lost"), Range("is_replay", 0, 1)),
    ),
    CheckWord(2, "camera_frozen", "vision", _count("frozen_frames")),
    CheckWord(3, "camera_dark", "vision", _count("black_frames")),
    CheckWord(
        4,
        "camera_rate",
        "vision",
        (Range("rate_tenth_hz", NONE, 9999), Range("skipped_permille", 0, _PERMILLE)),
    ),
    CheckWord(
        5, "camera_size", "vision", (Range("width_px", 0, 65_535), Range("height_px", 0, 65_535))
    ),
    CheckWord(6, "camera_stamps", "vision", _count("stamp_faults")),
    # What the optics make of plates.
    CheckWord(
        10,
        "plate_width",
        "vision",
        (_SAMPLES, Range("upper_px", 0, 9999), Range("median_px", 0, 9999)),
    ),
    CheckWord(
        11,
        "focus",
        "vision",
        (_SAMPLES, Range("edge_hundredth_px", 0, 9999)),
    ),
    CheckWord(
        12,
        "motion_blur",
        "vision",
        (
            _SAMPLES,
            Range("along_hundredth_px", 0, 9999),
            Range("across_hundredth_px", 0, 9999),
        ),
    ),
    CheckWord(
        13,
        "over_exposure",
        "vision",
        (
            _SAMPLES,
            Range("plate_clipped_permille", 0, _PERMILLE),
            Range("frame_clipped_permille", 0, _PERMILLE),
            Range("plate_level", 0, 255),
        ),
    ),
    CheckWord(
        14,
        "under_exposure",
        "vision",
        (
            _SAMPLES,
            Range("plate_level", 0, 255),
            Range("frame_level", 0, 255),
            Range("is_night", 0, 1),
        ),
    ),
    CheckWord(
        15,
        "lens_covered",
        "vision",
        (Range("blind_permille", 0, _PERMILLE), Range("blind_side", 0, 4)),
    ),
    CheckWord(
        16,
        "skew",
        "vision",
        (
            _SAMPLES,
            Range("roll_tenth_degree", -900, 900),
            Range("yaw_tenth_degree", 0, 900),
            Range("pitch_tenth_degree", 0, 900),
            Range("spread_x_permille", 0, _PERMILLE),
            Range("spread_y_permille", 0, _PERMILLE),
        ),
    ),
    CheckWord(
        17,
        "lane_region",
        "vision",
        (
            Range("looks", 0, 9999),
            Range("inside", 0, 9999),
            Range("outside", 0, 9999),
        ),
    ),
    # The models.
    CheckWord(
        20, "models_self_test", "vision", (Range("read_right", 0, 16), Range("plates", 0, 16))
    ),
    CheckWord(
        21,
        "speed",
        "vision",
        (
            Range("detect_tenth_ms", 0, 99_999),
            Range("refine_tenth_ms", 0, 99_999),
            Range("read_tenth_ms", 0, 99_999),
            Range("frame_tenth_ms", 0, 99_999),
            Range("busy_permille", 0, _PERMILLE),
        ),
    ),
    # The funnel, in three parts; names of core/vision_counts.py.
    CheckWord(
        30,
        "funnel",
        "vision",
        _count(
            "frames",
            "still",
            "detections",
            "readings",
            "tracks",
            "agreed",
            "handed_over",
            "undelivered",
        ),
    ),
    CheckWord(
        31,
        "funnel_plates",
        "vision",
        _count(
            "unreadable_frames",
            "low_confidence",
            "outside_lanes",
            "small",
            "no_plate",
            "part_of_plate",
            "known",
            "unsure",
        ),
    ),
    CheckWord(
        32,
        "funnel_passages",
        "vision",
        _count(
            "glimpsed",
            "unread",
            "read_too_seldom",
            "read_faintly",
            "disagreed",
            "never_moved",
            "repeated",
        ),
    ),
    CheckWord(
        33,
        "funnel_failures",
        "vision",
        _count("detector_failures", "corner_failures", "reader_failures"),
    ),
    # The tokeniser.
    CheckWord(40, "token_vector", "tokeniser", (Range("needed_ms", 0, 999_999),)),
    CheckWord(
        41,
        "keys",
        "tokeniser",
        (
            Range("hours_left", 0, 999_999),
            Range("epochs_held", 0, 8),
            Range("is_for_tests", 0, 1),
        ),
    ),
    CheckWord(42, "key_custody", "tokeniser", (Range("is_sealed", 0, 1),)),
    CheckWord(43, "device_certificate", "tokeniser", (Range("days_left", NONE, 999_999),)),
    CheckWord(44, "vision_link", "tokeniser", (Range("report_age_s", 0, 9_999_999),)),
    CheckWord(
        45,
        "funnel_tokens",
        "tokeniser",
        _count(
            "received",
            "refused",
            "no_key",
            "tokenised",
            "not_listed",
            "delivered",
            "refused_by_publisher",
            "undelivered",
        ),
    ),
    # The publisher.
    CheckWord(
        50,
        "broker",
        "publisher",
        (
            # The position in BROKER_STANDINGS.
            Range("standing", 0, 6),
            # Of MQTT 5; or OpenSSL's verification result; or 100 and a TLS alert of RFC 8446.
            Range("refusal_code", NONE, 255),
            Range("puback_age_s", NONE, 9_999_999),
            *_count("connections"),
        ),
    ),
    CheckWord(
        51,
        "queue",
        "publisher",
        (
            *_count("unsent", "kept"),
            Range("oldest_unsent_s", 0, 4_294_967_295),
            Range("grows_by", 0, 9_999_999),
        ),
    ),
    CheckWord(52, "tls_certificate", "publisher", (Range("days_left", NONE, 999_999),)),
    CheckWord(
        53,
        "budget",
        "publisher",
        (Range("sent_kb", 0, 9_999_999_999), Range("allowed_kb", NONE, 9_999_999_999)),
    ),
    CheckWord(
        54,
        "outbox",
        "publisher",
        (Range("is_failing", 0, 1), Range("filled_permille", 0, _PERMILLE), *_count("dropped")),
    ),
    CheckWord(
        55,
        "funnel_sent",
        "publisher",
        _count("accepted", "duplicates", "published", "refused_by_broker", "resent", "bytes_sent"),
    ),
)
"""All of them, by ascending numbers."""

WORD_OF_NUMBER: Final[Mapping[int, CheckWord]] = {word.number: word for word in CHECK_WORDS}

WORD_OF_NAME: Final[Mapping[str, CheckWord]] = {word.name: word for word in CHECK_WORDS}


def bits_of(process: ProcessName) -> float:
    """Return how many bits one whole answer of a process can say at most.

    Args:
        process: Who answers.

    Returns:
        The logarithm of the number of its possible answers.
    """
    return sum(
        # A check may also be left out, which is one answer more.
        math.log2(
            1 + len(VERDICTS) * math.prod(each.most - each.least + 1 for each in word.numbers)
        )
        for word in CHECK_WORDS
        if word.process == process
    )
