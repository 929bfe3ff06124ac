"""The bench's command line."""

import pytest

from edge_lpr.bench.arguments import ROWS, parse_arguments


def test_everything_is_measured_by_default_but_the_soak() -> None:
    options = parse_arguments([])
    assert options.rows == ROWS
    assert options.engine == "onnx"


def test_rows_are_measured_in_their_own_order() -> None:
    assert parse_arguments(["--only", "empty, speed"]).rows == ("speed", "empty")


def test_a_soak_is_measured_besides() -> None:
    options = parse_arguments(["--only", "speed", "--soak", "1000"])
    assert options.rows == ("speed", "soak")
    assert options.soak_frames == 1000


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--only", "sped"], id="unknown row"),
        pytest.param(["--only", ""], id="no row"),
        pytest.param(["--frames", "0"], id="no frame"),
        pytest.param(["--frames", "-5"], id="fewer than none"),
        pytest.param(["--threads", "two"], id="no number"),
        pytest.param(["--soak", "9"], id="too short to measure ten times"),
        pytest.param(["--engine", "tensorrt"], id="unknown engine"),
    ],
)
def test_what_makes_no_sense_is_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(words)
    assert "error: argument" in capsys.readouterr().err
