"""Whatever is found and said at a booth, metrics hold words out of closed lists, and numbers."""

import re
from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_lpr.core.check_words import BROKER_STANDINGS, CHECK_WORDS, VERDICTS, CheckWord
from edge_lpr.core.clock import TimeQuality
from edge_lpr.diagnostics.codes import BY_CODE
from edge_lpr.diagnostics.finding import Finding
from edge_lpr.diagnostics.words import finding_of
from edge_lpr.handoff.diagnosis_message import Check
from edge_lpr.metrics.exposition import NOTHING_WRONG, Picture, exposition
from edge_lpr.metrics.readings import CHECKS, GROUPS, MACHINE_CHECKS, readings_of
from edge_lpr.metrics.words import SOURCES
from tests.support.metrics import DIGESTS, scraped

AT_S = 1_800_000_000

EXAMPLES = 15
"""Each draws up to 300 numbers."""

LABELS: Mapping[str, frozenset[str]] = {
    "check": CHECKS,
    "code": frozenset(BY_CODE) | {NOTHING_WRONG},
    "group": frozenset(GROUPS),
    "state": frozenset(BROKER_STANDINGS),
    "quality": frozenset(each.value for each in TimeQuality),
    "role": frozenset(DIGESTS),
    "sha256": frozenset(DIGESTS.values()),
    "when": frozenset({"now", "since_start"}),
}
OTHERS = frozenset(source.value for source in SOURCES.values())


def checks_of(word: CheckWord) -> st.SearchStrategy[Check]:
    """Draw any answer about one thing that a process can give, a hostile one too."""
    numbers = {each.name: st.integers(each.least, each.most) for each in word.numbers}
    return st.builds(
        Check, st.just(word.name), st.sampled_from(VERDICTS), st.fixed_dictionaries(numbers)
    )


def answers_of(words: Sequence[CheckWord]) -> st.SearchStrategy[list[Finding]]:
    """Draw whole answers."""
    return st.tuples(*(st.none() | checks_of(word) for word in words)).map(
        lambda drawn: [finding_of(each) for each in drawn if each is not None]
    )


ANSWERS = answers_of(CHECK_WORDS)
VISIONS = answers_of([word for word in CHECK_WORDS if word.process == "vision"])

SAID: st.SearchStrategy[list[Finding]] = st.lists(
    st.builds(
        Finding,
        st.text(max_size=8),
        st.sampled_from(sorted(MACHINE_CHECKS)) | st.text(max_size=12),
        st.sampled_from(VERDICTS),
        st.text(max_size=40),
        st.sampled_from(sorted(BY_CODE)),
        st.dictionaries(st.text(max_size=8), st.integers(0, 999), max_size=3),
    ),
    max_size=8,
)


def text_of(now: list[Finding], hourly: list[Finding]) -> str:
    counted = dict.fromkeys(GROUPS, AT_S)
    return exposition(
        Picture(AT_S, TimeQuality.NTP, readings_of(now), readings_of(hourly), counted, DIGESTS)
    ).decode()


@settings(max_examples=EXAMPLES)
@given(ANSWERS, SAID, ANSWERS, SAID)
def test_every_word_is_out_of_a_closed_list(
    now: list[Finding], said_now: list[Finding], hourly: list[Finding], said: list[Finding]
) -> None:
    for (name, labels), value in scraped(text_of(now + said_now, hourly + said)).items():
        assert re.fullmatch(r"edge_lpr(_[a-z]+)+", name)
        assert abs(value) < 10**19
        for label, word in labels:
            if label != "version":
                assert word in LABELS.get(label, OTHERS), (name, label)


@settings(max_examples=EXAMPLES)
@given(ANSWERS, ANSWERS, ANSWERS)
def test_what_is_found_now_changes_nothing_that_a_vehicle_moves(
    one: list[Finding], other: list[Finding], hourly: list[Finding]
) -> None:
    moved = re.compile(
        "edge_lpr_(frames|detections|readings|passages|tokeniser_readings|outbox|queue|mqtt|budget|"
        "stage|vision_busy|last_puback|camera_|plate|edge|clipped|brightness|blind|temperature|"
        "memory|disk|throttled|counted)"
    )
    told = [
        {
            series: value
            for series, value in scraped(text_of(now, hourly)).items()
            if moved.match(series[0])
        }
        for now in (one, other)
    ]
    assert told[0] == told[1]


@settings(max_examples=EXAMPLES)
@given(VISIONS)
def test_numbers_of_vision_that_a_look_of_now_brings_are_none(now: list[Finding]) -> None:
    names = {name for name, _ in scraped(text_of(now, []))}
    assert names == {
        "edge_lpr_build_info",
        "edge_lpr_model_info",
        "edge_lpr_collected_timestamp_seconds",
        "edge_lpr_counted_timestamp_seconds",
        "edge_lpr_first_cause_info",
        "edge_lpr_process_up",
        "edge_lpr_clock_quality",
    } | (names & {"edge_lpr_check_verdict", "edge_lpr_fault"})
