"""Where the parts of an authority are, and how each is opened; how they work is left to others."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from edge_lpr.authority.configuration import Configuration, FilesPlace, read_configuration
from edge_lpr.authority.file_wrapping import FileWrappingKeys
from edge_lpr.authority.folder_lock import FolderLock
from edge_lpr.authority.ownership import require_own
from edge_lpr.authority.store import Store
from edge_lpr.authority.wrapping import WrappingKeys
from edge_lpr.core.errors import AuthorityError

PinSource: TypeAlias = Callable[[], str]
"""Asked for the PIN of a token once, when the authority is opened."""

CONFIGURATION_FILE: Final = "authority.toml"
DATA_BASE_FILE: Final = "authority.sqlite3"


def configuration_of(folder: Path, wrapping_folder: Path | None) -> Configuration:
    """Return what an authority's folder says, with the wrapping keys where they are now.

    Args:
        folder: Of the authority.
        wrapping_folder: Where the wrapping keys are, or ``None`` for where the file says.

    Raises:
        SettingsError: ``authority.toml`` is missing or wrong.
    """
    configuration = read_configuration(folder / CONFIGURATION_FILE)
    if wrapping_folder is None:
        return configuration
    return configuration.model_copy(update={"wrapping": FilesPlace(folder=wrapping_folder)})


def lock_of(folder: Path) -> FolderLock:
    """Return the lock that the data base's transactions hold, not taken."""
    return FolderLock(folder / f"{DATA_BASE_FILE}.lock")


def open_store(folder: Path) -> Store:
    """Open an authority's data base, and make none.

    Raises:
        AuthorityError: It is missing, damaged, or another user's.
    """
    file = folder / DATA_BASE_FILE
    if not file.exists():
        raise AuthorityError(f"{file}: is missing; restore the newest backup")
    require_own(file)
    return Store(file)


def open_wrapping(
    configuration: Configuration, pin: PinSource, lock: FolderLock | None = None
) -> WrappingKeys:
    """Return the wrapping keys that a configuration names.

    Raises:
        AuthorityError: They are not there, or the library for tokens is not installed.
        NotAllowedError: The token refuses the PIN.
    """
    place = configuration.wrapping
    if isinstance(place, FilesPlace):
        return FileWrappingKeys(place.folder)
    try:
        # Only here: who keeps files needs no such library.
        from edge_lpr.authority.pkcs11_wrapping import (  # noqa: PLC0415
            Pkcs11WrappingKeys,
            TokenAddress,
        )
    except ImportError as error:
        raise AuthorityError(
            "tokens need the library python-pkcs11: pip install 'edge-lpr[authority]'"
        ) from error
    return Pkcs11WrappingKeys(TokenAddress(place.module, place.token), pin, lock)
