"""From an image to a card that only needs power: the installer's two files are on it."""

import shutil
from pathlib import Path

from edge_lpr.core.errors import EmulationError
from edge_lpr.emulation.host_side import DEVICE, SITE, HostSide
from edge_lpr.emulation.machine import EmulatedBooth
from edge_lpr.installation.keeping import keep_installation
from edge_lpr.installation.model import INSTALLATION_FILE_NAME, Installation
from edge_lpr.synthesis.lane import write_lane
from edge_lpr.wire.deployment import DEPLOYMENT_FILE_NAME


def flash(
    booth: EmulatedBooth, host: HostSide, *, video: Path | None = None, cars: int = 4
) -> None:
    """Put an installer's answers and bundle on a booth's card, and a lane before its camera.

    Args:
        booth: It is off.
        host: Where it will enrol.
        video: What the camera sees; ``None`` for a rendered lane.
        cars: How many drive through a rendered lane; vision ends when the last has passed.

    Raises:
        EmulationError: There is no such video, or the card cannot be written.
    """
    answers = Installation(site=SITE, device=DEVICE, camera="test", ticket=host.make_ticket())
    file = booth.folder / INSTALLATION_FILE_NAME
    keep_installation(file, answers)
    booth.put_on_boot_partition(file, INSTALLATION_FILE_NAME)
    booth.put_on_boot_partition(host.deployment, DEPLOYMENT_FILE_NAME)
    show_lane(booth, video=video, cars=cars)


def show_lane(booth: EmulatedBooth, *, video: Path | None = None, cars: int = 4) -> None:
    """Put a lane before a booth's camera, ``camera = "test"`` in its answers.

    Args:
        booth: It is off; its card may be flashed by somebody else (``EmulatedBooth.insert``).
        video: What the camera sees; ``None`` for a rendered lane.
        cars: How many drive through a rendered lane; vision ends when the last has passed.

    Raises:
        EmulationError: There is no such video.
    """
    lane = booth.folder / "lane"
    lane.mkdir(exist_ok=True)
    if video is None:
        write_lane(lane / "lane.avi", cars)
    else:
        try:
            shutil.copy(video, lane / "lane.avi")
        except OSError as error:
            raise EmulationError(f"the video {video} cannot be read: {error.strerror}") from error
    booth.set_lane(lane)
