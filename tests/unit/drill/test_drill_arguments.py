from pathlib import Path

import pytest

from edge_lpr.drill.arguments import parse_arguments


def test_without_words_the_whole_drill_is_meant() -> None:
    options = parse_arguments([])
    assert (options.plan.passages, options.plan.real) == (100_000, 2_000)
    assert options.plan.shape.name == "us-state"
    assert options.json_file is options.page is options.source is None


def test_a_small_drill_can_be_asked_for() -> None:
    words = "--passages 500 --real 7 --real-guesses 3 --seed 4 --plates germany --json r.json"
    options = parse_arguments(words.split())
    plan = options.plan
    assert (plan.passages, plan.real, plan.real_guesses, plan.seed) == (500, 7, 3, 4)
    assert plan.shape.name == "germany"
    assert options.json_file == Path("r.json")


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("--passages 5", id="too few to be a crowd"),
        pytest.param("--real 0", id="no real passage"),
        pytest.param("--real many", id="no number"),
        pytest.param("--plates moon", id="unknown plate space"),
        pytest.param("--from-json r.json", id="nothing to write"),
    ],
)
def test_words_that_make_no_drill_are_refused(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        parse_arguments(words.split())
    assert end.value.code == 2
    assert "edge-lpr drill" in capsys.readouterr().err
