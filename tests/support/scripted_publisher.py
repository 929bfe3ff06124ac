"""A publisher that does what a test says, packet by packet."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

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

DEADLINE_S = 20.0


class ScriptedPublisher:
    """One connection of the tokeniser, seen from the publisher's end."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.wishes: list[Wish | None] = []
        """What is to be signed or taken, for the next questions."""
        self.transports: list[bytes] = []
        """Announcements of transport keys that came; they are committed without a word."""

        self.checkpoints: list[bytes] = []
        """Checkpoints that came, likewise."""

    def say_hello(self, last_committed_jws: bytes | None = None) -> None:
        self.connection.send(pack_hello(last_committed_jws))

    def take_birth(self) -> bytes:
        """Take the birth and commit it."""
        message = self.take()
        assert isinstance(message, BirthMessage)
        self.answer(0)
        return message.untrusted_jws

    def take_sighting(self) -> SightingMessage:
        """Take a sighting and leave it unanswered."""
        message = self.take()
        assert isinstance(message, SightingMessage)
        return message

    def commit_sighting(self) -> SightingMessage:
        """Take a sighting and commit it."""
        message = self.take_sighting()
        self.answer(message.sequence_number)
        return message

    def answer(self, sequence_number: int, *, is_committed: bool = True) -> None:
        self.connection.send(pack_answer(Answer(sequence_number, is_committed=is_committed)))

    def has_nothing_to_take(self) -> bool:
        """Return whether nothing comes for a moment but questions and transport keys."""
        for _ in range(3):
            message = self.connection.receive(MAXIMUM_TO_PUBLISHER_BYTES, timeout_s=0.05)
            if message is None:
                return True
            if not self._is_settled(parse_to_publisher(message)):
                return False
        return False

    def take(self) -> BirthMessage | SightingMessage | HealthMessage | GapMessage:
        """Take what comes and leave it unanswered, but for questions and transport keys."""
        while True:
            message = self.connection.receive(MAXIMUM_TO_PUBLISHER_BYTES, timeout_s=DEADLINE_S)
            assert message is not None, "the tokeniser sent nothing"
            untrusted = parse_to_publisher(message)
            if not self._is_settled(untrusted):
                assert not isinstance(untrusted, (AskMessage, TransportMessage, CheckpointMessage))
                return untrusted

    def _is_settled(self, untrusted: object) -> bool:
        """Answer a question, a transport key or a checkpoint; return whether it was one."""
        if isinstance(untrusted, AskMessage):
            self.connection.send(pack_wish(self.wishes.pop(0) if self.wishes else None))
            return True
        if isinstance(untrusted, TransportMessage):
            self.transports.append(untrusted.untrusted_jws)
            self.answer(BIRTH_SEQUENCE_NUMBER)
            return True
        if isinstance(untrusted, CheckpointMessage):
            self.checkpoints.append(untrusted.untrusted_note)
            self.answer(BIRTH_SEQUENCE_NUMBER)
            return True
        return False

    def take_health(self) -> bytes:
        """Take a health record and leave it unanswered."""
        message = self.take()
        assert isinstance(message, HealthMessage)
        return message.untrusted_jws

    def take_gap(self) -> bytes:
        """Take a gap and leave it unanswered."""
        message = self.take()
        assert isinstance(message, GapMessage)
        return message.untrusted_jws


@contextmanager
def listening(socket_path: Path) -> Iterator[Listener]:
    """Listen as the publisher does."""
    with closing(Listener(socket_path, allowed_user_id=os.geteuid())) as listener:
        yield listener


@contextmanager
def accepted(listener: Listener) -> Iterator[ScriptedPublisher]:
    """Accept the tokeniser; hang up at the end, as a killed publisher would."""
    connection = listener.accept(timeout_s=DEADLINE_S)
    assert connection is not None, "no tokeniser connected"
    with closing(connection):
        yield ScriptedPublisher(connection)
