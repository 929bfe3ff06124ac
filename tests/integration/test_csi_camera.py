"""Raw frames from another program's pipe: ffmpeg is at the other end, for lack of a CSI sensor."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import FrameSourceError, NoSuchSourceError
from edge_lpr.core.log import Log
from edge_lpr.core.settings import SourceSection
from edge_lpr.vision.adapters import csi_camera, pipe_camera
from edge_lpr.vision.adapters.csi_camera import COMMANDS
from edge_lpr.vision.adapters.pipe_camera import PipeCamera, PipeProgram, open_pipe_camera
from edge_lpr.vision.capture import LiveSource, open_camera
from tests.support.cameras import HEIGHT_PX, WIDTH_PX, ffmpeg_program, program_that
from tests.support.contracts import LiveSourceContract, frames_of
from tests.support.waiting import wait_until

KINDS = ["csi-rpi", "csi-jetson"]

# What a program of ours needs to write grey frames.
GREY_FRAMES = (
    f"import os, sys; frame = bytes([128]) * ({WIDTH_PX} * {HEIGHT_PX} * 3 // 2)\n"
    "def write(file):\n"
    "    rest = memoryview(frame)\n"
    "    while rest: rest = rest[os.write(file, rest):]\n"
)


class TestPipeCamera(LiveSourceContract):
    @pytest.fixture
    def source(self) -> LiveSource:
        program = ffmpeg_program()
        return LiveSource(lambda: open_pipe_camera(program), SystemClock(), Log("vision"))


def test_colours_arrive_as_they_were_drawn() -> None:
    camera = open_pipe_camera(ffmpeg_program("color=c=0x2060C0"))
    frame = camera.read()
    camera.close()
    assert frame is not None
    assert frame.image_bgr.shape == (HEIGHT_PX, WIDTH_PX, 3)
    # Blue, green, red; rounding to 8-bit YUV costs a level or two.
    assert np.allclose(frame.image_bgr, [0xC0, 0x60, 0x20], atol=3)


def test_a_program_may_end_before_its_last_frame_is_whole() -> None:
    program = program_that(GREY_FRAMES + "write(1); os.write(1, frame[:1000])")
    camera = open_pipe_camera(program)
    assert camera.read() is not None
    assert camera.read() is None
    assert camera.last_words().endswith(" has ended with status 0")
    camera.close()
    camera.close()


def test_complaints_never_stop_a_program_and_are_kept_within_bounds() -> None:
    script = GREY_FRAMES + (
        "write(1)\n"
        "for _ in range(50): os.write(2, b'x' * 10000 + b'\\n')\n"
        "os.write(2, b'no sensor \\x1b[31m\\xff found\\n\\n'); write(1); sys.exit(7)"
    )
    camera = open_pipe_camera(program_that(script))
    assert camera.read() is not None
    assert camera.read() is not None
    assert camera.read() is None
    words = camera.last_words()
    camera.close()
    assert words.endswith("has ended with status 7, saying: no sensor ?[31m? found")
    assert len(camera._words) <= pipe_camera.MAXIMUM_WORDS_BYTES


def test_a_program_that_falls_silent_is_lost_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipe_camera, "READ_TIMEOUT_S", 0.05)
    program = program_that(GREY_FRAMES + "import signal; write(1); signal.pause()")
    camera = open_pipe_camera(program)
    assert camera.read() is not None
    assert camera.read() is None
    assert camera.last_words().endswith("gives no more frames")
    camera.close()
    assert camera._child.returncode == -15


def test_a_program_that_does_not_want_to_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipe_camera, "_STOP_S", 0.05)
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); write(1)"
    camera = open_pipe_camera(program_that(f"{GREY_FRAMES}{stubborn}; signal.pause()"))
    camera.close()
    assert camera._child.returncode == -9


def test_a_program_without_a_first_frame_is_told_by_its_own_words() -> None:
    script = "import sys; sys.stderr.write('no cameras available'); sys.exit(255)"
    with pytest.raises(FrameSourceError, match="status 255, saying: no cameras available"):
        open_pipe_camera(program_that(script))


def test_a_waiting_read_can_be_ended_from_outside() -> None:
    camera = open_pipe_camera(program_that(GREY_FRAMES + "import signal; write(1); signal.pause()"))
    assert camera.read() is not None
    camera.interrupt()
    assert camera.read() is None
    camera.close()


def test_a_program_that_is_not_there_is_no_source() -> None:
    with pytest.raises(NoSuchSourceError, match="camera: cannot be run"):
        PipeCamera(PipeProgram(("/nowhere/camera",), WIDTH_PX, HEIGHT_PX))


def test_the_program_ends_when_the_source_does() -> None:
    cameras: list[PipeCamera] = []

    def open_and_keep() -> PipeCamera:
        cameras.append(open_pipe_camera(ffmpeg_program()))
        return cameras[-1]

    source = LiveSource(open_and_keep, SystemClock(), Log("vision"))
    for _ in frames_of(source):
        source.stop()
    (camera,) = cameras
    assert camera._child.returncode is not None


def test_the_program_ends_when_our_process_is_killed(tmp_path: Path) -> None:
    child_file = tmp_path / "child"
    script = (
        "import os, signal\n"
        "from edge_lpr.vision.adapters.pipe_camera import open_pipe_camera\n"
        "from tests.support.cameras import ffmpeg_program\n"
        "camera = open_pipe_camera(ffmpeg_program())\n"
        f"open({str(child_file)!r}, 'w').write(str(camera._child.pid))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ffmpeg_program()
    parent = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=False
    )
    assert parent.returncode == -9
    child = Path("/proc") / child_file.read_text() / "cmdline"
    # Its next frame finds no reader. A zombie has no command line any more.
    wait_until(lambda: not child.exists() or child.read_bytes() == b"")


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_program_is_named(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    settings = SourceSection.model_validate({"kind": kind, "address": "0"})
    with pytest.raises(NoSuchSourceError, match=f"{COMMANDS[kind][0]}: there is no such program"):
        open_camera(settings)


@pytest.mark.parametrize("kind", KINDS)
def test_a_csi_camera_is_live_and_so_fit_for_live_keys(kind: str) -> None:
    assert SourceSection.model_validate({"kind": kind, "address": "0"}).is_live


@pytest.mark.parametrize("address", ["front", "-1", "8", "0; reboot", "٣"])
def test_an_address_that_is_no_number_of_a_camera_is_refused(address: str) -> None:
    settings = SourceSection(kind="csi-rpi", address=address)
    with pytest.raises(NoSuchSourceError, match="a CSI camera has a number"):
        open_camera(settings)


# Stands for the board's program, checks how it was called, and lets ffmpeg draw.
STAND_IN = """#!{python}
import os, sys
told = " ".join(sys.argv[1:])
if {wanted!r} not in told:
    sys.exit("called with " + told)
file = told.partition("fd=")[2].partition(" ")[0] or "1"
if file != "1":
    print("GST_ARGUS: words that are no frame", flush=True)
size = "testsrc2=size={width}x{height}:rate=30"
os.execv({ffmpeg!r}, ["ffmpeg", "-loglevel", "error", "-nostdin", "-re", "-f", "lavfi", "-i", size,
    "-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:" + file])
"""


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        pytest.param(
            "csi-rpi", "--camera 1 --nopreview --timeout 0 --codec yuv420", id="Raspberry Pi"
        ),
        pytest.param("csi-jetson", "nvarguscamerasrc sensor-id=1 !", id="Jetson"),
    ],
)
def test_each_kind_runs_its_one_command(
    kind: str, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ffmpeg = ffmpeg_program().command[0]
    program = tmp_path / COMMANDS[kind][0]
    size = {"width": csi_camera.WIDTH_PX, "height": csi_camera.HEIGHT_PX}
    program.write_text(STAND_IN.format(python=sys.executable, wanted=wanted, ffmpeg=ffmpeg, **size))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    camera = open_camera(SourceSection.model_validate({"kind": kind, "address": "1"}))
    frames = [camera.read() for _ in range(3)]
    camera.close()
    drawn = [frame.image_bgr for frame in frames if frame is not None]
    assert [image_bgr.shape for image_bgr in drawn] == [(720, 1280, 3)] * 3
    # Had a word of the program's got among the pixels, rows would be shifted against each other.
    first, second = (cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY) for image_bgr in drawn[:2])
    assert float(np.mean(cv2.absdiff(first, second))) < 10
