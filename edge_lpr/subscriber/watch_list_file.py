"""The watch-list as it is now: read again when the authority has compiled another one.

Either one file, or the folder that ``edge-lpr authority watchlist compile`` writes, or a copy of
it::

    FOLDER/SITE/EPOCH/servers.jsonl

A thread of its own looks every other second and reads what has changed, so that a long list holds
up no sighting, and a plate that was added at night is found by the first vehicle after. What is
still being written is left alone until it rests. A list that makes no sense is said and does not
take the place of the one before.
"""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from edge_lpr.core.errors import SettingsError
from edge_lpr.core.file_stamp import FileStamp, file_stamp
from edge_lpr.subscriber.watch_list import Hit, WatchList, read_watch_list
from edge_lpr.wire.sighting import SightingClaims
from edge_lpr.wire.topics import NAME_PATTERN

LOOK_EVERY_S: Final = 2.0
"""How often it is looked whether something has changed; one call of the kernel a file."""

MOST_FILES: Final = 10_000
"""Lists in a folder: a thousand sites with ten days each."""

_SERVERS_FILE: Final = "servers.jsonl"
_EPOCH: Final = re.compile(r"0|[1-9][0-9]{0,7}")

_Place: TypeAlias = tuple[str, int] | None
"""Site and epoch of a list in a folder; ``None`` for a file that stands for itself."""


class Search(Protocol):
    """Whatever can be asked what a sighting matches: a list, or what reads it again."""

    def find(self, site: str, claims: SightingClaims) -> Hit | None:
        """Return what a sighting matches."""
        ...


class WatchListFile:
    """A list that follows its file or folder. One thread may ask."""

    def __init__(
        self,
        path: Path,
        complain: Callable[[SettingsError], None],
        changed: Callable[[int], None] | None = None,
    ) -> None:
        """Read the list for the first time; ``start`` begins to follow it.

        Args:
            path: The file or folder.
            complain: Told of a list that makes no sense, once each time that it changes; called in
                the thread.
            changed: Told, in the thread too, how many tokens are looked for after a change.

        Raises:
            SettingsError: There is none, or it makes no sense: at the start there is none before.
        """
        self._path = path
        self._complain = complain
        self._changed = changed
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._stamps = self._seen = self._look_at_files()
        if not self._stamps:
            raise self._no_lists()
        self._lists = {place: read_watch_list(self._file_of(place)) for place in self._stamps}

    def find(self, site: str, claims: SightingClaims) -> Hit | None:
        """Return what a sighting matches in the list as it is now.

        Args:
            site: Where the sighting was made.
            claims: What it says.
        """
        # Once, because the thread puts others in its place.
        lists = self._lists
        listed = lists.get(None) or lists.get((site, claims.epoch))
        return None if listed is None else listed.find(site, claims)

    def start(self, look_every_s: float = LOOK_EVERY_S) -> None:
        """Begin to follow the file or folder.

        Args:
            look_every_s: Time between two looks.
        """
        self._thread = threading.Thread(
            target=self._follow, args=(look_every_s,), name="watch-list", daemon=True
        )
        self._thread.start()

    @property
    def has_failed(self) -> bool:
        """Whether the thread has ended by an error that nobody has thought of; it is in the log."""
        has_ended = self._thread is not None and not self._thread.is_alive()
        return has_ended and not self._stop.is_set()

    def close(self) -> None:
        """Follow it no more; may be called twice. A list that is being read is not waited for."""
        self._stop.set()

    def look(self) -> None:
        """Read what has changed since the last look but one, and rests since the last."""
        stamps = self._look_at_files()
        is_at_rest, self._seen = stamps == self._seen, stamps
        if not is_at_rest or stamps == self._stamps:
            return
        lists: dict[_Place, WatchList] = {}
        complaints: list[SettingsError] = []
        if not stamps:
            # Somebody who looks for nothing would not notice.
            lists, complaints = dict(self._lists), [self._no_lists()]
        for place, stamp in stamps.items():
            before = self._lists.get(place)
            if before is not None and stamp == self._stamps.get(place):
                lists[place] = before
                continue
            listed = self._read(place, before, complaints)
            if listed is not None:
                lists[place] = listed
        if self._look_at_files() != stamps:
            # It was written while it was read.
            return
        self._lists, self._stamps = lists, stamps
        self._tell(complaints)

    def _tell(self, complaints: Sequence[SettingsError]) -> None:
        """Say what was wrong, or that nothing was."""
        for complaint in complaints:
            self._complain(complaint)
        if self._changed is not None and not complaints:
            self._changed(sum(map(len, self._lists.values())))

    def _read(
        self, place: _Place, before: WatchList | None, complaints: list[SettingsError]
    ) -> WatchList | None:
        """Return a list anew, or the one before if it makes no sense."""
        try:
            return read_watch_list(self._file_of(place))
        except SettingsError as error:
            complaints.append(error)
            return before

    def _follow(self, look_every_s: float) -> None:
        """Look, and look again, until told to stop."""
        while not self._stop.wait(look_every_s):
            self.look()

    def _look_at_files(self) -> Mapping[_Place, FileStamp | None]:
        """Return what changes when a list is replaced or written, for each list."""
        if not self._path.is_dir():
            return {None: file_stamp(self._path)}
        stamps: dict[_Place, FileStamp | None] = {}
        for file in self._path.glob(f"*/*/{_SERVERS_FILE}"):
            site, epoch = file.parts[-3:-1]
            if (
                NAME_PATTERN.fullmatch(site)
                and _EPOCH.fullmatch(epoch)
                and len(stamps) < MOST_FILES
            ):
                stamps[site, int(epoch)] = file_stamp(file)
        return stamps

    def _no_lists(self) -> SettingsError:
        """Return what is to be said of a folder without a list."""
        return SettingsError(
            f"{self._path}: holds no SITE/EPOCH/{_SERVERS_FILE}; name a file of the authority, or "
            "the folder that it compiles its lists to"
        )

    def _file_of(self, place: _Place) -> Path:
        """Return where a list is."""
        if place is None:
            return self._path
        site, epoch = place
        return self._path / site / str(epoch) / _SERVERS_FILE
