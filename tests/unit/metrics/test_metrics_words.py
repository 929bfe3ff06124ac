"""Each number that a process can say is a metric, or is left out for a reason."""

import re
from typing import get_args

from edge_lpr.core.check_words import CHECK_WORDS, WORD_OF_NAME
from edge_lpr.metrics.readings import CHECKS, MACHINE_CHECKS
from edge_lpr.metrics.words import AT_ONCE, FAMILIES, LEFT_OUT, NUMBERS_AT_ONCE, SOURCES
from edge_lpr.wire.health import Alarm

ALL = {(word.name, number.name) for word in CHECK_WORDS for number in word.numbers}


def test_each_number_is_told_or_left_out_for_a_reason() -> None:
    own = {key for key in SOURCES if key[0] in WORD_OF_NAME}
    assert own | LEFT_OUT.keys() == ALL
    assert not own & LEFT_OUT.keys()
    assert {check for check, _ in SOURCES} <= CHECKS


def test_names_are_as_prometheus_wants_them() -> None:
    assert {source.family for source in SOURCES.values()} == FAMILIES.keys() - {
        "edge_lpr_throttled"
    }
    for name, family in FAMILIES.items():
        assert re.fullmatch(r"edge_lpr_[a-z]+(_[a-z]+)*", name)
        assert not name.endswith(("_total", "_ms", "_kb", "_mb", "_permille", "_percent"))
        assert family.meaning.endswith((".", ": 0."))
    labelled = {source.family: bool(source.value) for source in SOURCES.values()}
    assert all(bool(FAMILIES[name].label) == has for name, has in labelled.items())
    series = [(source.family, source.value) for source in SOURCES.values()]
    assert len(set(series)) == len(series)


def test_no_number_of_vision_is_told_at_once() -> None:
    assert SOURCES.keys() >= NUMBERS_AT_ONCE
    for check, _ in NUMBERS_AT_ONCE:
        word = WORD_OF_NAME.get(check)
        assert word is None or word.process != "vision"


def test_what_a_vehicle_moves_is_told_once_an_hour() -> None:
    moved = {word.name for word in CHECK_WORDS if word.name.startswith("funnel")}
    moved |= {word.name for word in CHECK_WORDS if 10 <= word.number < 20}
    moved |= {"speed", "queue", "outbox", "budget", "camera_rate"}
    moved |= {"temperature", "throttling", "memory", "disk_space", "disk_wear"}
    assert not moved & AT_ONCE
    assert not moved & {check for check, _ in NUMBERS_AT_ONCE}
    assert moved <= CHECKS
    assert AT_ONCE <= CHECKS
    assert not any(check.startswith("funnel") for check in MACHINE_CHECKS)


def test_times_of_single_sightings_are_told_in_whole_hours() -> None:
    ages = {key: source.step for key, source in SOURCES.items() if "_age_" in source.family}
    assert ages == {("queue", "oldest_unsent_s"): 3600, ("broker", "puback_age_s"): 3600}


def test_verdicts_that_vision_can_choose_at_once_are_few() -> None:
    own = [word.name for word in CHECK_WORDS if word.process == "vision" and word.name in AT_ONCE]
    # Five answers each, one of them none: docs/metrics.md says how many bits that is.
    assert len(own) == 5
    assert {"camera_away", "camera_frozen", "camera_dark"} <= set(get_args(Alarm))
