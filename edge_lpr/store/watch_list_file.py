"""The watch-list's file, read again when it changes, so that a new day needs no restart."""

from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import SettingsError
from edge_lpr.core.file_stamp import file_stamp
from edge_lpr.core.log import Log
from edge_lpr.subscriber.watch_list import WatchList, read_watch_list

_LOOK_PAUSE_NS: Final = 2_000_000_000
"""Between two looks at the file."""


class WatchListFile:
    """Gives the list of a file; both lists are held only while a new one is read."""

    def __init__(self, file: Path, log: Log, clock: Clock) -> None:
        """Read the file.

        Args:
            file: Compiled by the authority.
            log: Hears of every later version; where one is wrong the list before it stands.
            clock: Spaces the looks.

        Raises:
            SettingsError: The file cannot be read, or a line is no entry.
        """
        self._file = file
        self._log = log
        self._complaints = Complaints(log, clock)
        self._clock = clock
        # Before it is read: what is written meanwhile is seen as a change.
        self._stamp = file_stamp(file)
        self._looked_ns = clock.monotonic_ns()
        self._watch_list = read_watch_list(file)

    def current(self) -> WatchList:
        """Return the list of now. One that has changed is read first, and that may take seconds."""
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._looked_ns < _LOOK_PAUSE_NS:
            return self._watch_list
        self._looked_ns = now_ns
        stamp = file_stamp(self._file)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._watch_list = read_watch_list(self._file)
            except SettingsError as error:
                self._complaints.about("watch_list_refused", error)
            else:
                self._log.info("watch_list_changed", rows=len(self._watch_list))
        return self._watch_list
