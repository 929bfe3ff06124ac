"""What runs now: the image's name and version, and whether it is on trial."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from edge_lpr.core.errors import UpdateError
from edge_lpr.update.versions import SystemVersion

IMAGE_FILE: Final = Path("/usr/lib/edge-lpr/image.json")
"""Written into the image where it is built."""

Slot = Literal["A", "B"]
"""One of the two places for a system."""

SLOTS: Final[tuple[Slot, ...]] = ("A", "B")
"""In the order of the disk."""

_MAXIMUM_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class RunningImage:
    """The image that this system was started from."""

    board: str
    """Such as ``generic-amd64``."""
    version: SystemVersion
    """Of the image."""
    compatible: str
    """What a bundle must call itself to fit, such as ``edge-lpr-generic-amd64``."""


def read_running_image(path: Path = IMAGE_FILE) -> RunningImage:
    """Return what runs.

    Args:
        path: The image's description of itself.

    Raises:
        UpdateError: It is missing or makes no sense: this is no booth's image.
    """
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_MAXIMUM_BYTES))
        return RunningImage(
            board=str(content["board"]),
            version=SystemVersion(content["version"]),
            compatible=str(content["compatible"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UpdateError(
            f"{path}: is missing or damaged; updates are for booths that were flashed with an "
            "image of scripts/build_image"
        ) from error
