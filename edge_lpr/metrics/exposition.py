"""Writes metrics as Prometheus reads them, by its own library and out of closed lists alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from edge_lpr import __version__
from edge_lpr.core.check_words import BROKER_STANDINGS, PROCESSES
from edge_lpr.core.clock import TimeQuality
from edge_lpr.diagnostics.codes import RANKS
from edge_lpr.metrics.readings import GROUPS, Reading, Readings, coarse, is_answering
from edge_lpr.metrics.words import AT_ONCE, FAMILIES, NUMBERS_AT_ONCE, SOURCES

NOTHING_WRONG: Final = "none"
"""First cause of a booth of which nothing is known to be wrong."""

_THROTTLED: Final[Mapping[str, int]] = {"now": 0xF, "since_start": 0xF0000}
"""Bits of the Raspberry Pi's firmware, as in ``diagnostics/machine.py``."""


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is told at one moment."""

    at_s: int
    """UTC."""
    quality: TimeQuality
    """Of the clock."""
    now: Readings
    """What was found a moment ago; of it is told what no vehicle can change."""
    hourly: Readings
    """What was found at the last full hour, of every group that has one."""
    counted_s: Mapping[str, int]
    """When that was, UTC, by group."""
    models: Mapping[str, str]
    """SHA-256 in hexadecimal digits by role."""


def exposition(picture: Picture) -> bytes:
    """Return the text that Prometheus scrapes.

    Args:
        picture: What to tell.

    Returns:
        UTF-8, in the text format of version 0.0.4. Of this program, of Python and of the machine
        nothing is told but what is in the picture: the registry is an empty one of its own.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(tuple(_families(picture))))
    return generate_latest(registry)


class _Collected(Collector):
    """Families that were made already."""

    def __init__(self, families: tuple[Metric, ...]) -> None:
        """Keep them."""
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Give them."""
        yield from self._families


def _families(picture: Picture) -> Iterator[Metric]:
    """Make all families, of those with nothing to say none."""
    shown = dict(_shown(picture))
    yield from _about(picture)
    yield from _verdicts(shown)
    yield from _processes(picture.now)
    yield from _states(picture)
    yield from _numbers(picture)


def _shown(picture: Picture) -> Iterator[tuple[str, Reading]]:
    """Give the reading of each check that may be told."""
    for check in sorted(picture.now.keys() | picture.hourly.keys()):
        reading = (picture.now if check in AT_ONCE else picture.hourly).get(check)
        if reading is not None:
            yield check, reading


def _about(picture: Picture) -> Iterator[Metric]:
    """Say what runs, and when this was collected and counted."""
    build = GaugeMetricFamily("edge_lpr_build_info", "What runs here.", labels=["version"])
    build.add_metric([__version__], 1)
    yield build
    models = GaugeMetricFamily(
        "edge_lpr_model_info", "Models of this version.", labels=["role", "sha256"]
    )
    for role, digest in picture.models.items():
        models.add_metric([role, digest], 1)
    yield models
    yield GaugeMetricFamily(
        "edge_lpr_collected_timestamp_seconds", "When this was collected.", picture.at_s
    )
    counted = GaugeMetricFamily(
        "edge_lpr_counted_timestamp_seconds",
        "When what changes once an hour was counted; a group that is missing has no whole hour.",
        labels=["group"],
    )
    for group in GROUPS:
        if group in picture.counted_s:
            counted.add_metric([group], picture.counted_s[group])
    yield counted


def _verdicts(shown: Readings) -> Iterator[Metric]:
    """Say the verdict of each check, each code that is wrong, and which comes first."""
    verdicts = GaugeMetricFamily(
        "edge_lpr_check_verdict",
        "Of edge-lpr diagnose: -1 not known, 0 good, 1 warning, 2 bad.",
        labels=["check"],
    )
    worst: dict[str, int] = {}
    for check, reading in shown.items():
        verdicts.add_metric([check], reading.value)
        if reading.code and reading.value > 0:
            worst[reading.code] = max(worst.get(reading.code, 0), reading.value)
    yield verdicts
    faults = GaugeMetricFamily(
        "edge_lpr_fault",
        "What is wrong, 1 warning, 2 bad; docs/codes has a page for each code.",
        labels=["code"],
    )
    for code in sorted(worst):
        faults.add_metric([code], worst[code])
    yield faults
    first = GaugeMetricFamily(
        "edge_lpr_first_cause_info", "What to see to first, by its code.", labels=["code"]
    )
    code = min(worst, key=lambda each: (-worst[each], RANKS[each]), default=NOTHING_WRONG)
    first.add_metric([code], 1)
    yield first


def _processes(now: Readings) -> Iterator[Metric]:
    """Say which processes are up: nobody says otherwise, and each answers."""
    up = GaugeMetricFamily(
        "edge_lpr_process_up", "Whether a process runs and answers.", labels=["process"]
    )
    for process in PROCESSES:
        is_bad = process in now and now[process].verdict == "bad"
        up.add_metric([process], int(is_answering(now, process) and not is_bad))
    yield up


def _states(picture: Picture) -> Iterator[Metric]:
    """Say one out of several, as one series each."""
    clock = GaugeMetricFamily(
        "edge_lpr_clock_quality", "How far the clock can be trusted.", labels=["quality"]
    )
    for quality in TimeQuality:
        clock.add_metric([quality.value], int(quality is picture.quality))
    yield clock
    broker = picture.now.get("broker")
    standing = None if broker is None else broker.number("standing")
    if standing is not None:
        states = GaugeMetricFamily(
            "edge_lpr_broker_state", "How it stands with the broker.", labels=["state"]
        )
        for place, state in enumerate(BROKER_STANDINGS):
            states.add_metric([state], int(place == standing))
        yield states


def _numbers(picture: Picture) -> Iterator[Metric]:
    """Say every number that is on the list."""
    made: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
    for (check, name), source in SOURCES.items():
        is_at_once = (check, name) in NUMBERS_AT_ONCE
        reading = (picture.now if is_at_once else picture.hourly).get(check)
        number = None if reading is None else reading.number(name)
        if reading is None or number is None:
            continue
        if source.is_measured and reading.verdict == "not_known":
            continue
        if not is_at_once:
            number = coarse(number // source.step * source.step)
        family = made.setdefault(source.family, _family(source.family))
        # Nine digits: what a scale leaves behind them is no measurement.
        family.add_metric([source.value] if source.value else [], round(number * source.scale, 9))
    throttling = picture.hourly.get("throttling")
    bits = None if throttling is None else throttling.number("bits")
    if bits is not None:
        family = made.setdefault("edge_lpr_throttled", _family("edge_lpr_throttled"))
        for when, mask in _THROTTLED.items():
            family.add_metric([when], int(bool(bits & mask)))
    yield from made.values()


def _family(name: str) -> GaugeMetricFamily | CounterMetricFamily:
    """Return a family without a number yet."""
    family = FAMILIES[name]
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    return kind(name, family.meaning, labels=[family.label] if family.label else [])
