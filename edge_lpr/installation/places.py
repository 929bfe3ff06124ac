"""Where everything of an installation lies on a booth, below a root that a test can choose."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from edge_lpr.core.errors import InstallationError
from edge_lpr.installation.model import INSTALLATION_FILE_NAME
from edge_lpr.wire.deployment import DEPLOYMENT_FILE_NAME

Board = Literal["rpi", "jetson", "generic-arm64", "generic-amd64"]
"""What an image is made for."""

SYSTEM_FOLDER: Final = Path("/run/edge-lpr-system")
"""What is made anew at each boot and has no place of its own; gone without power."""

_MAXIMUM_IMAGE_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Places:
    """The files of a booth."""

    root: Path
    """``/`` on a booth."""
    boot: Path
    """Where the boot partition is mounted, whose files an installer writes on his laptop."""
    templates: Path
    """What is filled: ``booth.toml``, ``nftables.d``, and the units' folders in ``drop-ins``."""

    def below(self, path: Path) -> Path:
        """Return an absolute path of a booth below the root.

        Args:
            path: Such as ``/run/edge-lpr-system``.
        """
        return self.root / path.relative_to("/")

    @property
    def boot_lock(self) -> Path | None:
        """Whom programs that write to the boot partition wait at; ``None`` for a booth's own."""
        return None if self.root == Path("/") else self.root / "run/edge-lpr-boot.lock"

    @property
    def installation(self) -> Path:
        """The answers that are in force; of root alone, on the encrypted partition."""
        return self.root / "etc/edge-lpr" / INSTALLATION_FILE_NAME

    @property
    def deployment(self) -> Path:
        """The bundle that the installer brought."""
        return self.root / "etc/edge-lpr" / DEPLOYMENT_FILE_NAME

    @property
    def settings(self) -> Path:
        """The settings of the three processes."""
        return self.root / "etc/edge-lpr/booth.toml"

    @property
    def lanes(self) -> Path:
        """The lanes that a technician has drawn, if one has."""
        return self.root / "etc/edge-lpr/lanes.toml"

    @property
    def enrolled_deployment(self) -> Path:
        """The bundle of the last answer of the authority."""
        return self.root / "var/lib/edge-lpr/enrolment" / DEPLOYMENT_FILE_NAME

    @property
    def device_certificate(self) -> Path:
        """Who the authority says that this booth is; there is none until it is enrolled."""
        return self.root / "var/lib/edge-lpr/tokeniser/device-certificate"


@dataclass(frozen=True, slots=True)
class Machine:
    """What the answers meet: the board, and what it has."""

    board: Board
    """What the image is made for."""
    has_tpm: bool
    """Whether the kernel has found a TPM 2.0."""


def find_machine(root: Path) -> Machine:
    """Return what this machine is.

    Args:
        root: ``/`` on a booth.

    Raises:
        InstallationError: The image does not say what it is made for.
    """
    image = root / "usr/lib/edge-lpr/image.json"
    try:
        with image.open("rb") as file:
            board = json.loads(file.read(_MAXIMUM_IMAGE_BYTES))["board"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InstallationError(
            f"{image}: does not say which board the image is for; flash the card again"
        ) from error
    if board not in get_args(Board):
        raise InstallationError(f"{image}: names a board that is none of {get_args(Board)}")
    # The resource manager's device exists for a TPM 2.0 only.
    return Machine(board, has_tpm=(root / "dev/tpmrm0").exists())
