"""No camera, a wrong address, and credentials that others can read."""

import os
from pathlib import Path

import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import FrameSourceError, KeyFileError, NoSuchSourceError
from edge_lpr.core.log import Log
from edge_lpr.core.settings import SourceSection
from edge_lpr.vision.adapters.opencv_camera import _read_credentials
from edge_lpr.vision.capture import open_source
from edge_lpr.vision.contracts import FrameSource
from edge_lpr.vision.funnel import Funnel


def _open(kind: str, address: str, credentials_file: Path | None = None) -> FrameSource:
    settings = SourceSection.model_validate(
        {"kind": kind, "address": address, "credentials_file": credentials_file}
    )
    return open_source(settings, clock=SystemClock(), funnel=Funnel(), log=Log("vision"))


@pytest.mark.parametrize(
    ("kind", "address", "sentence"),
    [
        pytest.param("camera", "97", "camera 97: there is none.*plug it in", id="no camera"),
        pytest.param("camera", "front", "a camera has an index", id="no index"),
        pytest.param("rtsp", "192.0.2.7/stream", "no RTSP address; it looks like", id="no scheme"),
        pytest.param("rtsp", "http://192.0.2.7/", "no RTSP address", id="another scheme"),
        pytest.param(
            "rtsp",
            "rtsp://127.0.0.1:9/stream",
            "rtsp://127.0.0.1:9/stream: the camera does not answer; check its power",
            id="nobody answers",
        ),
    ],
)
def test_a_missing_camera_is_told_with_what_to_do(kind: str, address: str, sentence: str) -> None:
    with pytest.raises(FrameSourceError, match=sentence):
        _open(kind, address)


@pytest.mark.parametrize(("kind", "address"), [("camera", "front"), ("rtsp", "192.0.2.7/stream")])
def test_an_address_of_no_camera_is_told_from_a_silent_camera(kind: str, address: str) -> None:
    with pytest.raises(NoSuchSourceError):
        _open(kind, address)


def test_options_for_a_camera_do_not_outlive_its_opening() -> None:
    with pytest.raises(FrameSourceError):
        _open("rtsp", "rtsp://127.0.0.1:9/stream")
    assert "OPENCV_FFMPEG_CAPTURE_OPTIONS" not in os.environ


def test_a_missing_camera_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FrameSourceError):
        _open("camera", "97")
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def credentials_file(tmp_path: Path) -> Path:
    file = tmp_path / "camera"
    file.write_bytes(b"booth:p@ss:w/rd\n")
    file.chmod(0o600)
    return file


def test_credentials_are_written_so_that_an_address_can_hold_them(credentials_file: Path) -> None:
    assert _read_credentials(credentials_file) == "booth:p%40ss%3Aw%2Frd"


def test_credentials_that_others_can_read_are_refused(credentials_file: Path) -> None:
    credentials_file.chmod(0o644)
    with pytest.raises(KeyFileError, match="others can reach it"):
        _open("rtsp", "rtsp://127.0.0.1:9/stream", credentials_file)


def test_credentials_that_are_missing_are_named_by_their_setting(tmp_path: Path) -> None:
    words = "no such file; vision.source.credentials_file names it: write user:password there"
    with pytest.raises(KeyFileError, match=words):
        _open("rtsp", "rtsp://127.0.0.1:9/stream", tmp_path / "absent")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"password alone", id="no user"),
        pytest.param(b"user:one\nuser:two", id="two lines"),
        pytest.param(b"user:\xff\xfe", id="no text"),
    ],
)
def test_broken_credentials_are_refused_unquoted(credentials_file: Path, content: bytes) -> None:
    credentials_file.write_bytes(content)
    with pytest.raises(KeyFileError, match="user:password on one line") as caught:
        _open("rtsp", "rtsp://127.0.0.1:9/stream", credentials_file)
    assert "password alone" not in str(caught.value)


def test_the_message_of_a_silent_camera_does_not_hold_its_password(
    credentials_file: Path,
) -> None:
    with pytest.raises(FrameSourceError) as caught:
        _open("rtsp", "rtsp://127.0.0.1:9/stream", credentials_file)
    assert "p%40ss" not in str(caught.value)


def test_the_message_of_a_silent_camera_does_not_hold_the_query_of_its_address() -> None:
    with pytest.raises(FrameSourceError, match=r"9/stream: the camera") as caught:
        _open("rtsp", "rtsp://127.0.0.1:9/stream?user=booth&password=secret")
    assert "secret" not in str(caught.value)
