"""Which image a system's folder is of: ``image.json`` and Debian's ``os-release``."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import ImageError

_IMAGE: Final = Path("usr/lib/edge-lpr/image.json")
_OS_RELEASE: Final = Path("usr/lib/os-release")


@dataclass(frozen=True, slots=True)
class ImageIdentity:
    """Which image it is."""

    name: str
    """Such as ``edge-lpr-generic-amd64``: what updates call compatible."""
    version: str
    """Such as ``0.1.0+1``."""
    distribution: str
    """Debian's name and release as package URLs have them: ``debian-13``."""


def read_identity(root: Path) -> ImageIdentity:
    """Return which image a system's folder is of.

    Args:
        root: The system's root, as a folder of this machine.

    Raises:
        ImageError: A file is missing or makes no sense.
    """
    try:
        image = json.loads((root / _IMAGE).read_bytes())
        words = shlex.split((root / _OS_RELEASE).read_text(encoding="utf-8"), comments=True)
        release = dict(word.split("=", 1) for word in words)
        return ImageIdentity(
            name=image["compatible"],
            version=image["version"],
            distribution=f"{release['ID']}-{release['VERSION_ID']}",
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ImageError(
            f"{root}: is not the root of a booth's system ({_IMAGE} or {_OS_RELEASE} is missing or "
            "damaged)"
        ) from error
