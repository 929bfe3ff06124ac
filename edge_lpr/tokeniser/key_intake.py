"""Where deliveries of token keys come from: the publisher, and files that somebody has brought.

A delivery is taken, refused for good, or not taken *yet*: the clock is not set, or the disk cannot
be written. Then it waits here, the last one only, and is tried again every few seconds. A booth
whose network has come back gets its keys before its clock is right, so that is no rare case.

Files are for booths without a network and for the first keys, which enrolment brings. One that is
taken is removed, one that is refused is put aside as ``*.refused`` for somebody to look at, and one
that is not taken yet stays. What a delivery must satisfy is left to ``key_desk.py``.
"""

import os
import stat
from enum import Enum
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import (
    EdgeLprError,
    KeyFileError,
    NoValidKeyError,
    SealedToOtherKeyError,
    WireError,
)
from edge_lpr.core.log import Log
from edge_lpr.tokeniser.funnel import Funnel
from edge_lpr.tokeniser.key_keeper import KeyKeeper
from edge_lpr.wire.key_delivery import MAXIMUM_DELIVERY_BYTES

LOOK_INTERVAL_NS: Final = 3_000_000_000
"""How often files and what waits are looked at: somebody may stand beside it."""

ANNOUNCE_AGAIN_NS: Final = 60_000_000_000
"""Least time between two announcements because of deliveries that do not open: a broker can play
old ones again and again."""

MOST_FILES: Final = 16
"""Files looked at in one go, in the order of their names."""

_SUFFIX: Final = ".lprkeys"
_REFUSED_SUFFIX: Final = ".refused"


class Outcome(Enum):
    """What became of a delivery."""

    TAKEN = "taken"
    REFUSED = "refused"
    LATER = "later"


class KeyIntake:
    """Takes deliveries, says what became of them; used by one thread at a time."""

    def __init__(
        self,
        keeper: KeyKeeper,
        folder: Path,
        *,
        funnel: Funnel,
        log: Log,
        clock: Clock,
    ) -> None:
        """Begin with nothing that waits.

        Args:
            keeper: Takes the keys.
            folder: Where files are put; it need not be there.
            funnel: Counts ``deliveries`` and ``deliveries_refused``.
            log: Told what was taken, and why not.
            clock: Its monotonic time spaces the looks.
        """
        self._keeper = keeper
        self._folder = folder
        self._funnel = funnel
        self._log = log
        self._complaints = Complaints(log, clock)
        self._clock = clock
        self._waiting: bytes | None = None
        self._next_look_ns = clock.monotonic_ns()
        self._next_again_ns = clock.monotonic_ns()

    def take(self, untrusted_delivery: bytes) -> Outcome:
        """Take a delivery that the publisher has brought.

        Args:
            untrusted_delivery: Of any content.

        Returns:
            What became of it; one that cannot be taken yet waits.
        """
        outcome = self._take(untrusted_delivery)
        if outcome is Outcome.LATER:
            self._waiting = untrusted_delivery
        elif outcome is Outcome.TAKEN or untrusted_delivery == self._waiting:
            # One that is refused says nothing about another that waits: anybody may send it.
            self._waiting = None
        return outcome

    def look_around(self) -> None:
        """Try again what waits, and take files; at most once in ``LOOK_INTERVAL_NS``."""
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._next_look_ns:
            return
        self._next_look_ns = now_ns + LOOK_INTERVAL_NS
        if self._waiting is not None:
            self.take(self._waiting)
        try:
            for path in self._files():
                self._take_file(path)
        except OSError as error:
            self._complaints.about("keys_refused", _file_error(self._folder, error))

    def _take(self, untrusted_delivery: bytes) -> Outcome:
        """Take a delivery, and say what became of it."""
        try:
            taken = self._keeper.take(untrusted_delivery)
        except (NoValidKeyError, KeyFileError) as error:
            self._complaints.about("keys_wait", error)
            return Outcome.LATER
        except WireError as error:
            if isinstance(error, SealedToOtherKeyError):
                self._announce_again()
            self._funnel.count("deliveries_refused")
            self._complaints.about("keys_refused", error)
            return Outcome.REFUSED
        self._funnel.count("deliveries")
        self._log.info("keys_taken", seq=taken.number, days=len(taken.epochs))
        if taken.is_other_today:
            self._log.warning(
                "keys_differ",
                detail="the authority has another key for today than the one in use, which goes on "
                "being used until midnight UTC; its data base may have been lost or restored",
            )
        return Outcome.TAKEN

    def _announce_again(self) -> None:
        """Have the newest key announced to whoever used an older one, within bounds."""
        now_ns = self._clock.monotonic_ns()
        if now_ns >= self._next_again_ns:
            self._next_again_ns = now_ns + ANNOUNCE_AGAIN_NS
            self._keeper.announce_again()

    def _files(self) -> list[Path]:
        """Return the files that wait to be taken, in the order of their names."""
        if not self._folder.is_dir():
            return []
        names = [path for path in self._folder.iterdir() if path.suffix == _SUFFIX]
        return sorted(names)[:MOST_FILES]

    def _take_file(self, path: Path) -> None:
        """Take one file, and remove it, put it aside or leave it."""
        try:
            untrusted_content = _read(path)
        except KeyFileError as error:
            self._complaints.about("keys_refused", error)
            path.rename(path.with_name(path.name + _REFUSED_SUFFIX))
            return
        outcome = self._take(untrusted_content)
        if outcome is Outcome.TAKEN:
            path.unlink()
        elif outcome is Outcome.REFUSED:
            path.rename(path.with_name(path.name + _REFUSED_SUFFIX))


def _read(path: Path) -> bytes:
    """Return a file's content, bounded; a link, a pipe or a device is not opened."""
    try:
        # O_NONBLOCK: opening a named pipe would otherwise wait for its writer for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _file_error(path, error) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise KeyFileError(f"{path}: is no regular file; put the delivery itself there")
        # One more than there can be, so that a longer one is refused and not cut; and a text
        # editor ends its files with a newline.
        return os.read(descriptor, MAXIMUM_DELIVERY_BYTES + 2).rstrip(b"\r\n")
    finally:
        os.close(descriptor)


def _file_error(path: Path, error: OSError) -> EdgeLprError:
    """Return what is said about a file that cannot be read, removed or renamed."""
    return KeyFileError(
        f"{path}: cannot be taken ({error.strerror}); file and folder must belong to this "
        "process's user"
    )
