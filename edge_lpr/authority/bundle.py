"""The deployment bundle beside the data base: written, read, and changed later.

Booths get the bundle with their first answer and with every renewal, as it is on the disk then.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import AuthorityError, InputRefusedError, KeyFileError, WireError
from edge_lpr.core.secret_file import write_secret_file
from edge_lpr.wire.deployment import (
    DEPLOYMENT_FILE_NAME,
    MAXIMUM_DEPLOYMENT_BYTES,
    Deployment,
    read_deployment,
    sign_deployment,
)
from edge_lpr.wire.jws import SigningKey

_PUBLIC: Final = 0o644


def write_bundle(folder: Path, deployment: Deployment, key: SigningKey) -> None:
    """Sign the bundle, and write it whole or not at all.

    Args:
        folder: Of the authority.
        deployment: What it says.
        key: Of the authority.

    Raises:
        AuthorityError: It cannot be written.
    """
    write_file(folder / DEPLOYMENT_FILE_NAME, sign_deployment(deployment, key))


def read_bundle(folder: Path) -> Deployment:
    """Return what the bundle beside the data base says.

    Args:
        folder: Of the authority.

    Raises:
        AuthorityError: It is missing or damaged.
    """
    path = folder / DEPLOYMENT_FILE_NAME
    try:
        with path.open("rb") as file:
            return read_deployment(file.read(MAXIMUM_DEPLOYMENT_BYTES + 1))
    except OSError as error:
        raise AuthorityError(
            f"{path}: cannot be read ({error.strerror}); restore it from a backup"
        ) from error
    except WireError as error:
        raise AuthorityError(f"{path}: {error}; restore it from a backup") from error


def changed(
    deployment: Deployment,
    now_s: int,
    addresses: tuple[tuple[str, tuple[str, ...]], ...],
    technician_ca: str | None,
) -> Deployment:
    """Return a bundle that says something else, and counts in place of the earlier one.

    Args:
        deployment: The earlier one.
        now_s: UTC in whole seconds since 1970.
        addresses: As in the bundle.
        technician_ca: As in the bundle.

    Raises:
        InputRefusedError: Something is out of bounds.
    """
    try:
        return replace(
            deployment,
            # Later than the earlier one whatever the clock says: the newest one counts.
            made_at=max(now_s, deployment.made_at + 1),
            addresses=addresses,
            technician_ca=technician_ca,
        )
    except WireError as error:
        raise InputRefusedError(str(error)) from error


def write_file(path: Path, content: bytes) -> None:
    """Write a file that everybody may read, whole or not at all, and wait for the disk.

    Raises:
        AuthorityError: It cannot be written.
    """
    try:
        write_secret_file(path, content)
        path.chmod(_PUBLIC)
    except (OSError, KeyFileError) as error:
        raise AuthorityError(f"{path}: cannot be written; see that its disk has room") from error
