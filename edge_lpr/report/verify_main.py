"""``edge-lpr verify-bundle``: has a booth signed this bundle, and what is in it? Offline."""

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path

from edge_lpr.core.errors import EdgeLprError, WireError
from edge_lpr.report.screen import shown
from edge_lpr.report.sealing import MAXIMUM_BUNDLE_BYTES, verify_bundle
from edge_lpr.subscriber.key_files import read_authority_key


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify and show a bundle.

    Args:
        arguments: The words after ``edge-lpr verify-bundle``; those of the process if left out.

    Returns:
        0 if all of it holds, else 1.
    """
    parser = argparse.ArgumentParser(
        prog="edge-lpr verify-bundle",
        description="Whether a booth has signed a diagnostics bundle, and what is in it.",
        epilog="docs/report.md says what it can hold.",
    )
    parser.add_argument("bundle", type=Path, help="what edge-lpr export-bundle has written")
    parser.add_argument(
        "--authority",
        type=Path,
        required=True,
        help="public key of the authority, or the deployment bundle",
    )
    chosen = parser.parse_args(arguments)
    try:
        verified = verify_bundle(_read(chosen.bundle), read_authority_key(chosen.authority))
    except EdgeLprError as error:
        sys.stderr.write(f"edge-lpr verify-bundle: {chosen.bundle}: {error}\n")
        return 1
    address = verified.certificate.address
    at = dt.datetime.fromtimestamp(verified.at, dt.timezone.utc)
    sys.stdout.write(
        f"signed by {address.tenant}/{address.site}/{address.device}, {at:%Y-%m-%d %H:%M:%S} UTC "
        f"by its clock ({verified.tq.value})\n\n{shown(verified.report)}"
    )
    return 0


def _read(path: Path) -> bytes:
    """Return a bundle, or a little more than one may have."""
    try:
        with path.open("rb") as file:
            return file.read(MAXIMUM_BUNDLE_BYTES + 1)
    except OSError as error:
        raise WireError(f"cannot be read ({error.strerror})") from error


if __name__ == "__main__":
    sys.exit(main())
