"""Tables of figures: how a share, a number and words are printed."""

from edge_lpr.training.figure_tables import FigureTable, format_cell
from edge_lpr.training.measures import Proportion

TABLE = FigureTable(
    "reading", "Reading", ("set", "plates", "strict"), {"eu": (4, Proportion(3, 4)), "us": (0, "?")}
)


def test_share_is_printed_with_its_interval() -> None:
    assert format_cell(Proportion(3, 4)) == "75.0 [30.1, 95.4]"


def test_share_of_nothing_is_no_number() -> None:
    assert format_cell(Proportion(0, 0)) == "-"


def test_markdown_has_a_heading_and_a_line_for_each_row() -> None:
    assert TABLE.as_markdown().splitlines() == [
        "### Reading",
        "| set | plates | strict |",
        "|---|---|---|",
        "| eu | 4 | 75.0 [30.1, 95.4] |",
        "| us | 0 | ? |",
    ]


def test_columns_stand_one_below_the_other_on_a_screen() -> None:
    heading, first, second, third = TABLE.as_text().splitlines()
    assert heading == "Reading:"
    assert first.index("plates") == second.index("4") == third.index("0")


def test_machine_gets_counts_and_bounds() -> None:
    share = TABLE.as_json()["eu"]["strict"]
    assert (share["hits"], share["total"], share["share"]) == (3, 4, 0.75)
    assert share["interval"][0] < 0.75 < share["interval"][1]
