"""Days on the command line, and as people read them."""

import argparse

import pytest

from edge_lpr.authority.condition import in_days
from edge_lpr.authority.tasks.days import add_days, day_of, epochs_in


def chosen(*words: str) -> list[int] | None:
    parser = argparse.ArgumentParser()
    add_days(parser, "look at")
    return epochs_in(parser.parse_args(words), [20_786, 20_784, 20_785])


def test_no_day_named_chooses_none() -> None:
    assert chosen() is None


@pytest.mark.parametrize(
    ("words", "epochs"),
    [
        (["--from", "2026-11-28"], [20_785, 20_786]),
        (["--until", "2026-11-28"], [20_784, 20_785]),
        (["--from", "2026-11-28", "--until", "2026-11-28"], [20_785]),
        (["--from", "2026-11-30"], []),
        (["--from", "1970-01-01"], [20_784, 20_785, 20_786]),
    ],
)
def test_days_are_chosen_with_both_ends(words: list[str], epochs: list[int]) -> None:
    assert chosen(*words) == epochs


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "1969-12-31", ""])
def test_day_that_is_none_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        chosen("--from", text)
    assert "--from" in capsys.readouterr().err


def test_epoch_is_read_as_a_day() -> None:
    assert day_of(20_784) == "2026-11-27"


@pytest.mark.parametrize(("count", "said"), [(0, "0 days"), (1, "1 day"), (2, "2 days")])
def test_one_day_is_not_days(count: int, said: str) -> None:
    assert in_days(count) == said


def test_word_stands_before_days() -> None:
    assert in_days(1, "more ") == "1 more day"
