"""Checkpoints of a booth's audit log, at a server that has its birth."""

import json
from io import StringIO

import pytest

from edge_lpr.subscriber import checkpoint_record
from edge_lpr.subscriber.checkpoint_record import CheckpointRecord, CheckpointRecords, Growth
from edge_lpr.subscriber.json_lines import event_object
from edge_lpr.subscriber.messages import Message
from edge_lpr.subscriber.reception import Reception, ReceptionRules
from edge_lpr.subscriber.tables import EventTable, _PipeConsole
from edge_lpr.subscriber.verdicts import (
    Refusal,
    RefusalReason,
    Verdict,
    VerifiedBirth,
    VerifiedCheckpoint,
)
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.wire.checkpoint import Checkpoint
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.topics import TopicKind
from tests.support.clock import SetClock
from tests.support.fleet import AUTHORITY, SignedBooth

ROOT, OTHER_ROOT = bytes(32), bytes([1] * 32)


class Server:
    """A central server that has received the birth of one booth."""

    def __init__(self) -> None:
        self.booth = SignedBooth()
        self.verifier = FleetVerifier(AUTHORITY.public_key, SetClock())
        self.receive(self.booth.birth(), TopicKind.BIRTH)

    def receive(self, document: bytes, kind: TopicKind = TopicKind.CHECKPOINT) -> Verdict:
        return self.verifier.receive(self.booth.topic(kind), document)

    def reason(self, document: bytes) -> RefusalReason:
        verdict = self.receive(document)
        assert isinstance(verdict, Refusal), verdict
        assert verdict.address == self.booth.address
        assert verdict.kind is TopicKind.CHECKPOINT
        return verdict.reason


@pytest.fixture
def server() -> Server:
    return Server()


def test_log_that_grows_is_believed(server: Server) -> None:
    for size in (1, 5, 2016):
        document = server.booth.checkpoint(size, ROOT)
        verdict = server.receive(document)
        assert isinstance(verdict, VerifiedCheckpoint)
        assert verdict.checkpoint == Checkpoint(server.booth.address, size, ROOT)
        assert verdict.document == document
        assert not verdict.is_duplicate


def test_checkpoint_that_comes_again_is_a_duplicate_however_old(server: Server) -> None:
    for size in (1, 5):
        server.receive(server.booth.checkpoint(size, ROOT))
    for size in (1, 5):
        verdict = server.receive(server.booth.checkpoint(size, ROOT))
        assert isinstance(verdict, VerifiedCheckpoint)
        assert verdict.is_duplicate


def test_fork_and_roll_back_are_noticed(server: Server) -> None:
    server.receive(server.booth.checkpoint(5, ROOT))
    server.receive(server.booth.checkpoint(9, ROOT))
    assert server.reason(server.booth.checkpoint(9, OTHER_ROOT)) is RefusalReason.FORKED_LOG
    assert server.reason(server.booth.checkpoint(5, OTHER_ROOT)) is RefusalReason.FORKED_LOG
    assert server.reason(server.booth.checkpoint(7, ROOT)) is RefusalReason.SHRUNK_LOG


def test_anybody_elses_checkpoint_is_refused(server: Server) -> None:
    genuine = server.booth.checkpoint(5, ROOT)
    assert server.reason(genuine.replace(b"\n5\n", b"\n6\n")) is RefusalReason.UNVERIFIED
    assert server.reason(b"nonsense") is RefusalReason.MALFORMED
    neighbour = SignedBooth("booth-2")
    assert server.reason(neighbour.checkpoint(5)) is RefusalReason.FOREIGN_ADDRESS
    server.booth.event_key = SigningKey.generate()
    assert server.reason(server.booth.checkpoint(5)) is RefusalReason.NO_BIRTH


def test_checkpoint_under_the_key_before_is_believed(server: Server) -> None:
    old = server.booth.checkpoint(5, ROOT)
    renewed = SignedBooth()
    server.receive(renewed.birth(), TopicKind.BIRTH)
    assert isinstance(server.receive(old), VerifiedCheckpoint)
    assert isinstance(server.receive(renewed.checkpoint(6)), VerifiedCheckpoint)


def test_booth_that_was_flashed_anew_begins_another_log_and_is_not_accused(server: Server) -> None:
    for size in (5, 9):
        server.receive(server.booth.checkpoint(size, ROOT))
    server.booth = SignedBooth()
    server.receive(server.booth.birth(), TopicKind.BIRTH)
    for size in (1, 5):
        verdict = server.receive(server.booth.checkpoint(size, OTHER_ROOT))
        assert isinstance(verdict, VerifiedCheckpoint), verdict
        assert not verdict.is_duplicate
    # Within the new log, two roots are two logs as ever.
    assert server.reason(server.booth.checkpoint(5, ROOT)) is RefusalReason.FORKED_LOG


def test_two_keys_are_remembered() -> None:
    records = CheckpointRecords()
    checkpoint = Checkpoint(SignedBooth().address, 5, ROOT)
    for key in (b"a", b"b", b"a", b"c"):
        records.admit(key, checkpoint)
    assert records.admit(b"a", checkpoint) is Growth.REPEATED
    assert records.admit(b"b", checkpoint) is Growth.GROWN


def test_json_has_the_note_for_the_auditor(server: Server) -> None:
    document = server.booth.checkpoint(5, ROOT)
    said = event_object(server.receive(document))
    assert said == {
        "event": "checkpoint",
        "tenant": "tenant-a",
        "site": "lane-07",
        "device": "booth-1",
        "verified": True,
        "size": 5,
        "root": "A" * 43,
        "note": document.decode(),
    }
    assert json.dumps(said)


def test_people_see_a_fork_and_not_every_checkpoint(server: Server) -> None:
    table = EventTable(SetClock())
    screen = StringIO()
    table._console = _PipeConsole(file=screen)
    table.event(server.receive(server.booth.checkpoint(5, ROOT)))
    assert screen.getvalue() == ""
    table.event(server.receive(server.booth.checkpoint(5, OTHER_ROOT)))
    assert "checkpoint NOT VERIFIED" in screen.getvalue()
    assert "two logs" in " ".join(screen.getvalue().split())


def test_consumer_is_handed_what_is_new_and_again_is_acknowledged() -> None:
    booth = SignedBooth()
    verifier = FleetVerifier(AUTHORITY.public_key, SetClock())
    reception = Reception(verifier, SetClock(), ReceptionRules(0, None), None)
    acknowledged: list[str] = []

    def receive(name: str, kind: TopicKind, document: bytes) -> Verdict | None:
        message = Message(booth.topic(kind), document, True, lambda: acknowledged.append(name))  # noqa: FBT003
        reception.receive(message)
        return reception.take()

    # The retained checkpoint may come before the retained birth.
    assert receive("early", TopicKind.CHECKPOINT, booth.checkpoint(5)) is None
    assert isinstance(receive("birth", TopicKind.BIRTH, booth.birth()), VerifiedBirth)
    first = reception.take()
    assert isinstance(first, VerifiedCheckpoint)
    assert acknowledged == []
    first.done()
    assert receive("again", TopicKind.CHECKPOINT, booth.checkpoint(5)) is None
    assert acknowledged == ["early", "again"]
    assert reception.fleet.devices[booth.address].health is None


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint_record, "_MAXIMUM_KEPT", 2)
    record = CheckpointRecord()
    address = SignedBooth().address
    for size in (1, 2, 3):
        assert record.admit(Checkpoint(address, size, ROOT)) is Growth.GROWN
    # Forgotten, so nobody can tell any more that it is an old one; it is not believed.
    assert record.admit(Checkpoint(address, 1, ROOT)) is Growth.SHRUNK
    assert record.admit(Checkpoint(address, 2, ROOT)) is Growth.REPEATED
