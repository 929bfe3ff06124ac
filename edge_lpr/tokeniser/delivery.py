"""Sign passages and deliver them to the publisher, from a thread of its own.

Stop-and-wait: a passage stays at the head of the queue until the publisher says that its
sighting is in the outbox. If the answer is lost, the same sighting is sent again; the publisher
knows it by (boot, seq). A full queue makes the receiving side wait, and with it vision.

About once a second, with or without passages, the publisher is asked what it wants signed: a
health record with its figures, or a gap. That takes about a millisecond, so no passage waits for
it; and it comes before a passage that the publisher cannot keep, for then its health matters most.
The answer may also be something for us from the authority; then the publisher is asked again at
once, between passages. After the birth, and whenever they are new, our transport key and the
checkpoint of the audit log are handed over.
"""

import threading
from collections import deque
from contextlib import closing
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import AuditError, HandoffError, KeyFileError, NeighbourAwayError
from edge_lpr.core.watchdog import Heart
from edge_lpr.handoff.back_off import BackOff
from edge_lpr.handoff.record_message import (
    GapWish,
    KeysMessage,
    WatchListMessage,
    pack_ask,
    pack_checkpoint,
    pack_gap,
    pack_health,
    pack_transport,
    parse_wish,
)
from edge_lpr.handoff.seqpacket import Connection, connect
from edge_lpr.handoff.sighting_message import (
    BIRTH_SEQUENCE_NUMBER,
    MAXIMUM_TO_TOKENISER_BYTES,
    pack_birth,
    pack_sighting,
    parse_answer,
    parse_hello,
)
from edge_lpr.tokeniser.audit_board import AuditBoard
from edge_lpr.tokeniser.boot import Boot
from edge_lpr.tokeniser.chain import Passage, SignedSighting
from edge_lpr.tokeniser.checkpoint_desk import CheckpointDesk
from edge_lpr.tokeniser.funnel import Funnel
from edge_lpr.tokeniser.inbox import Inbox
from edge_lpr.wire.health import BoothFigures

ANSWER_TIMEOUT_S: Final = 10.0
"""A commit on a worn SD card takes a second or two; whoever needs ten is asked again."""

ASK_INTERVAL_S: Final = 1.0
"""How often the publisher is asked what it wants signed; gaps follow each other faster."""

_LOOK_AROUND_S: Final = 0.25
"""How often a wait is interrupted to see whether the process stops or the publisher has gone."""

_NS: Final = 1_000_000_000
"""Nanoseconds in a second."""


class Delivery:
    """The tokeniser's end of the handoff to the publisher."""

    def __init__(
        self,
        socket_path: Path,
        queue_sightings: int,
        *,
        boot: Boot,
        funnel: Funnel,
        complaints: Complaints,
        clock: Clock,
    ) -> None:
        """Prepare the thread; ``start`` starts it.

        Args:
            socket_path: Where the publisher listens.
            queue_sightings: Most passages kept here, at least 1.
            boot: Makes the birth, and signs.
            funnel: Counts ``delivered``, ``refused_by_publisher`` and ``undelivered``.
            complaints: Takes the publisher's faults; used by this thread alone.
            clock: Its monotonic time limits the waiting.
        """
        self._socket_path = socket_path
        self._queue_sightings = queue_sightings
        self._boot = boot
        self._funnel = funnel
        self._complaints = complaints
        self._clock = clock
        self._queue: deque[Passage] = deque()
        self._signed_oldest: SignedSighting | None = None
        self._changed = threading.Condition()
        self._give_up_ns: int | None = None
        self._next_ask_ns = clock.monotonic_ns()
        self._heart: Heart | None = None
        self._inbox: Inbox | None = None
        self._checkpoints: CheckpointDesk | None = None
        self._board: AuditBoard | None = None
        self._announced: int | None = None
        self._sent_checkpoint: bytes | None = None
        # Daemon: a fault in the receiving thread must end the process, publisher or not.
        self._thread = threading.Thread(target=self._work, name="delivery", daemon=True)

    def start(
        self,
        heart: Heart | None = None,
        inbox: Inbox | None = None,
        checkpoints: CheckpointDesk | None = None,
        board: AuditBoard | None = None,
    ) -> None:
        """Start delivering; the publisher may come later.

        Args:
            heart: Beats in every round, and rests when the thread has ended.
            inbox: Takes what the publisher brings; without it nothing is taken or announced.
            checkpoints: Signs the root of the audit log; without it none is handed over.
            board: Tells the audit what only this process knows.
        """
        self._heart = heart
        self._checkpoints = checkpoints
        self._board = board
        self._inbox = inbox
        if inbox is not None:
            inbox.beat = self._beat
        self._thread.start()

    def is_alive(self) -> bool:
        """Return whether the thread still works."""
        return self._thread.is_alive()

    def offer(self, passage: Passage, *, timeout_s: float) -> bool:
        """Queue a passage, waiting for room.

        Args:
            passage: Made after all that were queued before.
            timeout_s: Longest wait in seconds.

        Returns:
            Whether there was room in time; if not, the passage is still the caller's.
        """
        with self._changed:
            has_room = self._changed.wait_for(
                lambda: len(self._queue) < self._queue_sightings, timeout_s
            )
            if has_room:
                self._queue.append(passage)
                self._changed.notify_all()
            return has_room

    def finish(self, deadline_s: float) -> None:
        """Deliver what is queued while the publisher answers, then stop; count the rest.

        Args:
            deadline_s: Longest time to spend on it, in seconds.
        """
        with self._changed:
            self._give_up_ns = self._clock.monotonic_ns() + int(deadline_s * _NS)
            self._changed.notify_all()
        self._thread.join()
        self._funnel.count("undelivered", len(self._queue))

    def _work(self) -> None:
        """Deliver until told to finish; then there is nothing to watch any more."""
        try:
            self._run()
        finally:
            if self._heart is not None:
                self._heart.rest()

    def _run(self) -> None:
        """Connect, deliver, and connect again, until told to finish."""
        back_off = BackOff()
        while not self._is_over():
            self._beat()
            self._look_around()
            try:
                with closing(connect(self._socket_path)) as connection:
                    self._greet(connection)
                    self._deliver_over(connection, back_off)
            except NeighbourAwayError as error:
                if self._queue or self._give_up_ns is None:
                    self._complaints.about("publisher_away", error)
            except HandoffError as error:
                self._complaints.about("publisher_at_fault", error)
            else:
                continue
            if self._give_up_ns is not None:
                # It does not answer, and an orderly stop does not wait for it.
                return
            self._pause(back_off.next_wait_s())

    def _greet(self, connection: Connection) -> None:
        """Learn what was committed last, and have the birth committed."""
        untrusted_hello = self._receive(connection)
        birth = self._boot.announce(parse_hello(untrusted_hello))
        if not self._exchange(connection, pack_birth(birth), BIRTH_SEQUENCE_NUMBER):
            raise HandoffError("the publisher refused the birth; update both processes")
        self._announced = self._sent_checkpoint = None

    def _deliver_over(self, connection: Connection, back_off: BackOff) -> None:
        """Deliver the oldest sighting, then the next, over one connection."""
        while (sighting := self._next(connection)) is not None:
            number = sighting.sequence_number
            is_committed = self._exchange(connection, pack_sighting(number, sighting.jws), number)
            self._boot.settle(sighting)
            if is_committed:
                self._finish_oldest("delivered")
                # Not before: a publisher with a full disk takes the birth, time after time.
                back_off.reset()
                continue
            # Sending it again would change nothing; its missing number tells the servers.
            self._finish_oldest("refused_by_publisher")
            self._complaints.about(
                "sighting_refused",
                HandoffError("the publisher refused a sighting for good; update both processes"),
            )

    def _ask(self, connection: Connection) -> None:
        """Sign what the publisher wants signed, if it wants anything."""
        # First of all, so that a question that goes wrong holds no sighting back.
        self._next_ask_ns = self._clock.monotonic_ns() + int(ASK_INTERVAL_S * _NS)
        connection.send(pack_ask())
        wish = parse_wish(self._receive(connection))
        if wish is None:
            return
        if isinstance(wish, KeysMessage | WatchListMessage):
            if self._inbox is not None:
                self._inbox.take(wish)
            self._next_ask_ns = self._clock.monotonic_ns()
            return
        if not self._exchange(connection, self._record(wish), BIRTH_SEQUENCE_NUMBER):
            self._complaints.about(
                "record_refused",
                HandoffError("the publisher refused what it had asked for; update both processes"),
            )
        elif isinstance(wish, GapWish):
            self._next_ask_ns = self._clock.monotonic_ns()

    def _announce(self, connection: Connection) -> None:
        """Announce the newest transport key, if this publisher does not know it yet."""
        if self._inbox is None or self._inbox.news == self._announced:
            return
        # First of all, so that a publisher that does not take it is told once a connection.
        self._announced = self._inbox.news
        message = pack_transport(self._boot.sign_transport(self._inbox.keeper))
        if not self._exchange(connection, message, BIRTH_SEQUENCE_NUMBER):
            self._complaints.about(
                "record_refused",
                HandoffError("the publisher refused a transport key; update both processes"),
            )

    def _hand_over_checkpoint(self, connection: Connection) -> None:
        """Hand over the newest checkpoint, if this publisher does not have it yet."""
        newest = None if self._checkpoints is None else self._checkpoints.newest
        if newest is None or newest == self._sent_checkpoint:
            return
        # First of all, for the same reason.
        self._sent_checkpoint = newest
        if not self._exchange(connection, pack_checkpoint(newest), BIRTH_SEQUENCE_NUMBER):
            self._complaints.about(
                "record_refused",
                HandoffError("the publisher refused a checkpoint; update both processes"),
            )

    def _look_around(self) -> None:
        """See whether keys have come by another way, and whether the audit log has grown."""
        if self._inbox is not None:
            self._inbox.look_around()
        if self._checkpoints is None:
            return
        try:
            self._checkpoints.look_around()
        except (AuditError, KeyFileError) as error:
            # The sightings must not wait for it.
            self._complaints.about("checkpoint_not_signed", error)
        if self._board is None:
            return
        try:
            self._board.look_around(self._checkpoints.newest)
        except AuditError as error:
            self._complaints.about("audit_not_told", error)

    def _record(self, wish: BoothFigures | GapWish) -> bytes:
        """Return the message with the record that the publisher wants signed."""
        if isinstance(wish, GapWish):
            return pack_gap(self._boot.sign_gap(wish))
        return pack_health(self._boot.sign_health(wish, queued=len(self._queue)))

    def _exchange(self, connection: Connection, message: bytes, number: int) -> bool:
        """Send one message and return whether its content is committed (or else refused)."""
        connection.send(message)
        answer = parse_answer(self._receive(connection))
        if answer.sequence_number != number:
            raise HandoffError("the publisher answered another message than the one sent")
        return answer.is_committed

    def _receive(self, connection: Connection) -> bytes:
        """Return the publisher's next message."""
        deadline_ns = self._clock.monotonic_ns() + int(ANSWER_TIMEOUT_S * _NS)
        while self._clock.monotonic_ns() < deadline_ns and not self._is_over():
            self._beat()
            message = connection.receive(MAXIMUM_TO_TOKENISER_BYTES, timeout_s=_LOOK_AROUND_S)
            if message is not None:
                return message
        raise NeighbourAwayError("the publisher does not answer; look at its log for the reason")

    def _next(self, connection: Connection) -> SignedSighting | None:
        """Wait for a passage and return its sighting; ``None`` when all is delivered."""
        while True:
            self._beat()
            self._look_around()
            if self._give_up_ns is None:
                self._announce(connection)
                self._hand_over_checkpoint(connection)
                if self._is_time_to_ask():
                    self._ask(connection)
            if self._has_passage(connection):
                return self._oldest()

    def _has_passage(self, connection: Connection) -> bool:
        """Wait a moment for a passage; ``True`` also when there is nothing to wait for."""
        with self._changed:
            if not self._queue and self._give_up_ns is None:
                if not self._is_time_to_ask():
                    self._changed.wait(_LOOK_AROUND_S)
                # A publisher that was started again must get the birth before the next vehicle.
                connection.require_quiet()
            return bool(self._queue) or self._give_up_ns is not None

    def _is_time_to_ask(self) -> bool:
        """Return whether the publisher is to be asked again."""
        return self._clock.monotonic_ns() >= self._next_ask_ns

    def _oldest(self) -> SignedSighting | None:
        """Return the sighting of the oldest passage; ``None`` when all is delivered."""
        with self._changed:
            if not self._queue or self._is_over():
                return None
            if self._signed_oldest is None:
                self._signed_oldest = self._boot.sign(self._queue[0])
            return self._signed_oldest

    def _finish_oldest(self, counter: str) -> None:
        """Take the oldest passage from the queue and count it."""
        with self._changed:
            self._queue.popleft()
            self._signed_oldest = None
            self._funnel.count(counter)
            self._changed.notify_all()

    def _beat(self) -> None:
        """Give a sign of life."""
        if self._heart is not None:
            self._heart.beat()

    def _pause(self, wait_s: float) -> None:
        """Wait before the next attempt, or until told to finish."""
        with self._changed:
            self._changed.wait_for(lambda: self._give_up_ns is not None, wait_s)

    def _is_over(self) -> bool:
        """Return whether nothing is left to do, or no time left to do it."""
        return self._is_too_late() or (self._give_up_ns is not None and not self._queue)

    def _is_too_late(self) -> bool:
        """Return whether an orderly stop has used up its time."""
        return self._give_up_ns is not None and self._clock.monotonic_ns() >= self._give_up_ns
