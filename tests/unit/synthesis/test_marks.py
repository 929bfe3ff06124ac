"""What is printed and what is read are two things."""

import pytest

from edge_lpr.synthesis.marks import checked_lines, halves, plain, plate_text, split_marks


def test_separators_seals_and_stacks_are_no_text() -> None:
    assert plate_text("[TX]AB*12-3~4\n5.6") == "AB123456"


def test_plain_is_one_line_of_characters_and_separators() -> None:
    assert plain("HH*K\n12[WC]") == "HH K 12"


def test_a_stack_is_one_mark() -> None:
    assert split_marks("A[12]-B") == ["A", "[12]", "-", "B"]


@pytest.mark.parametrize("printed", ["[AB]", "A[ab]", "A[", "*", "A]B", "A[123456]"])
def test_broken_or_lonely_marks_are_refused(printed: str) -> None:
    with pytest.raises(ValueError, match="one or two lines"):
        checked_lines(printed)


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("ABC 123", ("ABC", "123")),
        ("1-AB-2345", ("1-AB", "2345")),
        ("ABCD*1", ("ABCD", "1")),
        ("ABC123", None),
        (" A", None),
        ("A1[TX]", None),
    ],
)
def test_a_line_is_halved_at_the_gap_nearest_to_its_middle(
    line: str, parts: tuple[str, str] | None
) -> None:
    assert halves(line) == parts
