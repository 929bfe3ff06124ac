"""Consumers ask for sightings again; who may, how often, and what becomes of it.

1. The consumer is in ``publisher.consumers_file``, and its key has signed the request.
2. The request is to this booth, not an hour old, and was not taken before.
3. The consumer does not ask too often: six at once, then one each ten seconds.
4. What is kept of the range is sent again, and what is not becomes a gap; ``outbox.py`` does that.

A request that fails is counted and said without its content. No answer goes to whoever sent it: a
consumer that hears nothing asks again.
"""

import hashlib
from collections import deque
from typing import Final

from edge_lpr.core.clock import Clock, TimeQuality
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.core.log import Log
from edge_lpr.publisher.consumers import Consumer, ConsumersFile
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.wire.request import REQUEST_TYP, RequestClaims, parse_request
from edge_lpr.wire.topics import DeviceAddress

WORTH_S: Final = 3600
"""A request is worth an hour on either side of our clock: messages wait at a broker."""

BURST: Final = 6
"""Requests that a consumer may make at once."""

INTERVAL_S: Final = 10
"""Time in which one more may be made."""

_REMEMBERED: Final = 64 * (BURST + WORTH_S // INTERVAL_S)
"""All that 64 consumers can ask in an hour."""

_NS: Final = 1_000_000_000


class RequestDesk:
    """Takes requests; for the session's thread."""

    def __init__(
        self,
        address: DeviceAddress,
        consumers: ConsumersFile,
        outbox: Outbox,
        *,
        clock: Clock,
        log: Log,
    ) -> None:
        """Begin with nobody having asked.

        Args:
            address: This booth.
            consumers: Who may ask.
            outbox: What is asked for.
            clock: For the worth and the number of requests.
            log: Hears who was answered, and why somebody was not.
        """
        self.refused = 0
        """Requests that were not answered."""
        self._address = address
        self._consumers = consumers
        self._outbox = outbox
        self._clock = clock
        self._log = log
        self._complaints = Complaints(log, clock)
        self._full_again_ns: dict[str, int] = {}
        self._taken: deque[bytes] = deque(maxlen=_REMEMBERED)

    def take(self, untrusted_payload: bytes) -> None:
        """Answer a request, or refuse it.

        Args:
            untrusted_payload: As received, of any length.

        Raises:
            OutboxError: The outbox cannot be used; the consumer will ask again.
        """
        try:
            consumer, claims = self._verified(untrusted_payload)
        except WireError as error:
            self.refused += 1
            self._complaints.about("request_refused", error)
            return
        rows = self._outbox.ask_again(claims.boot, claims.first, claims.last)
        self._log.info(
            "request_taken", detail=consumer.name, boot=claims.boot, seq=claims.first, rows=rows
        )

    def _verified(self, untrusted_payload: bytes) -> tuple[Consumer, RequestClaims]:
        """Return who asks for what, if that may be."""
        document = parse_request(untrusted_payload)
        consumer = self._consumers.current().get(document.kid)
        if consumer is None:
            raise VerificationError(
                "a request names a key that is not in publisher.consumers_file; add the consumer "
                "there if it may ask"
            )
        claims = RequestClaims.decode(document.verified(REQUEST_TYP, consumer.key))
        if claims.address != self._address:
            raise VerificationError(f"a request of {consumer.name} is to another booth")
        is_dated = self._clock.quality() is not TimeQuality.NONE
        if is_dated and abs(self._clock.unix_s() - claims.at) > WORTH_S:
            raise VerificationError(
                f"a request of {consumer.name} is more than an hour away from this booth's clock; "
                "set both clocks"
            )
        digest = hashlib.sha256(untrusted_payload).digest()
        if digest in self._taken:
            raise VerificationError(f"a request of {consumer.name} came a second time")
        self._count(consumer)
        self._taken.append(digest)
        return consumer, claims

    def _count(self, consumer: Consumer) -> None:
        """Refuse a consumer that asks too often."""
        now_ns = self._clock.monotonic_ns()
        full_again_ns = max(now_ns, self._full_again_ns.get(consumer.key.kid, now_ns))
        full_again_ns += INTERVAL_S * _NS
        if full_again_ns > now_ns + BURST * INTERVAL_S * _NS:
            raise VerificationError(
                f"{consumer.name} asks too often: {BURST} requests at once, then one each "
                f"{INTERVAL_S} s"
            )
        self._full_again_ns[consumer.key.kid] = full_again_ns
