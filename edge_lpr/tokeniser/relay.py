"""From a plate reading to the tokens of a passage: every rule, and no input or output.

1. The lane exists in the settings.
2. The time of the passage is known, and with it the key epoch.
3. There is a key for that epoch. A weaker token is never made instead.
4. The canonical plate is built in one buffer, both tokens are made, and the buffer is wiped.

What vision says about itself is kept beside. Pace and sockets are left to ``receive.py``, numbering
and signing to ``boot.py``.
"""

from typing import Final

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH
from edge_lpr.core.clock import Clock, TimeQuality, epoch_of
from edge_lpr.core.errors import HandoffError, NoValidKeyError
from edge_lpr.core.settings import BoothSettings
from edge_lpr.core.wipe import wipe
from edge_lpr.handoff.reading_message import ReadingMessage
from edge_lpr.tokeniser.chain import Passage
from edge_lpr.tokeniser.vision_watch import VisionWatch
from edge_lpr.tokens.canonical import canonical_from_indices
from edge_lpr.tokens.key_ring import KeyRing
from edge_lpr.tokens.suite1 import TokenKeys, TokenPair, TokenScope, make_tokens
from edge_lpr.wire.sighting import bucket_reads

PAST_KEY_KEPT_S: Final = 900
"""A past epoch's key stays 15 minutes, for passages in flight: the oldest reading that the
handoff carries is ten minutes old."""

_MS: Final = 1000
"""Milliseconds in a second."""

_NS_PER_S: Final = 1_000_000_000


class Relay:
    """The rules of the tokeniser."""

    def __init__(self, settings: BoothSettings, key_ring: KeyRing, clock: Clock) -> None:
        """Relay for one booth.

        Args:
            settings: Who the booth is, and which lanes it has.
            key_ring: Token keys; past ones are wiped by ``forget_past_keys``.
            clock: Decides the epoch, on this process's own authority.
        """
        self.vision = VisionWatch(clock)
        """What vision says about itself, for the next health record."""
        self._booth = settings.booth
        self._lanes = frozenset(lane.number for lane in settings.lanes)
        self._key_ring = key_ring
        self._clock = clock
        self._canonical = bytearray(MAX_PLATE_LENGTH)
        self._past_since_ns: int | None = None

    def passage_of(self, reading: ReadingMessage, *, received_unix_s: int) -> Passage:
        """Make the tokens of a reading, and wipe the plate whatever comes of it.

        Args:
            reading: A checked reading; its plate is wiped.
            received_unix_s: When it came, on this process's clock. Its age is vision's word.

        Returns:
            The passage, ready to be signed.

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
            time_quality = self._clock.quality()
            if time_quality is TimeQuality.NONE:
                raise NoValidKeyError(
                    "the clock was reset and nothing has set it since, so no epoch can be told; "
                    "let the device reach a time server"
                )
            at_unix_s = received_unix_s - (reading.age_ms + _MS // 2) // _MS
            epoch = epoch_of(at_unix_s)
            tokens = self._tokens_of(reading, self._key_ring.keys_for(epoch), epoch)
            return Passage(
                at_unix_s=at_unix_s,
                time_quality=time_quality,
                lane=reading.lane,
                direction=reading.direction,
                epoch=epoch,
                tokens=tokens,
                confidence_bucket=reading.confidence_bucket,
                reads_bucket=bucket_reads(reading.agreeing_readings),
            )
        finally:
            reading.wipe()

    def forget_past_keys(self) -> None:
        """Wipe the keys of epochs from which no passage can come any more.

        The key ring file is left alone: deleting keys from it belongs to key delivery. A clock
        that nothing has set must not decide about keys, nor one that has jumped ahead and will be
        set right in a minute: it must have said so for the whole time on the monotonic clock too.
        """
        now_s, now_ns = self._clock.unix_s(), self._clock.monotonic_ns()
        is_past = any(epoch < epoch_of(now_s) for epoch in self._key_ring.epochs())
        if not is_past or self._clock.quality() is TimeQuality.NONE:
            self._past_since_ns = None
            return
        if self._past_since_ns is None:
            self._past_since_ns = now_ns
        if now_ns - self._past_since_ns >= PAST_KEY_KEPT_S * _NS_PER_S:
            self._key_ring.wipe_before(epoch_of(now_s - PAST_KEY_KEPT_S))

    def _tokens_of(self, reading: ReadingMessage, keys: TokenKeys, epoch: int) -> TokenPair:
        """Make both tokens by way of the one buffer that holds plate text, and wipe it."""
        scope = TokenScope(self._booth.tenant, self._booth.site, epoch)
        try:
            length = canonical_from_indices(reading.class_indices, self._canonical)
            return make_tokens(memoryview(self._canonical)[:length], keys, scope)
        finally:
            wipe(self._canonical)
