"""Watch-lists on their way to the tokeniser: sealed parts, in memory only, by epoch.

The broker's retained parts come in any order, the tokeniser wants the manifest first. So chunks
wait for their manifest, and whenever a new one comes all chunks are handed on behind it: some may
have come before it.

Nothing is dropped once it was handed on. The tokeniser keeps its lists in memory alone, and after
its restart gets them from here, instead of some megabytes once more over a link that is paid by the
megabyte.
"""

from dataclasses import dataclass, field
from typing import Final

from edge_lpr.handoff.record_message import WatchListMessage

MAXIMUM_SHELF_BYTES: Final = 16_000_000
"""Three days' lists of 100,000 entries each, with what Python needs to keep them."""

MOST_EPOCHS: Final = 8
"""As many as a booth can have keys for."""

_BYTES_A_PART: Final = 200
"""What a part takes besides its content; measured are 170."""


@dataclass(slots=True)
class _EpochList:
    """What has come of one epoch's list; ``None`` is the manifest's place."""

    parts: dict[int | None, bytes] = field(default_factory=dict)
    waiting: dict[int | None, int] = field(default_factory=dict)
    """Places to be handed on, in this order; none without a manifest. The number says since which
    change: what was in hand before it must be handed on once more."""
    changes: int = 0

    def wait_again(self) -> None:
        """Hand everything on once more."""
        self.changes += 1
        if None in self.parts:
            chunks = sorted(index for index in self.parts if index is not None)
            self.waiting = dict.fromkeys([None, *chunks], self.changes)

    def put(self, index: int | None, content: bytes) -> None:
        """Fill a place."""
        self.parts[index] = content
        if index is None:
            self.wait_again()
        elif None in self.parts:
            self.changes += 1
            self.waiting[index] = self.changes

    def remove(self, index: int | None) -> None:
        """Empty a place."""
        self.parts.pop(index, None)
        if index is None:
            self.waiting.clear()
        self.waiting.pop(index, None)


class ListShelf:
    """Keeps the parts, and says which is handed on next. For one thread at a time."""

    def __init__(self) -> None:
        """Begin empty."""
        self.dropped = 0
        """Parts for which there was no room."""
        self._lists: dict[int, _EpochList] = {}
        self._bytes = 0
        self._has_lost = False
        self._in_hand: tuple[_EpochList, int | None, int] | None = None

    def put(self, part: WatchListMessage) -> None:
        """Keep a part, in place of the one that was there before.

        Lists of later days make room for those of earlier ones.

        Args:
            part: From the broker, not looked at.
        """
        before = self._content(part.epoch, part.index)
        if before == part.untrusted_content:
            return
        more_bytes = _size(part.untrusted_content) - _size(before)
        if not self._make_room(part.epoch, more_bytes):
            self.dropped += 1
            self._has_lost = True
            return
        self._bytes += more_bytes
        epoch_list = self._lists.setdefault(part.epoch, _EpochList())
        epoch_list.put(part.index, part.untrusted_content)

    def remove(self, epoch: int, index: int | None) -> None:
        """Forget a part that the authority has taken back.

        Args:
            epoch: Of its list.
            index: Which chunk; ``None`` for the manifest, without which nothing is handed on.
        """
        content = self._content(epoch, index)
        if content is not None:
            self._bytes -= _size(content)
            self._lists[epoch].remove(index)

    def next_part(self) -> WatchListMessage | None:
        """Return what is to be handed on, the earliest day first; it stays until ``handed``."""
        for epoch in sorted(self._lists):
            epoch_list = self._lists[epoch]
            for index, change in epoch_list.waiting.items():
                self._in_hand = epoch_list, index, change
                return WatchListMessage(epoch, index, epoch_list.parts[index])
        return None

    def handed(self) -> None:
        """Note that the tokeniser has what ``next_part`` returned last.

        If another has come in its place, or a manifest behind which it must go again, it waits on.
        """
        if self._in_hand is None:
            return
        (epoch_list, index, change), self._in_hand = self._in_hand, None
        if epoch_list.waiting.get(index) == change:
            del epoch_list.waiting[index]

    def hand_again(self) -> None:
        """Hand everything on once more, because the tokeniser may be another process."""
        for epoch_list in self._lists.values():
            epoch_list.wait_again()

    def forget_before(self, epoch: int) -> bool:
        """Forget the lists of past days.

        Args:
            epoch: The first one that is still needed.

        Returns:
            Whether there is room now for what had to be dropped before: ask the broker for all.
        """
        past = [each for each in self._lists if each < epoch]
        for each in past:
            self._forget(each)
        if not past or not self._has_lost:
            return False
        self._has_lost = False
        return True

    def _make_room(self, epoch: int, more_bytes: int) -> bool:
        """Drop lists of later days until there is room, and return whether there is."""
        while self._is_too_much(epoch, more_bytes):
            last = max(self._lists, default=epoch)
            if last <= epoch:
                return False
            self.dropped += len(self._lists[last].parts)
            self._has_lost = True
            self._forget(last)
        return True

    def _is_too_much(self, epoch: int, more_bytes: int) -> bool:
        """Return whether the shelf would be too full."""
        epochs = len(self._lists.keys() | {epoch})
        return epochs > MOST_EPOCHS or self._bytes + more_bytes > MAXIMUM_SHELF_BYTES

    def _forget(self, epoch: int) -> None:
        """Drop a day's list."""
        self._bytes -= sum(map(_size, self._lists.pop(epoch).parts.values()))

    def _content(self, epoch: int, index: int | None) -> bytes | None:
        """Return what lies in a place."""
        epoch_list = self._lists.get(epoch)
        return None if epoch_list is None else epoch_list.parts.get(index)


def _size(content: bytes | None) -> int:
    """Return how much memory a part takes."""
    return 0 if content is None else len(content) + _BYTES_A_PART
