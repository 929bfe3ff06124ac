"""From a plate reading to the tokens of a passage: every rule, and no input or output.

1. The lane exists in the settings.
2. While somebody shows the test card, its plate ends here (``card_watch.py``).
3. The time of the passage is known, and with it the key epoch.
4. There is a key for that epoch. A weaker token is never made instead.
5. In hit-only mode there is a watch-list for that epoch.
6. The canonical plate is built in one buffer, both tokens are made, and the buffer is wiped.
7. In hit-only mode a passage that is not on the list ends here: its tokens are overwritten.
8. Its time is rounded down to what the settings say.

What vision says about itself is kept beside. Pace and sockets are left to ``receive.py``, numbering
and signing to ``boot.py``.
"""

from typing import Final, Literal, TypeAlias

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH
from edge_lpr.core.clock import Clock, TimeQuality, epoch_of
from edge_lpr.core.errors import HandoffError, NoValidKeyError
from edge_lpr.core.settings import BoothSettings
from edge_lpr.core.wipe import wipe, wipe_octets
from edge_lpr.handoff.reading_message import ReadingMessage
from edge_lpr.tokeniser.card_watch import CardWatch
from edge_lpr.tokeniser.chain import Passage
from edge_lpr.tokeniser.hit_list import HitList
from edge_lpr.tokeniser.vision_watch import VisionWatch
from edge_lpr.tokens.canonical import canonical_from_indices
from edge_lpr.tokens.key_ring import KeyRing
from edge_lpr.tokens.suite1 import TokenKeys, TokenPair, TokenScope, make_tokens
from edge_lpr.wire.sighting import bucket_reads

PAST_KEY_KEPT_S: Final = 900
"""A past epoch's key stays 15 minutes, for passages in flight: the oldest reading that the
handoff carries is ten minutes old."""

Unpublished: TypeAlias = Literal["no_list", "not_listed", "refused"]
"""Why a passage is not published: in hit-only mode for want of a list or of an entry; refused is
the test card while somebody tests. Also the name of its counter."""

_MS: Final = 1000
"""Milliseconds in a second."""

_NS_PER_S: Final = 1_000_000_000


class Relay:
    """The rules of the tokeniser."""

    def __init__(
        self,
        settings: BoothSettings,
        key_ring: KeyRing,
        clock: Clock,
        hit_list: HitList | None = None,
    ) -> None:
        """Relay for one booth.

        Args:
            settings: Who the booth is, and which lanes it has.
            key_ring: Token keys; past ones are wiped by ``forget_past_keys``.
            clock: Decides the epoch, on this process's own authority.
            hit_list: What is looked for in hit-only mode; ``None`` where every passage is
                published.
        """
        self.vision = VisionWatch(clock)
        """What vision says about itself, for the next health record."""
        self.card = CardWatch(clock)
        """Whether somebody shows the test card, and what was heard of it."""
        self._booth = settings.booth
        self._lanes = frozenset(lane.number for lane in settings.lanes)
        self._key_ring = key_ring
        self._clock = clock
        self._hit_list = hit_list
        self._time_resolution_s = settings.tokeniser.time_resolution_s
        self._canonical = bytearray(MAX_PLATE_LENGTH)
        self._past_since_ns: int | None = None
        self._lists_from: int | None = None

    @property
    def is_hit_only(self) -> bool:
        """Whether passages that are not looked for must leave nothing behind."""
        return self._hit_list is not None

    def passage_of(self, reading: ReadingMessage, *, received_unix_s: int) -> Passage | Unpublished:
        """Make the tokens of a reading, and wipe the plate whatever comes of it.

        Args:
            reading: A checked reading; its plate is wiped.
            received_unix_s: When it came, on this process's clock. Its age is vision's word.

        Returns:
            The passage, ready to be signed, or why there is none to publish.

        Raises:
            HandoffError: The settings have no such lane.
            NoValidKeyError: There is no key for the passage's epoch, or no clock to tell it by.
        """
        try:
            if reading.lane not in self._lanes:
                raise HandoffError(
                    f"a reading is for lane {reading.lane}, but the lanes are "
                    f"{sorted(self._lanes)}; give vision and tokeniser the same settings"
                )
            if self.card.is_open() and self._is_card(reading):
                return "refused"
            time_quality = self._clock.quality()
            if time_quality is TimeQuality.NONE:
                raise NoValidKeyError(
                    "the clock was reset and nothing has set it since, or it is earlier than the "
                    "authority's last delivery, so no epoch can be told; let the device reach a "
                    "time server"
                )
            at_unix_s = received_unix_s - (reading.age_ms + _MS // 2) // _MS
            epoch = epoch_of(at_unix_s)
            keys = self._key_ring.keys_for(epoch)
            if self._hit_list is not None and not self._hit_list.has_list(epoch):
                return "no_list"
            tokens = self._tokens_of(reading, keys, epoch)
            match = None if self._hit_list is None else self._hit_list.find(epoch, tokens)
            if self._hit_list is not None and match is None:
                _overwrite(tokens)
                return "not_listed"
            return Passage(
                # An epoch is a whole number of each resolution, so it stays the same.
                at_unix_s=at_unix_s - at_unix_s % self._time_resolution_s,
                time_quality=time_quality,
                lane=reading.lane,
                direction=reading.direction,
                epoch=epoch,
                tokens=tokens,
                confidence_bucket=reading.confidence_bucket,
                reads_bucket=bucket_reads(reading.agreeing_readings),
                entry=None if match is None else match.entry,
                possible=match is not None and match.possible,
            )
        finally:
            reading.wipe()

    def forget_past_keys(self) -> None:
        """Wipe the keys of epochs from which no passage can come any more.

        Their file is left to ``key_keeper.py``. A clock that nothing has set must not decide about
        keys, nor one that has jumped ahead and will be set right in a minute: it must have said so
        for the whole time on the monotonic clock too.
        """
        now_s, now_ns = self._clock.unix_s(), self._clock.monotonic_ns()
        if self._lists_from is not None and epoch_of(now_s) < self._lists_from:
            # The clock was ahead, and today's list must not be refused for that.
            self._keep_lists_from(epoch_of(now_s))
        is_past = any(epoch < epoch_of(now_s) for epoch in self._held_epochs())
        if not is_past or self._clock.quality() is TimeQuality.NONE:
            self._past_since_ns = None
            return
        if self._past_since_ns is None:
            self._past_since_ns = now_ns
        if now_ns - self._past_since_ns >= PAST_KEY_KEPT_S * _NS_PER_S:
            first = epoch_of(now_s - PAST_KEY_KEPT_S)
            self._key_ring.wipe_before(first)
            self._keep_lists_from(first)

    def _keep_lists_from(self, epoch: int) -> None:
        """Forget the watch-lists of earlier days."""
        if self._hit_list is not None:
            self._lists_from = epoch
            self._hit_list.keep_from(epoch)

    def _held_epochs(self) -> tuple[int, ...]:
        """Return the epochs that there are keys or watch-lists for."""
        lists = () if self._hit_list is None else self._hit_list.epochs()
        return (*self._key_ring.epochs(), *lists)

    def _is_card(self, reading: ReadingMessage) -> bool:
        """Tell whether the test card was read; no key of the booth is needed for that."""
        try:
            length = canonical_from_indices(reading.class_indices, self._canonical)
            return self.card.take(memoryview(self._canonical)[:length])
        finally:
            wipe(self._canonical)

    def _tokens_of(self, reading: ReadingMessage, keys: TokenKeys, epoch: int) -> TokenPair:
        """Make both tokens by way of the one buffer that holds plate text, and wipe it."""
        scope = TokenScope(self._booth.tenant, self._booth.site, epoch)
        try:
            length = canonical_from_indices(reading.class_indices, self._canonical)
            return make_tokens(memoryview(self._canonical)[:length], keys, scope)
        finally:
            wipe(self._canonical)


def _overwrite(tokens: TokenPair) -> None:
    """Overwrite the tokens of a passage that nobody looks for; nobody else holds them.

    The copies inside of HMAC are as far away as ever; they are freed, and what comes next takes
    their place.
    """
    wipe_octets(tokens.exact)
    wipe_octets(tokens.fold)
