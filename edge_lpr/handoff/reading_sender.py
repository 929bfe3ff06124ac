"""Hand finished readings to the tokeniser, from a thread of its own.

The frame loop must not wait for a tokeniser that starts, restarts or takes its two readings a
second; so readings wait here in a short queue. One reading at a time is sent and answered. A
reading whose answer never came, because the connection broke, is sent again, so none is lost on
the way. It can be doubled: a tokeniser that was killed after the publisher committed its sighting
and before it answered here gives the same reading a new sighting, under its next boot. A server
that counts passages sees two, seconds apart, with the same tokens in the same epoch.

Every half minute, and at the end, the same thread says how vision is, over the same connection.
That is one message and its answer, a millisecond between two readings; if nobody takes it, nothing
waits.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from edge_lpr.core.clock import Clock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import HandoffError, NeighbourAwayError
from edge_lpr.core.log import Log
from edge_lpr.core.watchdog import Heart
from edge_lpr.core.wipe import wipe
from edge_lpr.handoff.back_off import BackOff
from edge_lpr.handoff.reading_message import (
    MAXIMUM_AGE_MS,
    READING_BYTES,
    READING_REFUSED,
    READING_TAKEN,
    ReadingMessage,
)
from edge_lpr.handoff.seqpacket import Connection, connect
from edge_lpr.handoff.vision_report import REPORT_INTERVAL_S, VisionReport, pack_report

QUEUE_READINGS: Final = 32
"""Sixteen seconds at the two readings a second that the tokeniser takes."""

_LOOK_AROUND_S: Final = 0.25
"""How often a wait for the tokeniser is interrupted to see whether the process stops."""

_REPORT_RETRY_S: Final = 2.0
"""How soon a report that nobody took is tried again."""

_NS: Final = 1_000_000_000

_MS: Final = 1_000_000
"""Nanoseconds in a millisecond."""


Reporter: TypeAlias = Callable[[Mapping[str, int]], VisionReport]
"""Says how vision is; is given the sender's own counters."""


@dataclass(slots=True, repr=False)
class _Waiting:
    """A reading in the queue. No ``repr``: it would lead to the plate."""

    reading: ReadingMessage
    last_seen_ns: int


class ReadingSender:
    """The vision process's end of the handoff to the tokeniser."""

    def __init__(
        self,
        socket_path: Path,
        log: Log,
        clock: Clock,
        *,
        reporter: Reporter | None = None,
        heart: Heart | None = None,
        tells_of_readings: bool = True,
    ) -> None:
        """Start the sending thread; the tokeniser may come later.

        Args:
            socket_path: Where the tokeniser listens.
            log: Log of this process.
            clock: Its monotonic time gives the age of each reading.
            reporter: Called in the sending thread, every half minute and at the end.
            heart: Beats in every round of the sending thread, and rests when it has ended.
            tells_of_readings: Whether the log may tell that a reading waits. Not in hit-only mode,
                where nobody may read when a vehicle passed.
        """
        self._socket_path = socket_path
        self._complaints = Complaints(log, clock)
        self._clock = clock
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._is_stopping = False
        self._counters = {"handed_over": 0, "refused_by_tokeniser": 0, "undelivered": 0}
        self._connection: Connection | None = None
        self._reporter = reporter
        self._tells_of_readings = tells_of_readings
        self._heart = heart
        self._report_due_ns = clock.monotonic_ns()
        self._is_last_report_due = False
        self._buffer = bytearray(READING_BYTES)
        self._thread = threading.Thread(target=self._work, name="reading-sender")
        # A frame loop that dies must end the process, also while the tokeniser is away.
        self._thread.daemon = True
        self._thread.start()

    def offer(self, reading: ReadingMessage, *, last_seen_ns: int) -> bool:
        """Queue a reading, unless the queue is full.

        Args:
            reading: Owned, and wiped, by this object if the call returns ``True``; its age is
                set when it is sent.
            last_seen_ns: When the vehicle was last seen, on the monotonic clock. Replayed frames
                have a timeline of their own, so replay gives the present.

        Returns:
            Whether there was room; if not, the reading is still the caller's.
        """
        return self.offer_and_wait(reading, last_seen_ns=last_seen_ns, timeout_s=0)

    def offer_and_wait(
        self, reading: ReadingMessage, *, last_seen_ns: int, timeout_s: float
    ) -> bool:
        """Queue a reading, waiting for room; for sources that can wait.

        Args:
            reading: As for ``offer``.
            last_seen_ns: As for ``offer``.
            timeout_s: Longest wait in seconds; short enough to feed a watchdog in between.

        Returns:
            Whether there was room in time; if not, the reading is still the caller's.

        Raises:
            HandoffError: The sending thread has died, so nothing would ever be sent.
        """
        with self._changed:
            if not (self._is_stopping or self._thread.is_alive()):
                raise HandoffError("the thread that sends readings has died; start vision again")
            has_room = self._changed.wait_for(lambda: len(self._queue) < QUEUE_READINGS, timeout_s)
            if not has_room or self._is_stopping:
                return False
            self._queue.append(_Waiting(reading, last_seen_ns))
            self._changed.notify_all()
            return True

    def wait_until_sent(self, timeout_s: float) -> bool:
        """Wait until nothing is queued any more.

        Args:
            timeout_s: Longest wait in seconds; short enough to feed a watchdog in between.

        Returns:
            Whether every reading that was offered has found its fate.
        """
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue, timeout_s)

    def drain(self, deadline_s: float) -> int:
        """Send what is queued and a last report, then stop for good; may be called twice.

        Args:
            deadline_s: Longest time to spend on it, in seconds.

        Returns:
            Readings that the tokeniser did not take; they are wiped and counted.
        """
        with self._changed:
            self._is_last_report_due = self._reporter is not None and self._thread.is_alive()
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: not (self._queue or self._is_last_report_due), deadline_s
            )
            self._is_stopping = True
            self._changed.notify_all()
        self._thread.join()
        undelivered = len(self._queue)
        while self._queue:
            self._queue.popleft().reading.wipe()
        self._counters["undelivered"] += undelivered
        return undelivered

    def counters(self) -> dict[str, int]:
        """Return what became of the readings so far: handed over, refused, undelivered."""
        return dict(self._counters)

    def _work(self) -> None:
        """Send until stopped; then there is nothing to watch any more."""
        try:
            self._send_until_stopped()
        finally:
            if self._heart is not None:
                self._heart.rest()

    def _send_until_stopped(self) -> None:
        """Send the oldest reading until it is answered, then the next; report between them."""
        back_off = BackOff()
        while not self._is_stopping:
            self._beat()
            if self._reporter is not None and self._is_report_due():
                self._send_report(self._reporter)
            waiting = self._oldest()
            if waiting is None:
                continue
            try:
                counter = self._exchange(waiting)
            except NeighbourAwayError as error:
                if self._tells_of_readings:
                    self._complaints.about("tokeniser_away", error)
                self._hang_up()
                self._pause(back_off.next_wait_s())
                continue
            finally:
                wipe(self._buffer)
            if counter is None:
                break
            back_off.reset()
            self._finish_oldest(counter)
        self._hang_up()

    def _exchange(self, waiting: _Waiting) -> str | None:
        """Send one reading, and return the counter of its fate; ``None`` when stopping."""
        age_ms = (self._clock.monotonic_ns() - waiting.last_seen_ns) // _MS
        if age_ms > MAXIMUM_AGE_MS:
            # The key of its epoch may be gone, and its time can no longer be said.
            return "undelivered"
        if self._connection is None:
            self._connection = connect(self._socket_path)
        waiting.reading.age_ms = max(age_ms, 0)
        waiting.reading.pack_into(self._buffer)
        self._connection.send(self._buffer)
        return self._await_answer(self._connection)

    def _await_answer(self, connection: Connection) -> str | None:
        """Return the counter that the answer belongs to; ``None`` when stopping.

        Without a time limit: a tokeniser whose queue is full lets readings wait by not answering,
        and one that has died is seen by its closed connection.
        """
        while not self._is_stopping:
            self._beat()
            try:
                answer = connection.receive(len(READING_TAKEN), timeout_s=_LOOK_AROUND_S)
            except NeighbourAwayError:
                raise
            except HandoffError as error:
                raise NeighbourAwayError("the tokeniser's answer is too long") from error
            if answer == READING_TAKEN:
                return "handed_over"
            if answer == READING_REFUSED:
                return "refused_by_tokeniser"
            if answer is not None:
                raise NeighbourAwayError("the tokeniser's answer is neither A nor R")
        return None

    def _is_report_due(self) -> bool:
        """Return whether it is time to say how vision is; at the end, when all is delivered."""
        if self._is_last_report_due:
            return not self._queue
        return self._reporter is not None and self._clock.monotonic_ns() >= self._report_due_ns

    def _send_report(self, reporter: Reporter) -> None:
        """Say how vision is, if there is a tokeniser to say it to; readings complain for us.

        Or we for them, where a line that is written when one of them waits would tell too much.
        """
        wait_s = REPORT_INTERVAL_S
        # Read before the counters: what is asked for meanwhile must still see the last of them.
        is_last = self._is_last_report_due
        try:
            if self._connection is None:
                self._connection = connect(self._socket_path)
            self._connection.send(pack_report(reporter(self.counters())))
            self._await_answer(self._connection)
        except NeighbourAwayError as error:
            if not self._tells_of_readings:
                self._complaints.about("tokeniser_away", error)
            self._hang_up()
            wait_s = _REPORT_RETRY_S
        with self._changed:
            self._report_due_ns = self._clock.monotonic_ns() + round(wait_s * _NS)
            self._is_last_report_due = self._is_last_report_due and not is_last
            self._changed.notify_all()

    def _oldest(self) -> _Waiting | None:
        """Wait a while for a reading and return it, still queued; ``None`` if there is none."""
        with self._changed:
            if not (self._queue or self._is_stopping or self._is_report_due()):
                self._changed.wait(_LOOK_AROUND_S)
            return self._queue[0] if self._queue and not self._is_stopping else None

    def _finish_oldest(self, counter: str) -> None:
        """Wipe the oldest reading, take it from the queue and count it."""
        with self._changed:
            self._queue.popleft().reading.wipe()
            self._counters[counter] += 1
            self._changed.notify_all()

    def _beat(self) -> None:
        """Give a sign of life."""
        if self._heart is not None:
            self._heart.beat()

    def _pause(self, wait_s: float) -> None:
        """Wait before the next attempt, or until the process stops."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopping, wait_s)

    def _hang_up(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
