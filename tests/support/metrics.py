"""Metrics as whoever scrapes reads them: by Prometheus' own parser."""

from collections.abc import Iterable, Mapping

from prometheus_client.parser import text_string_to_metric_families

from edge_lpr.core.check_words import WORD_OF_NAME, Verdict
from edge_lpr.core.clock import Clock
from edge_lpr.diagnostics.finding import Finding
from edge_lpr.metrics.exposition import Picture, exposition
from edge_lpr.metrics.readings import GROUPS, readings_of

Series = tuple[str, tuple[tuple[str, str], ...]]

MOVING = "edge_lpr_collected_timestamp_seconds"
"""The one series that changes with every look."""

DIGESTS = {"detector": "a" * 64, "corners": "b" * 64, "reader": "c" * 64}


def scraped(text: str) -> dict[Series, float]:
    """Return every series of a text and its number."""
    found: dict[Series, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            series = (sample.name, tuple(sorted(sample.labels.items())))
            assert series not in found, series
            found[series] = sample.value
    return found


def series(name: str, **labels: str) -> Series:
    """Return the name of a series."""
    return (name, tuple(sorted(labels.items())))


def finding(check: str, verdict: Verdict = "good", code: str = "", **numbers: int) -> Finding:
    """Return a finding; numbers of a process's check that are left out are 7."""
    word = WORD_OF_NAME.get(check)
    all_numbers = {each.name: min(7, each.most) for each in word.numbers} if word else {}
    return Finding("", check, verdict, "evidence", code, {**all_numbers, **numbers})


def told(now: Iterable[Finding], hourly: Iterable[Finding], clock: Clock) -> Mapping[Series, float]:
    """Return what is told of findings of now and of the last full hour."""
    picture = Picture(
        clock.unix_s(),
        clock.quality(),
        readings_of(now),
        readings_of(hourly),
        dict.fromkeys(GROUPS, clock.unix_s()),
        DIGESTS,
    )
    return scraped(exposition(picture).decode())
