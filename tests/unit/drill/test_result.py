from dataclasses import replace
from typing import Final

from edge_lpr.drill.checks import Check
from edge_lpr.drill.controls import Control
from edge_lpr.drill.linking import TimingLinks
from edge_lpr.drill.page import page_text
from edge_lpr.drill.result import DrillResult, Facts
from edge_lpr.drill.rows import HIT_ONLY_ROW, Counted, Row

NOTHING: Final = Counted(0, 0, 0)
ROW: Final = Row("central database", "0", 10, NOTHING, NOTHING, 0, 0, 0, 3, 0, 0, 99)
RESULT: Final = DrillResult(
    facts=Facts(
        version="1.2.3",
        shape="germany",
        seed=1,
        cheap=90,
        real=10,
        plates=50,
        tried=60,
        tried_real=5,
        messages=120,
        deliveries=50,
        tokens_a_second=7.0,
        cores=2,
        memory_read=True,
        store="SQLite",
        seconds=100,
    ),
    rows=(ROW, replace(ROW, name="central database after R days, and an old backup")),
    controls=(Control("plain hash", 90, 90),),
    checks=(Check("keys in memory", 0, 0),),
    timing=tuple(TimingLinks(each, 40, 30, 20, 1.0) for each in (1, 60, 600)),
)


def test_a_table_that_is_right_holds() -> None:
    assert RESULT.holds
    assert RESULT.faults() == []


def test_one_row_that_differs_breaks_it() -> None:
    broken = replace(RESULT, rows=(*RESULT.rows, replace(ROW, name="broker", surplus=1)))
    assert broken.faults() == ["broker"]
    assert not broken.holds


def test_a_control_that_fails_breaks_it() -> None:
    broken = replace(RESULT, controls=(Control("plain hash", 90, 89),))
    assert broken.faults() == ["plain hash"]


def test_a_control_with_nothing_at_stake_fails() -> None:
    assert not Control("plain hash", 0, 0).holds


def test_a_check_with_another_answer_breaks_it() -> None:
    broken = replace(RESULT, checks=(Check("keys in memory", 0, 1),))
    assert broken.faults() == ["keys in memory"]


def test_a_drill_without_controls_proves_nothing() -> None:
    assert not replace(RESULT, controls=()).holds
    assert not replace(RESULT, checks=()).holds
    assert not replace(RESULT, rows=()).holds


def test_the_page_says_whether_the_promise_held() -> None:
    assert "The promise held." in page_text(RESULT, "plot.svg")
    broken = replace(RESULT, rows=(*RESULT.rows, replace(ROW, name="broker", surplus=7)))
    text = page_text(broken, "plot.svg")
    assert "did NOT hold: broker" in text
    assert "too much 7" in text


def test_the_page_says_when_memory_was_not_read() -> None:
    facts = replace(RESULT.facts, memory_read=False)
    assert "not read" in page_text(replace(RESULT, facts=facts), "plot.svg")


def test_the_page_shows_what_was_named() -> None:
    found = Counted(30, 2, 12)
    row = replace(ROW, name="database and keys", expected=found, found=found, site_days=5)
    text = page_text(replace(RESULT, rows=(*RESULT.rows, row)), "plot.svg")
    assert "30 (12 plates, 5 site-days)" in text


def test_the_page_tells_of_hit_only_mode_where_it_was_drilled() -> None:
    assert "hit-only" not in page_text(RESULT, "plot.svg")
    row = replace(ROW, name=HIT_ONLY_ROW)
    assert "in hit-only mode for a day" in page_text(
        replace(RESULT, rows=(*RESULT.rows, row)), "plot.svg"
    )
