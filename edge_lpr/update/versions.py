"""Versions of a booth's system, such as ``0.1.0+17``: three numbers and that of the build.

RAUC could compare versions itself (``min-bundle-version``), but as semantic versions, in which what
follows a ``+`` does not count: two builds of one release would be equal.
"""

import re
from functools import total_ordering
from typing import Final

from edge_lpr.core.errors import UpdateError

_VERSION: Final = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})\+(\d{1,6})", re.ASCII)


@total_ordering
class SystemVersion:
    """A version that can be compared."""

    __slots__ = ("_numbers",)

    def __init__(self, untrusted_text: str) -> None:
        """Take a version apart.

        Args:
            untrusted_text: Such as ``0.1.0+17``.

        Raises:
            UpdateError: It is no version.
        """
        match = _VERSION.fullmatch(untrusted_text)
        if match is None:
            raise UpdateError("a version must be like 0.1.0+17: three numbers, and the build's")
        self._numbers = tuple(map(int, match.groups()))

    def __str__(self) -> str:
        major, minor, patch, build = self._numbers
        return f"{major}.{minor}.{patch}+{build}"

    def __repr__(self) -> str:
        return f"SystemVersion({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SystemVersion):
            return NotImplemented
        return self._numbers == other._numbers

    def __lt__(self, other: "SystemVersion") -> bool:
        return self._numbers < other._numbers

    def __hash__(self) -> int:
        return hash(self._numbers)
