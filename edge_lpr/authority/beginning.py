"""Where an authority may be made, and whether one that is there was made to its end.

The first entry of the journal is what completes the making. Until it is there, nobody has had
anything of this authority, and it may be made anew; from then on nothing of it is ever removed,
whatever else was lost.
"""

from pathlib import Path
from typing import Final

from edge_lpr.authority.ownership import require_own
from edge_lpr.authority.places import CONFIGURATION_FILE, DATA_BASE_FILE
from edge_lpr.authority.store import Store
from edge_lpr.authority.wrapping import ROOT, WrappingKeys
from edge_lpr.core.errors import AuthorityError

_SIGNS_OF_LIFE: Final = (
    "SELECT EXISTS (SELECT 1 FROM journal) OR EXISTS (SELECT 1 FROM device) "
    "OR EXISTS (SELECT 1 FROM epoch)"
)


def was_completed(store: Store) -> bool:
    """Return whether an authority was made to its end.

    Args:
        store: Its data base. One whose journal somebody has emptied still has devices and keys.
    """
    return store.rows(_SIGNS_OF_LIFE) == [(1,)]


def require_unused(folder: Path, wrapping: WrappingKeys) -> None:
    """Make the folder, and refuse one, or a place of wrapping keys, that is in use.

    What a power cut has left of a making is removed.

    Args:
        folder: Where an authority is to be made.
        wrapping: Where its wrapping keys are to be.

    Raises:
        AuthorityError: Either belongs to an authority already.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        require_own(folder)
        _require_no_authority(folder, wrapping)
        for file in sorted(folder.glob(f"{DATA_BASE_FILE}*")):
            file.unlink()
    except OSError as error:
        raise AuthorityError(
            f"{folder}: cannot be made ready ({error.strerror}); name a folder that this user "
            "may write"
        ) from error


def _require_no_authority(folder: Path, wrapping: WrappingKeys) -> None:
    """Refuse what belongs to an authority that was made to its end."""
    data_base, configuration = folder / DATA_BASE_FILE, folder / CONFIGURATION_FILE
    is_half_made = data_base.exists() and not _is_living(data_base)
    if configuration.exists() and not is_half_made:
        raise AuthorityError(f"{folder}: holds an authority already; name another folder")
    if data_base.exists() and not is_half_made:
        raise AuthorityError(
            f"{folder}: holds an authority whose {CONFIGURATION_FILE} is lost; restore that file "
            "from a backup, or write it again (docs/authority.md), or name another folder"
        )
    if wrapping.names() - ({ROOT} if is_half_made else set()):
        raise AuthorityError(
            f"{wrapping.place}: holds the wrapping keys of another authority; name an empty "
            "folder or token"
        )


def _is_living(data_base: Path) -> bool:
    """Return whether a data base holds an authority that was made to its end."""
    store = Store(data_base)
    try:
        return was_completed(store)
    finally:
        store.close()
