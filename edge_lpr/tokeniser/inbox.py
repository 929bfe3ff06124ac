"""What the publisher brings from the authority, and what is announced to the authority in return.

For the delivering thread. Deliveries of keys go to the key intake, parts of watch-lists to the hit
list; neither is believed because the publisher brought it.
"""

from collections.abc import Callable
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.core.log import Log
from edge_lpr.handoff.record_message import KeysMessage, WatchListMessage
from edge_lpr.tokeniser.hit_list import HitList, ListNews
from edge_lpr.tokeniser.key_intake import KeyIntake, Outcome
from edge_lpr.tokeniser.key_keeper import KeyKeeper

_NOT_HIT_ONLY: Final = (
    "a watch-list has come, but tokeniser.mode is stream or there is no tokeniser.authority_file; "
    "give publisher and tokeniser the same settings"
)


class Inbox:
    """Takes what comes; the first thing to do in every round is to look around."""

    def __init__(
        self,
        keeper: KeyKeeper,
        intake: KeyIntake,
        hit_list: HitList | None,
        *,
        log: Log,
        clock: Clock,
    ) -> None:
        """Begin with nothing taken.

        Args:
            keeper: Keeps the keys, and knows what is to be announced.
            intake: Takes deliveries.
            hit_list: Takes watch-lists in hit-only mode.
            log: Told of lists that are complete.
            clock: Its monotonic time spaces complaints.
        """
        self._keeper = keeper
        self._intake = intake
        self._hit_list = hit_list
        self._log = log
        self._complaints = Complaints(log, clock)
        self.beat: Callable[[], None] = lambda: None
        """Called now and then during what may take seconds; set by whoever must give signs of
        life meanwhile."""

    @property
    def news(self) -> int | None:
        """Another number whenever there is something to announce; ``None`` if there never is."""
        return self._keeper.news if self._keeper.takes_deliveries else None

    @property
    def keeper(self) -> KeyKeeper:
        """Keeps the keys."""
        return self._keeper

    def look_around(self) -> None:
        """Take what lies in files, or waits."""
        before = self._keeper.news
        self._intake.look_around()
        if self._keeper.news != before:
            self._use_keys()

    def take(self, message: KeysMessage | WatchListMessage) -> None:
        """Take what the publisher has brought, or say why not.

        Args:
            message: Not believed.
        """
        if isinstance(message, KeysMessage):
            if self._intake.take(message.untrusted_jws) is Outcome.TAKEN:
                self._use_keys()
            return
        try:
            self._take_list(message)
        except WireError as error:
            self._complaints.about("watch_list_refused", error)

    def _take_list(self, message: WatchListMessage) -> None:
        """Take a part of a watch-list."""
        if self._hit_list is None:
            raise VerificationError(_NOT_HIT_ONLY)
        if self._hit_list.take(message) is ListNews.COMPLETE:
            self._log.info("watch_list_complete", days=len(self._hit_list.epochs()))

    def _use_keys(self) -> None:
        """Open what has waited for the keys that have come."""
        if self._hit_list is None:
            return
        try:
            if self._hit_list.use_keys(self.beat):
                self._log.info("watch_list_complete", days=len(self._hit_list.epochs()))
        except WireError as error:
            self._complaints.about("watch_list_refused", error)
