from edge_lpr.drill.guessing import Findings
from edge_lpr.drill.linking import TokenLinks
from edge_lpr.drill.loot import Loot
from edge_lpr.drill.records import TokenRecord
from edge_lpr.drill.rows import Reach, Row, Theft, judge, nothing, of_days
from edge_lpr.drill.thief import Outcome

DAY = 20_000
TODAY = TokenRecord("elm", "elm-1", "boot", 1, DAY, 0, 1, "in", b"e" * 16, b"f" * 16)
TOMORROW = TokenRecord("elm", "elm-1", "boot", 2, DAY + 1, 0, 1, "in", b"g" * 16, b"h" * 16)
ELSEWHERE = TokenRecord("fir", "fir-1", "boot", 1, DAY, 0, 1, "in", b"i" * 16, b"j" * 16)
RECORDS = [TODAY, TOMORROW, ELSEWHERE]
TRUTH = {
    ("elm-1", "boot", 1): b"ABC1234",
    ("elm-1", "boot", 2): b"ABC1234",
    ("fir-1", "boot", 1): b"XYZ1234",
}


def row_of(reach: Reach, *named: tuple[TokenRecord, bytes], **outcome: object) -> Row:
    findings = Findings()
    for record, plate in named:
        findings.add([record], plate)
    theft = Theft("theft", "promise", Loot(records=RECORDS), reach)
    made = Outcome(findings=findings, **outcome)  # type: ignore[arg-type]
    return judge(theft, made, TRUTH, frozenset(), tried=frozenset())


def test_a_thief_who_finds_what_he_may_and_no_more_is_as_promised() -> None:
    row = row_of(of_days(DAY, site="elm"), (TODAY, b"ABC1234"))
    assert row.holds
    assert (row.found.passages, row.found.plates, row.site_days) == (1, 1, 1)


def test_nothing_found_where_nothing_may_be_holds() -> None:
    assert row_of(nothing).holds


def test_a_plate_of_another_day_breaks_the_promise() -> None:
    row = row_of(of_days(DAY, site="elm"), (TODAY, b"ABC1234"), (TOMORROW, b"ABC1234"))
    assert not row.holds
    assert row.surplus == 1


def test_a_plate_of_another_site_breaks_the_promise() -> None:
    assert not row_of(of_days(DAY, site="elm"), (TODAY, b"ABC1234"), (ELSEWHERE, b"XYZ1234")).holds


def test_a_thief_who_finds_too_little_shows_that_the_drill_is_wrong() -> None:
    assert not row_of(of_days(DAY), (TODAY, b"ABC1234")).holds


def test_a_wrong_name_is_not_counted_as_found() -> None:
    row = row_of(of_days(DAY, site="elm"), (TODAY, b"WRONG12"))
    assert not row.holds
    assert row.found.passages == 0


def test_a_link_across_days_breaks_the_promise() -> None:
    assert not row_of(nothing, links=TokenLinks(across=1, within=0)).holds
    assert row_of(nothing, links=TokenLinks(across=0, within=5)).holds


def test_a_picture_breaks_the_promise() -> None:
    assert not row_of(nothing, pictures=["outbox: JPEG"]).holds


def test_what_was_not_tried_at_the_real_cost_is_not_expected() -> None:
    theft = Theft("theft", "promise", Loot(records=RECORDS), of_days(DAY))
    real = frozenset(TRUTH)
    row = judge(theft, Outcome(), TRUTH, real, tried=frozenset({b"XYZ1234"}))
    assert row.expected.passages == row.expected.real == 1
    assert not row.holds
