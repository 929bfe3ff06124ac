"""A file that is made of the answers, before it is written."""

from dataclasses import dataclass
from typing import Final

from edge_lpr.installation.keeping import PUBLIC_MODE, SECRET_MODE


@dataclass(frozen=True, slots=True)
class SystemFile:
    """One file of the running system, below ``/run``."""

    path: str
    """Absolute, as a booth has it."""
    text: str
    """What it says. No ``repr`` is made of one that is secret."""
    is_secret: bool = False
    """Whether it is for its owner alone."""
    user: str | None = None
    """Whom it belongs to; ``None`` for root."""

    def __repr__(self) -> str:
        return f"SystemFile({self.path!r})"

    @property
    def mode(self) -> int:
        """Its permissions."""
        return SECRET_MODE if self.is_secret else PUBLIC_MODE


MADE: Final = "# Made at each boot by edge-lpr configure from installation.toml; do not edit.\n"
"""First line of every file, so that nobody edits it in vain."""
