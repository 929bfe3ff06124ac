import pytest

from edge_lpr.core.errors import SettingsError
from edge_lpr.demo.arguments import infer_source, parse_arguments


@pytest.mark.parametrize("index", ["0", "3", "12"])
def test_digits_are_a_camera(index: str) -> None:
    source = infer_source(index)
    assert (source.kind, source.address) == ("camera", index)


def test_password_is_taken_out_of_an_rtsp_address() -> None:
    source = infer_source("rtsp://operator:p%40ss@10.0.0.7:554/stream?x=1")
    assert source.kind == "rtsp"
    assert source.address == "rtsp://10.0.0.7:554/stream?x=1"
    assert source.credentials == "operator:p@ss"


def test_password_is_not_in_the_repr_of_a_source() -> None:
    assert "secret" not in repr(infer_source("rtsp://operator:secret@camera/stream"))


def test_rtsp_address_without_password_needs_no_credentials() -> None:
    source = infer_source("rtsp://camera/stream")
    assert (source.address, source.credentials) == ("rtsp://camera/stream", None)


@pytest.mark.parametrize("address", ["rtsp://", "rtsp:///path", "rtsp://[::1/x"])
def test_rtsp_address_without_a_host_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="rtsp://"):
        infer_source(address)


def test_source_that_does_not_exist_is_refused_with_what_to_give() -> None:
    with pytest.raises(SettingsError, match="give a video file, a folder"):
        infer_source("/nowhere/lane.avi")


@pytest.mark.parametrize("text", ["", " "])
def test_empty_source_is_not_the_folder_we_are_in(text: str) -> None:
    with pytest.raises(SettingsError, match="--source is empty; give a video file"):
        infer_source(text)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--passes", "0"], id="no passes"),
        pytest.param(["--passes", "many"], id="passes as a word"),
        pytest.param(["--passes", "201"], id="more cars than can be rendered"),
        pytest.param(["--seconds", "0"], id="no time"),
        pytest.param(["--seconds", "nan"], id="no number"),
        pytest.param(["--seconds", "inf"], id="for ever"),
        pytest.param(["--broker", "public.example"], id="broker elsewhere"),
        pytest.param(["--unknown"], id="unknown option"),
    ],
)
def test_impossible_command_line_ends_with_usage(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_arguments(words)
    assert ended.value.code == 2


def test_nothing_said_is_a_rendered_lane() -> None:
    options = parse_arguments([])
    assert options.source is None
    assert options.keep is None
    assert not options.is_json


def test_limit_of_a_source_may_be_higher_than_that_of_the_rendered_lane() -> None:
    assert parse_arguments(["--source", "0", "--passes", "5000"]).passes == 5000


def test_the_stock_libraries_run_only_when_they_are_asked_for() -> None:
    assert parse_arguments([]).engine == "onnx"
    assert parse_arguments(["--engine", "torch"]).engine == "torch"
