"""Writes rendered frames as a video, in H.264 where this machine can, and measures decoding it."""

import shutil
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import cv2

from edge_lpr.bench.figures import Figure
from edge_lpr.bench.frames import WIDTH_PX
from edge_lpr.core.log import Log
from edge_lpr.core.settings import SourceSection
from edge_lpr.synthesis.simulator.plan import FRAME_RATE_HZ
from edge_lpr.vision.adapters.opencv_files import VideoFile
from edge_lpr.vision.adapters.opencv_quiet import silence_opencv
from edge_lpr.vision.contracts import BgrImage

_SIZE_PX: Final = (WIDTH_PX, WIDTH_PX * 9 // 16)

_BROKEN_PIPE_PATIENCE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Clip:
    """A video of a lane."""

    file: Path
    """Where it is."""
    codec: Literal["H.264", "Motion JPEG"]
    """What it is compressed with."""


def write_clip(folder: Path, frames_bgr: Iterable[BgrImage]) -> Clip:
    """Write a video.

    Args:
        folder: A temporary folder.
        frames_bgr: Frames, each of shape (720, 1280, 3), uint8, BGR. Not modified.

    Returns:
        The video: H.264 if there is an ffmpeg program that can make it, else Motion JPEG, which
        every OpenCV can.

    Raises:
        OSError: The file cannot be written.
    """
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is not None and _has_h264(ffmpeg):
        return _write_h264(ffmpeg, folder / "lane.mp4", frames_bgr)
    return _write_motion_jpeg(folder / "lane.avi", frames_bgr)


def measure_decoding(clip: Clip) -> list[Figure]:
    """Measure how long the vision process takes to decode a frame, apart from everything else.

    Args:
        clip: A video.

    Returns:
        Time on the clock and processor time, per frame.
    """
    if clip.codec != "H.264":
        remark = "not measured (no ffmpeg program that makes H.264)"
        return [
            Figure("decoding", "decoding H.264, time", None, "ms", remark=remark),
            Figure("decoding", "decoding H.264, processor time", None, "ms", remark=remark),
        ]
    video = VideoFile(SourceSection(kind="video", address=str(clip.file)), Log("bench"))
    frames = 0
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    for _ in video:
        frames += 1
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    remark = f"{frames} frames of 1280x720, in software, as fast as they come"
    return [
        Figure("decoding", "decoding H.264, time", 1000 * wall_s / frames, "ms", remark=remark),
        Figure("decoding", "decoding H.264, processor time", 1000 * cpu_s / frames, "ms"),
    ]


def _has_h264(ffmpeg: str) -> bool:
    """Ask ffmpeg whether it was built with the encoder."""
    listed = subprocess.run(  # noqa: S603 - found on the path, with fixed arguments
        [ffmpeg, "-hide_banner", "-encoders"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return b"libx264 " in listed.stdout


def _write_h264(ffmpeg: str, file: Path, frames_bgr: Iterable[BgrImage]) -> Clip:
    """Let ffmpeg compress frames as they are rendered; they reach no disk uncompressed."""
    width_px, height_px = _SIZE_PX
    raw = f"-f rawvideo -pix_fmt bgr24 -s {width_px}x{height_px} -r {FRAME_RATE_HZ} -i -"
    compressed = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -g 30 -bf 0"
    command = [ffmpeg, "-loglevel", "error", "-y", *raw.split(), *compressed.split(), str(file)]
    with subprocess.Popen(  # noqa: S603 - as above
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        if process.stdin is None or process.stderr is None:
            raise OSError("ffmpeg has no pipe")
        try:
            for frame_bgr in frames_bgr:
                process.stdin.write(frame_bgr.data)
            process.stdin.close()
        except BrokenPipeError:
            process.wait(_BROKEN_PIPE_PATIENCE_S)
        complaint = process.stderr.read().decode(errors="replace").strip()
    if process.returncode != 0:
        raise OSError(f"ffmpeg cannot write {file.name}: {complaint}")
    return Clip(file, "H.264")


def _write_motion_jpeg(file: Path, frames_bgr: Iterable[BgrImage]) -> Clip:
    """Let OpenCV compress frames."""
    silence_opencv()
    code = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(file), cv2.CAP_FFMPEG, code, FRAME_RATE_HZ, _SIZE_PX)
    if not writer.isOpened():
        raise OSError(f"{file}: cannot be written")
    try:
        for frame_bgr in frames_bgr:
            writer.write(frame_bgr)
    finally:
        writer.release()
    return Clip(file, "Motion JPEG")
