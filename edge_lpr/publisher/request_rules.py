"""Which requests of consumers are to be answered: rules, and nothing else.

1. The consumer is in ``publisher.consumers_file``, and its key has signed the request.
2. The request is to this booth, not an hour old, and was not taken before.
3. The consumer does not ask too often: six at once, then one each ten seconds.

What becomes of it is left to ``requests.py``; the fleet of virtual booths keeps the same rules.
"""

import hashlib
from collections import deque
from collections.abc import Callable
from typing import Final

from edge_lpr.core.clock import Clock, TimeQuality
from edge_lpr.core.errors import VerificationError
from edge_lpr.publisher.consumers import Consumer, Consumers
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


class RequestRules:
    """Judges the requests to one booth, and remembers those it let pass."""

    def __init__(
        self, address: DeviceAddress, consumers: Callable[[], Consumers], clock: Clock
    ) -> None:
        """Begin with nobody having asked.

        Args:
            address: The booth.
            consumers: Returns who may ask now.
            clock: For the worth and the number of requests.
        """
        self._address = address
        self._consumers = consumers
        self._clock = clock
        self._full_again_ns: dict[str, int] = {}
        self._taken: deque[bytes] = deque(maxlen=_REMEMBERED)

    def judge(self, untrusted_payload: bytes) -> tuple[Consumer, RequestClaims]:
        """Return who asks for what, if it is to be answered.

        Args:
            untrusted_payload: As received, of any length.

        Raises:
            WireError: It is none of this contract, or a rule is against it.
        """
        document = parse_request(untrusted_payload)
        consumer = self._consumers().get(document.kid)
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
