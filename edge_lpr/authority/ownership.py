"""Whose an authority is: everything in it belongs to one user, and that user does everything."""

import os
import pwd
from pathlib import Path

from edge_lpr.core.errors import AuthorityError


def require_own(path: Path) -> None:
    """Refuse to work on what belongs to another user, also as root.

    What root makes beside it, its owner could not read any more, and the timer would stand still.

    Args:
        path: An existing file or folder.

    Raises:
        AuthorityError: It belongs to another user; the sentence says which, and what to type.
        OSError: It cannot be reached.
    """
    owner = path.stat().st_uid
    if owner != os.geteuid():
        name = _name_of(owner)
        raise AuthorityError(
            f"{path}: belongs to {name}; do this as that user: "
            f"sudo -u {name} edge-lpr authority ..."
        )


def _name_of(user: int) -> str:
    """Return a user's name, or its number."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
