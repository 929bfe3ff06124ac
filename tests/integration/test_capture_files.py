"""Video files and folders of frames are replayed whole, in order; what is neither is refused."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import NoSuchSourceError
from edge_lpr.core.log import Log
from edge_lpr.core.settings import SourceSection
from edge_lpr.vision.adapters import opencv_files
from edge_lpr.vision.adapters.opencv_camera import OpencvCamera
from edge_lpr.vision.capture import open_source
from edge_lpr.vision.contracts import BgrImage, Frame, FrameSource
from edge_lpr.vision.funnel import Funnel
from tests.support.contracts import ReplayedSourceContract


def _picture(level: int, size_px: tuple[int, int] = (64, 48)) -> BgrImage:
    picture_bgr = np.full((size_px[1], size_px[0], 3), level, np.uint8)
    picture_bgr[: size_px[1] // 2] //= 2
    return picture_bgr


def _write_picture(file: Path, picture_bgr: BgrImage) -> None:
    assert cv2.imwrite(str(file), picture_bgr)  # noqa: TID251 - not on a device


def _write_video(file: Path, levels: list[int], frame_rate_hz: float = 25) -> None:
    codec = cv2.VideoWriter.fourcc(*"MJPG")
    video = cv2.VideoWriter(str(file), codec, frame_rate_hz, (64, 48))
    for level in levels:
        video.write(_picture(level))
    video.release()


def _open(kind: str, address: Path, funnel: Funnel | None = None) -> FrameSource:
    settings = SourceSection.model_validate({"kind": kind, "address": str(address)})
    return open_source(settings, clock=SystemClock(), funnel=funnel or Funnel(), log=Log("vision"))


def _frames(source: FrameSource) -> list[Frame]:
    return [moment for moment in source if isinstance(moment, Frame)]


def _levels(frames: list[Frame]) -> list[int]:
    return [int(frame.image_bgr[-1, -1, 0]) for frame in frames]


class TestFrameFolder(ReplayedSourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> FrameSource:
        for number in range(4):
            _write_picture(tmp_path / f"{number}.png", _picture(number))
        return _open("folder", tmp_path)


class TestVideoFile(ReplayedSourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> FrameSource:
        _write_video(tmp_path / "lane.avi", [10, 60, 110, 160])
        return _open("video", tmp_path / "lane.avi")


def test_a_folder_is_replayed_sorted_by_name_without_loss(tmp_path: Path) -> None:
    for name, level in (("00010.png", 3), ("00002.bmp", 2), ("00001.PNG", 1)):
        _write_picture(tmp_path / name, _picture(level))
    (tmp_path / "notes.txt").write_text("no frame")
    frames = _frames(_open("folder", tmp_path))
    assert _levels(frames) == [1, 2, 3]
    assert np.array_equal(frames[0].image_bgr, _picture(1))


def test_a_folders_frames_lie_apart_by_the_set_frame_rate(tmp_path: Path) -> None:
    for number in range(3):
        _write_picture(tmp_path / f"{number}.png", _picture(number))
    stamps_ns = [frame.captured_ns for frame in _frames(_open("folder", tmp_path))]
    assert stamps_ns == [0, 100_000_000, 200_000_000]


def test_a_broken_picture_is_counted_and_keeps_its_place_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (0, 3, 5):
        _write_picture(tmp_path / f"{number}.png", _picture(number))
    (tmp_path / "1.jpg").write_bytes(b"")
    (tmp_path / "2.png").write_bytes(b"this is no picture")
    (tmp_path / "4.png").write_bytes((tmp_path / "0.png").read_bytes() + bytes(1000))
    monkeypatch.setattr(opencv_files, "MAXIMUM_PICTURE_BYTES", 1000)
    funnel = Funnel()
    frames = _frames(_open("folder", tmp_path, funnel))
    assert [frame.index for frame in frames] == [0, 3, 5]
    assert funnel.counters()["unreadable_frames"] == 3


def test_pictures_of_a_folder_may_differ_in_size(tmp_path: Path) -> None:
    _write_picture(tmp_path / "0.png", _picture(1, (64, 48)))
    _write_picture(tmp_path / "1.png", _picture(1, (20, 30)))
    shapes = [frame.image_bgr.shape for frame in _frames(_open("folder", tmp_path))]
    assert shapes == [(48, 64, 3), (30, 20, 3)]


def test_a_grey_picture_becomes_a_colour_frame(tmp_path: Path) -> None:
    _write_picture(tmp_path / "0.png", np.full((5, 7), 90, np.uint8))
    (frame,) = _frames(_open("folder", tmp_path))
    assert frame.image_bgr.shape == (5, 7, 3)


def test_every_frame_of_a_video_comes_in_order_at_its_time(tmp_path: Path) -> None:
    levels = list(range(20, 220, 5))
    _write_video(tmp_path / "lane.avi", levels, frame_rate_hz=25)
    frames = _frames(_open("video", tmp_path / "lane.avi"))
    assert np.allclose(_levels(frames), levels, atol=3)
    assert [frame.index for frame in frames] == list(range(len(levels)))
    assert frames[25].captured_ns == 1_000_000_000


def test_a_name_with_signs_that_opencv_interprets_is_still_a_file(tmp_path: Path) -> None:
    file = tmp_path / "lane %02d.avi"
    _write_video(file, [10, 60])
    assert len(_frames(_open("video", file))) == 2


def test_a_video_that_breaks_off_gives_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "lane.avi"
    _write_video(file, [10] * 50)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    assert 0 < len(_frames(_open("video", file))) < 50


@pytest.mark.parametrize(
    ("kind", "name", "content", "sentence"),
    [
        pytest.param("video", "x.mp4", None, "is no file; give the path", id="no such video"),
        pytest.param("video", "x.mp4", b"no video", "is no video that can be read", id="text"),
        pytest.param("video", "x.mp4", b"", "is no video that can be read", id="empty file"),
        pytest.param("video", ".", None, "is no file", id="a folder as a video"),
        pytest.param("folder", "frames", None, "is no folder", id="no such folder"),
        pytest.param("folder", "x.mp4", b"", "is no folder", id="a file as a folder"),
        pytest.param("folder", ".", None, "holds no frames; give a folder", id="empty folder"),
    ],
)
def test_what_holds_no_frames_is_refused_with_what_to_do(
    tmp_path: Path, kind: str, name: str, content: bytes | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(NoSuchSourceError, match=sentence):
        _open(kind, tmp_path / name)


def test_a_refused_video_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.mp4").write_bytes(b"no video")
    with pytest.raises(NoSuchSourceError):
        _open("video", tmp_path / "x.mp4")
    assert capfd.readouterr() == ("", "")


def test_a_camera_that_opencv_opened_gives_frames_until_it_is_lost(tmp_path: Path) -> None:
    # A video file stands for the camera: OpenCV reads both in the same way.
    _write_video(tmp_path / "lane.avi", [10, 60])
    camera = OpencvCamera(cv2.VideoCapture(str(tmp_path / "lane.avi")))
    first, second, after = (camera.read() for _ in range(3))
    assert first is not None
    assert second is not None
    assert np.allclose([first.image_bgr[-1, -1, 0], second.image_bgr[-1, -1, 0]], [10, 60], atol=3)
    # The first one lies at 0, which OpenCV says also when there is no stamp.
    assert (first.stream_ns, second.stream_ns) == (None, 40_000_000)
    assert after is None
    camera.close()
    camera.close()
