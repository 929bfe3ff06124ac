"""Takes documents from the tokeniser: commit first, acknowledge then; says what it is asked for.

What the outbox cannot keep is not answered: the connection is closed, the tokeniser connects
again and hands the same document over again, and meanwhile holds everything behind it back.
"""

import threading
from collections.abc import Callable
from contextlib import closing
from typing import Final, TypeAlias

from edge_lpr.core.clock import Clock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import (
    HandoffError,
    NeighbourAwayError,
    OutboxDamagedError,
    OutboxError,
    WireError,
)
from edge_lpr.core.log import Log
from edge_lpr.core.wake_up import WakeUp
from edge_lpr.handoff.back_off import BackOff
from edge_lpr.handoff.record_message import (
    AskMessage,
    CheckpointMessage,
    GapMessage,
    HealthMessage,
    TransportMessage,
    Wish,
    pack_wish,
)
from edge_lpr.handoff.seqpacket import Connection, Listener
from edge_lpr.handoff.sighting_message import (
    BIRTH_SEQUENCE_NUMBER,
    MAXIMUM_TO_PUBLISHER_BYTES,
    Answer,
    BirthMessage,
    SightingMessage,
    pack_answer,
    pack_hello,
    parse_to_publisher,
)
from edge_lpr.publisher.intake import Intake
from edge_lpr.publisher.signing_desk import SigningDesk

_LOOK_AROUND_S: Final = 0.25
"""How often a wait is interrupted to see whether the process stops."""

_Document: TypeAlias = (
    BirthMessage
    | SightingMessage
    | HealthMessage
    | GapMessage
    | TransportMessage
    | CheckpointMessage
)


class Relay:
    """The publisher's end of the handoff."""

    def __init__(
        self,
        listener: Listener,
        intake: Intake,
        desk: SigningDesk,
        *,
        wake_up: WakeUp,
        clock: Clock,
        log: Log,
    ) -> None:
        """Prepare to serve one tokeniser after the other.

        Args:
            listener: Where the tokeniser connects; closed by its owner.
            intake: Commits documents, and knows which came last; used by this object alone.
            desk: Knows what is to be signed, and what waits for the tokeniser.
            wake_up: Set after every commit, so that the session sends at once.
            clock: Its monotonic time spaces complaints.
            log: Hears of faults.
        """
        self._listener = listener
        self._intake = intake
        self._desk = desk
        self._wake_up = wake_up
        self._complaints = Complaints(log, clock)

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Accept, serve, and accept again, until told to stop.

        Args:
            stop: Set to end, within a fraction of a second.
            beat: Called in every round: the sign of life of this thread.

        Raises:
            OutboxDamagedError: The outbox must be opened again.
        """
        back_off = BackOff()
        while not stop.is_set():
            beat()
            try:
                connection = self._listener.accept(timeout_s=_LOOK_AROUND_S)
                if connection is None:
                    continue
                with closing(connection):
                    self._serve(connection, back_off, stop, beat)
            except NeighbourAwayError:
                # The tokeniser was stopped or restarted; it connects again.
                continue
            except OutboxDamagedError:
                raise
            except (HandoffError, OutboxError) as error:
                self._complaints.failure(error)
                stop.wait(back_off.next_wait_s())

    def _serve(
        self,
        connection: Connection,
        back_off: BackOff,
        stop: threading.Event,
        beat: Callable[[], None],
    ) -> None:
        """Greet the tokeniser, then take document after document."""
        connection.send(pack_hello(self._intake.last_document()))
        self._desk.begin()
        while not stop.is_set():
            beat()
            untrusted_message = connection.receive(
                MAXIMUM_TO_PUBLISHER_BYTES, timeout_s=_LOOK_AROUND_S
            )
            if untrusted_message is None:
                continue
            message = parse_to_publisher(untrusted_message)
            if isinstance(message, AskMessage):
                connection.send(pack_wish(self._wish()))
                continue
            answer = self._take(message)
            connection.send(pack_answer(answer))
            self._wake_up.set()
            if answer.is_committed and isinstance(message, SightingMessage):
                # A known birth needs no room: with a full disk it is taken at every connection.
                back_off.reset()

    def _wish(self) -> Wish | None:
        """Return what is wanted; figures that no record can hold are said and left out."""
        try:
            return self._desk.next_wish()
        except WireError as error:
            # The sightings must not wait for it.
            self._complaints.failure(error)
            return None

    def _take(self, message: _Document) -> Answer:
        """Commit a document, or refuse it for good if it can never be committed."""
        number = BIRTH_SEQUENCE_NUMBER
        try:
            if isinstance(message, BirthMessage):
                self._intake.take_birth(message)
            elif isinstance(message, SightingMessage):
                number = message.sequence_number
                self._intake.take_sighting(message)
            elif isinstance(message, HealthMessage):
                self._desk.accept_health(message)
            elif isinstance(message, GapMessage):
                self._desk.accept_gap(message)
            elif isinstance(message, TransportMessage):
                self._desk.accept_transport(message)
            else:
                self._desk.accept_checkpoint(message)
        except (WireError, HandoffError) as error:
            self._complaints.failure(error)
            return Answer(number, is_committed=False)
        return Answer(number, is_committed=True)
