"""Reads the custodian's bundle for a card: whole, and signed by the key that it names."""

from dataclasses import dataclass
from pathlib import Path

from edge_lpr.core.errors import InstallationError, WireError
from edge_lpr.wire.deployment import MAXIMUM_DEPLOYMENT_BYTES, Deployment, read_deployment


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was checked."""

    content: bytes
    """As it goes onto the card."""
    deployment: Deployment
    """What it says."""


def read_bundle(path: Path) -> Bundle:
    """Return a bundle; whether its key is the agency's, a person says who compares fingerprints.

    Args:
        path: ``deployment.lpr``.

    Raises:
        InstallationError: It cannot be read, or is not what some authority has signed.
    """
    try:
        with path.open("rb") as file:
            untrusted_content = file.read(MAXIMUM_DEPLOYMENT_BYTES + 1)
        return Bundle(untrusted_content, read_deployment(untrusted_content))
    except OSError as error:
        raise InstallationError(
            f"{path}: cannot be read ({error.strerror}); the key custodian sends deployment.lpr"
        ) from error
    except WireError as error:
        raise InstallationError(
            f"{path}: is no whole bundle ({error}); ask the key custodian for deployment.lpr again"
        ) from error
