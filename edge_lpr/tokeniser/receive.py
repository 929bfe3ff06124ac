"""Take readings from vision one by one, have tokens made of each, and answer.

Between them vision says how it is, in a message of another length; that is kept for the next health
record and answered at once.

A reading is answered when its token is made, its text is wiped and its passage is queued in
memory; until then vision keeps its copy. So what is lost when this process dies is its queue: the
passage being delivered, and while the publisher is away up to ``tokeniser.queue_sightings``. When
the queue is full, vision waits.

In hit-only mode nothing is written about a single reading, not even that it was refused: a log line
has a time, and what is not looked for leaves a count alone.
"""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import (
    EdgeLprError,
    HandoffError,
    NeighbourAwayError,
    NoValidKeyError,
    PlateRefusedError,
)
from edge_lpr.core.wipe import wipe
from edge_lpr.handoff.reading_message import (
    READING_BYTES,
    READING_REFUSED,
    READING_TAKEN,
    parse_reading,
)
from edge_lpr.handoff.seqpacket import Connection, Listener
from edge_lpr.handoff.vision_report import REPORT_BYTES, parse_report
from edge_lpr.tokeniser.chain import Passage
from edge_lpr.tokeniser.delivery import Delivery
from edge_lpr.tokeniser.funnel import Funnel
from edge_lpr.tokeniser.pace import Pace
from edge_lpr.tokeniser.relay import Relay

_LOOK_AROUND_S: Final = 0.25
"""How often a wait is interrupted to feed the watchdog and to see whether the process stops."""

_MALFORMED_LANE: Final = 0
"""Malformed messages are paced too, under a lane that cannot exist."""

_NS: Final = 1_000_000_000
"""Nanoseconds in a second."""


class ReadingReceiver:
    """The tokeniser's end of the handoff from vision."""

    def __init__(
        self,
        listener: Listener,
        relay: Relay,
        delivery: Delivery,
        *,
        funnel: Funnel,
        complaints: Complaints,
        clock: Clock,
    ) -> None:
        """Prepare to receive.

        Args:
            listener: Where vision connects.
            relay: Makes tokens.
            delivery: Takes passages.
            funnel: Counts what became of each reading.
            complaints: Takes vision's faults.
            clock: Its UTC dates the readings, its monotonic time paces them.
        """
        self._listener = listener
        self._relay = relay
        self._delivery = delivery
        self._funnel = funnel
        self._complaints = complaints
        self._clock = clock
        self._pace = Pace()
        self._buffer = bytearray(max(READING_BYTES, REPORT_BYTES))

    def run(self, stop: threading.Event, heartbeat: Callable[[], None]) -> None:
        """Serve one vision process after the other until told to stop.

        Args:
            stop: Set to end.
            heartbeat: Called about once a second or more often: gives a sign of life, writes the
                funnel, wipes past keys.
        """
        while not stop.is_set():
            heartbeat()
            try:
                connection = self._listener.accept(timeout_s=_LOOK_AROUND_S)
            except HandoffError as error:
                self._complaints.about("vision_refused", error)
                continue
            if connection is None:
                continue
            with closing(connection):
                self._serve(connection, stop, heartbeat)

    def _serve(
        self, connection: Connection, stop: threading.Event, heartbeat: Callable[[], None]
    ) -> None:
        """Take readings over one connection until it ends."""
        self._relay.vision.begin()
        try:
            while not stop.is_set():
                heartbeat()
                answer = self._take_one(connection, stop, heartbeat)
                if answer is not None:
                    connection.send(answer)
        except NeighbourAwayError as error:
            self._complaints.about("vision_away", error)

    def _take_one(
        self, connection: Connection, stop: threading.Event, heartbeat: Callable[[], None]
    ) -> bytes | None:
        """Take one message and return the answer to it; ``None`` if there is none to give."""
        try:
            length = connection.receive_into(self._buffer, timeout_s=_LOOK_AROUND_S)
            if length is None:
                return None
            received_unix_s = self._clock.unix_s()
            self._relay.vision.hear()
            untrusted_message = memoryview(self._buffer)[:length]
            if length == REPORT_BYTES:
                self._relay.vision.take(parse_report(untrusted_message))
                return READING_TAKEN
            reading = parse_reading(untrusted_message)
            self._wait_for_turn(reading.lane, stop)
            passage = self._relay.passage_of(reading, received_unix_s=received_unix_s)
        except NeighbourAwayError:
            raise
        except NoValidKeyError as error:
            self._count("no_key", error)
            return READING_TAKEN
        except (HandoffError, PlateRefusedError) as error:
            self._count("refused", error)
            self._wait_for_turn(_MALFORMED_LANE, stop)
            return READING_REFUSED
        finally:
            wipe(self._buffer)
        if isinstance(passage, str):
            self._count(passage)
            return READING_TAKEN
        self._count("tokenised")
        return READING_TAKEN if self._queue(passage, stop, heartbeat) else None

    def _queue(
        self, passage: Passage, stop: threading.Event, heartbeat: Callable[[], None]
    ) -> bool:
        """Queue a passage once there is room; ``False`` if told to stop before."""
        while not self._delivery.offer(passage, timeout_s=_LOOK_AROUND_S):
            heartbeat()
            # It waits for our answer, and cannot say that it is there.
            self._relay.vision.hear()
            if stop.is_set():
                return False
        return True

    def _wait_for_turn(self, lane: int, stop: threading.Event) -> None:
        """Wait until the lane may have its next reading; an orderly stop is not kept waiting."""
        wait_s = self._pace.claim_ns(lane, self._clock.monotonic_ns()) / _NS
        while wait_s > 0 and not stop.is_set():
            # Not stop.wait: this is the main thread, see core/service.py.
            time.sleep(min(wait_s, _LOOK_AROUND_S))
            wait_s -= _LOOK_AROUND_S

    def _count(self, counter: str, error: EdgeLprError | None = None) -> None:
        """Count a reading and what became of it, and say why if it came to nothing."""
        self._funnel.count("received")
        self._funnel.count(counter)
        if error is not None and not self._relay.is_hit_only:
            self._complaints.about("reading_" + counter, error)
