"""In which order the tokeniser gets what waits for it, and what of it is taken back."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.errors import OutboxError, WireError
from edge_lpr.handoff.record_message import (
    CheckpointMessage,
    GapWish,
    HealthMessage,
    KeysMessage,
    TransportMessage,
    WatchListMessage,
    Wish,
)
from edge_lpr.publisher.mailbox import Mailbox
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.signing_desk import SigningDesk
from edge_lpr.wire.checkpoint import Checkpoint, sign_checkpoint
from edge_lpr.wire.health import PUBLISHER_COUNTERS, BoothFigures
from edge_lpr.wire.topics import TopicKind, WatchListTopic, topic, watch_list_topic
from edge_lpr.wire.transport import TRANSPORT_TYP
from tests.support.clock import SetClock
from tests.support.outboxes import limits_of, open_outbox
from tests.support.signer import BOOTH, Signer

FIGURES = BoothFigures(
    counters=dict.fromkeys(PUBLISHER_COUNTERS, 0), unsent=0, oldest_unsent_s=0, kept=0
)
STRANGE_BOOT = "ffffffffffffffff"


class Bench:
    """A desk whose mailbox and outbox a test fills."""

    def __init__(self, folder: Path) -> None:
        self.clock = SetClock()
        self.outbox = open_outbox(folder, limits_of(), clock=self.clock)
        self.mailbox = Mailbox(BOOTH, with_watch_lists=True, clock=self.clock)
        self.signer = Signer()
        self.desk = SigningDesk(
            self.outbox, lambda: FIGURES, self.mailbox, health_interval_s=60, clock=self.clock
        )

    def put_keys(self, *deliveries: bytes) -> None:
        for delivery in deliveries:
            self.mailbox.take(topic(BOOTH, TopicKind.KEYS), delivery)

    def put_list(self, chunks: int) -> None:
        epoch = self.clock.unix_s() // 86_400
        for index in (None, *range(chunks)):
            place = WatchListTopic(BOOTH.tenant, BOOTH.site, epoch, index)
            self.mailbox.take(watch_list_topic(place), b"part")

    def miss(self, *numbers: int) -> None:
        for number in numbers:
            self.outbox.ask_again(STRANGE_BOOT, number, number)

    def sign_health(self) -> None:
        self.desk.accept_health(HealthMessage(self.signer.health()))

    def kinds(self, count: int) -> str:
        """Return one letter for each of the next wishes; gaps stay unsigned."""
        return "".join(letter_of(self.desk.next_wish()) for _ in range(count))


def letter_of(wish: Wish | None) -> str:
    letters = {KeysMessage: "K", WatchListMessage: "W", GapWish: "G", BoothFigures: "F"}
    return "N" if wish is None else letters[type(wish)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    with closing(bench.outbox):
        yield bench


def test_keys_go_first(bench: Bench) -> None:
    bench.put_list(1)
    bench.put_keys(b"delivery")
    assert bench.desk.next_wish() == KeysMessage(b"delivery")


def test_everybody_has_a_turn_while_everything_waits(bench: Bench) -> None:
    bench.put_keys(b"1", b"2", b"3")
    bench.put_list(3)
    bench.miss(1)
    # The health record is not signed, so it stays due.
    assert bench.kinds(8) == "KFWGKFWG"


def test_list_takes_all_the_turns_that_nobody_needs(bench: Bench) -> None:
    bench.desk.next_wish()
    bench.sign_health()
    bench.put_list(4)
    assert bench.kinds(6) == "WWWWWN"


def test_keys_that_come_during_a_list_wait_for_no_more_than_two_others(bench: Bench) -> None:
    bench.put_list(50)
    bench.miss(1)
    bench.kinds(10)
    bench.put_keys(b"delivery")
    assert "K" in bench.kinds(3)


def test_wish_that_was_asked_on_after_is_settled(bench: Bench) -> None:
    bench.desk.next_wish()
    bench.sign_health()
    bench.put_keys(b"first", b"second")
    assert bench.desk.next_wish() == KeysMessage(b"first")
    assert bench.desk.next_wish() == KeysMessage(b"second")
    assert bench.desk.next_wish() is None


def test_what_was_in_hand_when_the_connection_broke_is_handed_on_again(bench: Bench) -> None:
    bench.put_keys(b"delivery")
    assert bench.desk.next_wish() == KeysMessage(b"delivery")
    bench.desk.begin()
    assert bench.desk.next_wish() == KeysMessage(b"delivery")
    bench.desk.next_wish()
    bench.sign_health()
    assert bench.desk.next_wish() is None


def test_outbox_that_cannot_be_read_holds_up_neither_keys_nor_lists(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_outbox: Outbox) -> None:
        raise OutboxError("I/O error")

    monkeypatch.setattr(Outbox, "next_gap", fail)
    bench.put_list(2)
    bench.put_keys(b"1", b"2")
    assert bench.kinds(3) == "KFW"
    with pytest.raises(OutboxError):
        bench.desk.next_wish()
    # The relay closes the connection, and the tokeniser comes back.
    bench.desk.begin()
    assert bench.kinds(3) == "KFW"


def test_newest_announcement_of_a_transport_key_is_kept(bench: Bench) -> None:
    assert bench.desk.newest_transport() is None
    for _ in range(2):
        announcement = bench.signer.transport()
        bench.desk.accept_transport(TransportMessage(announcement))
        assert bench.desk.newest_transport() == announcement


def test_announcement_that_is_none_is_refused(bench: Bench) -> None:
    announcement = bench.signer.transport()
    bench.desk.accept_transport(TransportMessage(announcement))
    for untrusted in (
        b"nonsense",
        bench.signer.health(),
        bench.signer.event_key.sign(TRANSPORT_TYP, b"{}"),
    ):
        with pytest.raises(WireError):
            bench.desk.accept_transport(TransportMessage(untrusted))
    assert bench.desk.newest_transport() == announcement


def test_newest_checkpoint_is_kept_and_nothing_else_is_one(bench: Bench) -> None:
    assert bench.desk.newest_checkpoint() is None
    note = b""
    for size in (5, 6):
        note = sign_checkpoint(Checkpoint(BOOTH, size, bytes(32)), bench.signer.event_key)
        bench.desk.accept_checkpoint(CheckpointMessage(note))
        assert bench.desk.newest_checkpoint() == note
    for untrusted in (b"nonsense", bench.signer.health()):
        with pytest.raises(WireError):
            bench.desk.accept_checkpoint(CheckpointMessage(untrusted))
    assert bench.desk.newest_checkpoint() == note
