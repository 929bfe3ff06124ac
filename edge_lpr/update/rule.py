"""Which bundle may take the place of the system that runs. Pure; the signature is RAUC's matter."""

from dataclasses import dataclass

from edge_lpr.core.errors import BundleRefusedError
from edge_lpr.update.running import RunningImage
from edge_lpr.update.versions import SystemVersion


@dataclass(frozen=True, slots=True)
class BundleName:
    """What a bundle's manifest, which is signed, says of it."""

    compatible: str
    """For which boards it is."""
    version: SystemVersion
    """Of the system inside."""


def require_newer(bundle: BundleName, running: RunningImage, highest: SystemVersion | None) -> None:
    """Refuse a bundle that is for another board, or not newer.

    Higher than what runs, and not lower than what was ever good here. The two differ where the
    newer system can no longer be read and the older one runs in its place: then the newer one may
    come again, and nothing between the two. A version that failed was never good, so it may be
    tried again.

    Args:
        bundle: The one that wants in.
        running: The system that runs.
        highest: The highest version that was ever good; ``None`` if none was noted.

    Raises:
        BundleRefusedError: It may not, and why.
    """
    if bundle.compatible != running.compatible:
        raise BundleRefusedError(
            f"the bundle is for {bundle.compatible}, and this booth is {running.compatible}; "
            "take the bundle of this board"
        )
    if bundle.version <= running.version:
        raise BundleRefusedError(
            f"the bundle's version {bundle.version} is not higher than {running.version}, which "
            "runs; versions only rise"
        )
    if highest is not None and bundle.version < highest:
        raise BundleRefusedError(
            f"the bundle's version {bundle.version} is lower than {highest}, which was good here; "
            "versions only rise"
        )
