"""Consumers ask for sightings again, and get what is kept; ``request_rules.py`` says who may.

What is kept of the range is sent again, and what is not becomes a gap; ``outbox.py`` does that. A
request that fails is counted and said without its content. No answer goes to whoever sent it: a
consumer that hears nothing asks again.
"""

from edge_lpr.core.clock import Clock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import WireError
from edge_lpr.core.log import Log
from edge_lpr.publisher.consumers import ConsumersFile
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.request_rules import RequestRules
from edge_lpr.wire.topics import DeviceAddress


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
        self._rules = RequestRules(address, consumers.current, clock)
        self._outbox = outbox
        self._log = log
        self._complaints = Complaints(log, clock)

    def take(self, untrusted_payload: bytes) -> None:
        """Answer a request, or refuse it.

        Args:
            untrusted_payload: As received, of any length.

        Raises:
            OutboxError: The outbox cannot be used; the consumer will ask again.
        """
        try:
            consumer, claims = self._rules.judge(untrusted_payload)
        except WireError as error:
            self.refused += 1
            self._complaints.about("request_refused", error)
            return
        rows = self._outbox.ask_again(claims.boot, claims.first, claims.last)
        self._log.info(
            "request_taken", detail=consumer.name, boot=claims.boot, seq=claims.first, rows=rows
        )
