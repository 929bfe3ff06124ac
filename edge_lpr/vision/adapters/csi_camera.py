"""Opens CSI cameras through the programs that the boards' makers ship. Untested on hardware.

Each kind has one fixed command; the settings choose the kind and the number of the camera, nothing
else. So there is nothing in the settings that could run another program.
"""

import shutil
from collections.abc import Mapping
from typing import Final

from edge_lpr.core.errors import FrameSourceError, NoSuchSourceError
from edge_lpr.core.settings import SourceSection
from edge_lpr.vision.adapters.pipe_camera import (
    FRAMES_FILE,
    PipeCamera,
    PipeProgram,
    open_pipe_camera,
)

WIDTH_PX: Final = 1280
"""What local cameras are asked for too. A multiple of 64, because the Raspberry Pi pads rows to
that, and raw frames do not say so."""

HEIGHT_PX: Final = 720
"""See ``WIDTH_PX``."""

FRAMES_A_SECOND: Final = 30
"""Every sensor in use gives it at this size; what is not taken in time is skipped."""

_CAMERA: Final = "{camera}"

_JETSON_FORMAT: Final = f"width={WIDTH_PX},height={HEIGHT_PX},framerate={FRAMES_A_SECOND}/1"

COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    # Raspberry Pi OS of 2023 (Bookworm) and later. Its log goes to standard error.
    "csi-rpi": (
        *("rpicam-vid", "--camera", _CAMERA, "--nopreview", "--timeout", "0"),
        *("--codec", "yuv420", "--width", str(WIDTH_PX), "--height", str(HEIGHT_PX)),
        *("--framerate", str(FRAMES_A_SECOND), "--flush", "--output", "-"),
    ),
    # JetPack 5 and later. nvarguscamerasrc prints to standard output, so frames have a file apart.
    "csi-jetson": (
        *("gst-launch-1.0", "--quiet", "nvarguscamerasrc", f"sensor-id={_CAMERA}", "!"),
        f"video/x-raw(memory:NVMM),{_JETSON_FORMAT}",
        *("!", "nvvidconv", "!", "video/x-raw,format=I420", "!"),
        *("fdsink", f"fd={FRAMES_FILE}", "sync=false"),
    ),
}
"""Program and arguments by ``vision.source.kind``."""

_MAXIMUM_CAMERAS: Final = 8
"""More than any board has connectors for."""


def open_camera(settings: SourceSection) -> PipeCamera:
    """Start the program of a CSI camera, and wait for its first frame.

    Args:
        settings: Kind ``csi-rpi`` or ``csi-jetson``; the address is the number of the camera.

    Returns:
        The camera.

    Raises:
        NoSuchSourceError: The address is no number of a camera, or the program is not installed.
        FrameSourceError: The program gives no frame; the message says how it ended.
    """
    address = settings.address
    if not (address.isdecimal() and address.isascii() and int(address) < _MAXIMUM_CAMERAS):
        raise NoSuchSourceError(
            f"vision.source.address is {address!r}, but a CSI camera has a number: 0 for the first"
        )
    command = [part.replace(_CAMERA, address) for part in COMMANDS[settings.kind]]
    program = shutil.which(command[0])
    if program is None:
        raise NoSuchSourceError(
            f"{command[0]}: there is no such program, and kind {settings.kind} needs it; "
            "install it, or set vision.source.kind to what the camera is"
        )
    try:
        return open_pipe_camera(PipeProgram((program, *command[1:]), WIDTH_PX, HEIGHT_PX))
    except FrameSourceError as error:
        raise FrameSourceError(
            f"{settings.kind} camera {address}: {error}; check its cable and its number"
        ) from error
