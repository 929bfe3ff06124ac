"""What the tokeniser tells the audit: which keys it holds, the watch-list in force, signed gaps.

A file of lines in a folder of the tokeniser's own in memory, numbers and digests alone: no key, no
token, no entry of a list. Whoever reads takes this form and nothing else, so a tokeniser that was
taken over can say nothing with it but numbers. ::

    told 1
    start 0123456789abcdef          boot id of the tokeniser's start
    epochs 20785 20786              that there are keys for, ascending; or none
    in-force 20785                  or none
    list 20785 3 5f08…              epoch, version (0: none yet), digest; only where there are lists
    gaps 7                          signed since that start
    gap 7 0123456789abcdef 5 9 outbox_full        the newest ones, ascending
"""

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.group_file import read_group_file, write_group_file

TOLD_FOLDER: Final = Path("/run/edge-lpr-told")
"""Where a booth's tokeniser puts its files. Not beside its socket: vision, which must come there,
has that folder's group, and a publisher that was taken over could tell it something by gaps."""

TOLD_NAME: Final = "audit-told"
"""Name of the file."""

CERTIFICATE_COPY: Final = "audit-certificate"
"""Beside it: the device certificate, which is public."""

CHECKPOINT_COPY: Final = "audit-checkpoint"
"""Likewise: the newest checkpoint."""

NEWEST_GAPS: Final = 32
"""How many gaps are told at once."""

GAP_REASONS: Final = ("outbox_full", "not_kept")
"""Words of a signed gap (``wire/gap.py``)."""

_MAXIMUM_BYTES: Final = 4096
_FIRST_EPOCH: Final = dt.date(1970, 1, 1)
_EPOCH: Final = "(?:0|[1-9][0-9]{0,5})"
_BOOT: Final = "[0-9a-f]{16}"
_NUMBER: Final = "(?:0|[1-9][0-9]{0,15})"
_GAP: Final = re.compile(
    rf"gap ({_NUMBER}) ({_BOOT}) ({_NUMBER}) ({_NUMBER}) ({'|'.join(GAP_REASONS)})\n"
)
_FILE: Final = re.compile(
    rf"told 1\nstart ({_BOOT})\n"
    rf"epochs (none|{_EPOCH}(?: {_EPOCH}){{0,7}})\nin-force (none|{_EPOCH})\n"
    rf"(?:list ({_EPOCH}) ({_NUMBER}) ([0-9a-f]{{64}})\n)?"
    rf"gaps ({_NUMBER})\n((?:{_GAP.pattern}){{0,{NEWEST_GAPS}}})"
)


@dataclass(frozen=True, slots=True)
class ToldList:
    """The watch-list in force."""

    epoch: int
    """Days since 1970."""
    version: int
    """As the authority signed it; 0 if there is none yet."""
    digest: bytes
    """Likewise, 32 bytes: over tokens, which are under that day's key."""


@dataclass(frozen=True, slots=True)
class ToldGap:
    """Sightings that will never come."""

    number: int
    """Of the gap, from 1, since the tokeniser's start."""
    boot: str
    """Whose sightings they were, 16 hexadecimal digits."""
    first: int
    """Smallest of their numbers."""
    last: int
    """Largest."""
    reason: str
    """One of ``GAP_REASONS``."""


@dataclass(frozen=True, slots=True)
class Told:
    """All that is told."""

    start: str
    """Boot id of the tokeniser's start, 16 hexadecimal digits."""
    epochs: tuple[int, ...]
    """That there are keys for, at most 8, ascending."""
    in_force: int | None
    """The one that tokens are made of now."""
    listed: ToldList | None
    """``None`` where every passage is published."""
    gaps_signed: int
    """Since the start."""
    gaps: tuple[ToldGap, ...]
    """The newest of them, at most ``NEWEST_GAPS``."""

    def content(self) -> bytes:
        """Return it as it stands in the file."""
        of_list = self.listed
        lines = (
            "told 1",
            f"start {self.start}",
            f"epochs {' '.join(map(str, self.epochs)) or 'none'}",
            f"in-force {'none' if self.in_force is None else self.in_force}",
            *(
                [f"list {of_list.epoch} {of_list.version} {of_list.digest.hex()}"]
                if of_list is not None
                else []
            ),
            f"gaps {self.gaps_signed}",
            *(
                f"gap {gap.number} {gap.boot} {gap.first} {gap.last} {gap.reason}"
                for gap in self.gaps
            ),
        )
        return "".join(f"{line}\n" for line in lines).encode("ascii")


def day_of(epoch: int) -> str:
    """Return the day of a key epoch, such as ``2026-12-01``.

    Args:
        epoch: Days since 1970, below a million.
    """
    return (_FIRST_EPOCH + dt.timedelta(days=epoch)).isoformat()


def write_told(path: Path, told: Told) -> None:
    """Tell, whole or not at all.

    Raises:
        OSError: The folder takes no file.
    """
    write_group_file(path, told.content())


def read_told(path: Path) -> Told | None:
    """Return what a tokeniser tells, ``None`` if it tells nothing in the one form there is.

    Args:
        path: The file; its content is untrusted.
    """
    content = read_group_file(path, _MAXIMUM_BYTES)
    found = None if content is None else _FILE.fullmatch(content.decode("ascii", "replace"))
    if found is None:
        return None
    start, epochs, in_force, epoch, version, digest, gaps_signed, gaps = found.groups()[:8]
    return Told(
        start,
        () if epochs == "none" else tuple(map(int, epochs.split())),
        None if in_force == "none" else int(in_force),
        None if epoch is None else ToldList(int(epoch), int(version), bytes.fromhex(digest)),
        int(gaps_signed),
        tuple(
            ToldGap(int(number), boot, int(first), int(last), reason)
            for number, boot, first, last, reason in _GAP.findall(gaps)
        ),
    )
