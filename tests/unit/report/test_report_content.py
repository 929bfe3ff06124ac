"""A report has room for lists of words and coarse numbers, and for nothing else."""

import json
import math
from typing import Any

import pytest

from edge_lpr.core.check_words import CHECK_WORDS, PROCESSES
from edge_lpr.core.errors import WireError
from edge_lpr.report.content import (
    MAXIMUM_REPORT_BYTES,
    MOST_EVENTS,
    MOST_UNITS,
    coarse,
    read_report,
)
from edge_lpr.report.diagnosis_words import MOST_CODES
from edge_lpr.report.event_words import EVENTS, FAILURE_KINDS, event_word
from tests.support.reports import largest_report, report_of


def changed(*path: object, to: object) -> bytes:
    """Return the text of a report in which one value is another."""
    said = json.loads(report_of().text())
    place: Any = said
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return json.dumps(said, separators=(",", ":")).encode()


def test_report_says_what_was_put_in() -> None:
    assert read_report(report_of().text()) == report_of()


def test_largest_report_fits() -> None:
    report = largest_report()
    assert len(report.units) == MOST_UNITS
    assert len(report.events) == MOST_EVENTS
    assert len(report.text()) <= MAXIMUM_REPORT_BYTES
    assert read_report(report.text()) == report


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("plate",), "AB12CDE"),
        (("v",), 1),
        (("diagnosis", "verdict"), "AB12CDE"),
        (("diagnosis", "first_cause"), "LPR-B01"),
        (("diagnosis", "first_cause"), "AB12CDE"),
        (("diagnosis", "codes"), ["LPR-U01", "LPR-B02"]),
        (("diagnosis", "codes"), ["LPR-B02", "LPR-B02"]),
        (("diagnosis", "codes", 0), "AB12CDE"),
        (("diagnosis", "codes"), [f"LPR-B{number:02}" for number in range(81)]),
        (("diagnosis", "text"), "AB12CDE"),
        (("diagnosis", "machine", "ab12cde"), {"verdict": "good", "numbers": {}}),
        (("diagnosis", "machine", "throttling", "numbers", "ab12cde"), 1),
        (("diagnosis", "machine", "throttling", "numbers", "bits"), 123),
        (("diagnosis", "machine", "throttling", "evidence"), "AB12CDE"),
        (("versions", "edge_lpr"), "AB12CDE"),
        (("versions", "kernel"), "6.1 AB12CDE"),
        (("versions", "image"), 1),
        (("digests", "settings"), "AB12CDE"),
        (("digests", "models", "AB12CDE"), "0" * 64),
        (("processes", "vision", "text"), "AB12CDE"),
        (("processes", "vision", "checks", "ab12cde"), {"verdict": "good", "numbers": {}}),
        (("processes", "vision", "checks", "camera_dark", "verdict"), "AB12CDE"),
        (("processes", "vision", "checks", "camera_dark", "numbers", "black_frames"), 123),
        (("processes", "vision", "checks", "camera_dark", "numbers", "black_frames"), -1),
        (("processes", "vision", "checks", "camera_dark", "numbers", "ab12cde"), 1),
        (("processes", "vision", "checks", "keys"), {"verdict": "good", "numbers": {}}),
        (("processes", "stranger"), {"answered": False, "checks": {}}),
        (("units", 0, "name"), "edge-lpr-ab12cde"),
        (("units", 0, "active"), "AB12CDE"),
        (("events", 0, "event"), "ab12cde"),
        (("events", 0, "event"), "failure:AB12CDE"),
        (("events", 0, "count"), 123_456),
        (("audit", "root"), "AB12CDE"),
    ],
)
def test_field_takes_nothing_that_is_not_on_its_list(path: tuple[object, ...], value: str) -> None:
    with pytest.raises(WireError) as refusal:
        read_report(changed(*path, to=value))
    assert "AB12CDE" not in str(refusal.value).upper()


@pytest.mark.parametrize("beside", [b" ", b"\n", b"\t AB12CDE"])
def test_nothing_stands_beside_the_fields(beside: bytes) -> None:
    with pytest.raises(WireError):
        read_report(report_of().text() + beside)
    with pytest.raises(WireError):
        read_report(report_of().text().replace(b",", b"," + beside, 1))


def test_field_does_not_come_twice() -> None:
    text = report_of().text()
    with pytest.raises(WireError, match="one form"):
        read_report(text.replace(b'"v":2', b'"v":2,"v":2', 1))


def test_each_process_is_spoken_of() -> None:
    said = json.loads(report_of().text())
    del said["processes"]["vision"]
    with pytest.raises(WireError, match="three processes"):
        read_report(json.dumps(said, separators=(",", ":")).encode())


def test_too_long_a_report_is_not_read() -> None:
    with pytest.raises(WireError, match="at most"):
        read_report(b" " * (MAXIMUM_REPORT_BYTES + 1))


@pytest.mark.parametrize(
    ("number", "rounded"), [(0, 0), (99, 99), (129, 120), (-129, -120), (1999, 1900)]
)
def test_numbers_are_rounded_towards_zero(number: int, rounded: int) -> None:
    assert coarse(number) == rounded


@pytest.mark.parametrize(
    ("event", "kind", "word"),
    [
        ("started", None, "started"),
        ("AB12CDE", None, "other"),
        (7, None, "other"),
        ("failure", "BrokerTlsError", "failure:BrokerTlsError"),
        ("failure", "AB12CDE", "failure:other"),
        ("failure", ["AB12CDE"], "failure:other"),
    ],
)
def test_event_is_one_of_a_list(event: object, kind: object, word: str) -> None:
    assert event_word(event, kind) == word


def coarse_values(least: int, most: int) -> int:
    """Return how many different numbers of two digits lie in a range."""
    above = sum(min(90, max(0, most // 10**e - 9)) if e else min(most, 99) + 1 for e in range(14))
    return above + (coarse_values(0, -least) - 1 if least < 0 else 0)


def test_taken_over_vision_has_a_thousand_bits_or_so_and_no_more() -> None:
    own = [word for word in CHECK_WORDS if word.process == "vision"]
    numbers = sum(
        math.log2(coarse_values(each.least, each.most)) for word in own for each in word.numbers
    )
    verdicts = len(own) * math.log2(4 + 1)
    share = MOST_EVENTS // 8
    # Which of its events are kept, in which level, and how often each came.
    names = (len(EVENTS) + len(FAILURE_KINDS)) * 5
    events = share * (math.log2(names) + math.log2(coarse_values(0, 1000)))
    # Which codes of what it says of itself a diagnosis names, which of them first, and the verdict.
    codes = len(own) + math.log2(MOST_CODES) + math.log2(3)
    assert 500 < numbers + verdicts + events + codes < 1200
    # The smallest picture in which anybody has ever read a plate has more than that in one row.
    assert (numbers + verdicts + events + codes) / 8 < 150
    assert len(PROCESSES) == 3
