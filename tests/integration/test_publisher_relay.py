"""The relay between a real socket and a real outbox."""

import logging
import os
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.errors import NeighbourAwayError, OutboxDamagedError, OutboxError, WireError
from edge_lpr.core.log import Log
from edge_lpr.core.wake_up import WakeUp
from edge_lpr.handoff.record_message import (
    GapWish,
    KeysMessage,
    pack_ask,
    pack_gap,
    pack_health,
    pack_transport,
    parse_wish,
)
from edge_lpr.handoff.seqpacket import Listener
from edge_lpr.handoff.sighting_message import (
    SightingMessage,
    pack_birth,
    pack_sighting,
    parse_answer,
)
from edge_lpr.publisher.intake import Intake
from edge_lpr.publisher.mailbox import Mailbox
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.relay import Relay
from edge_lpr.publisher.signing_desk import SigningDesk
from edge_lpr.wire.birth import BIRTH_TYP
from edge_lpr.wire.gap import GapReason
from edge_lpr.wire.health import PUBLISHER_COUNTERS, BoothFigures
from edge_lpr.wire.topics import TopicKind, topic
from tests.support.clock import SetClock
from tests.support.outboxes import limits_of
from tests.support.publisher_bench import TokeniserStandIn
from tests.support.signer import BOOTH, Signer

FIGURES = BoothFigures(
    counters=dict.fromkeys(PUBLISHER_COUNTERS, 3), unsent=0, oldest_unsent_s=0, kept=0
)


class UnreliableOutbox(Outbox):
    """Fails when told to, as on a full or damaged disk."""

    error: OutboxError | None = None

    def add_sighting(self, boot: str, seq: int, document: bytes) -> bool:
        if self.error is not None:
            raise self.error
        return super().add_sighting(boot, seq, document)


class Bench:
    """A relay in a thread of its own, and a tokeniser in the test's."""

    def __init__(self, folder: Path, outbox_folder: Path, executor: ThreadPoolExecutor) -> None:
        self.clock = SetClock()
        self.outbox = UnreliableOutbox(
            outbox_folder / "outbox.sqlite3", Log("test"), limits=limits_of(), clock=self.clock
        )
        self.wake_up = WakeUp()
        self.intake = Intake(self.outbox, Log("test"))
        self.mailbox = Mailbox(BOOTH, with_watch_lists=True, clock=self.clock)
        self.desk = SigningDesk(
            self.outbox, lambda: FIGURES, self.mailbox, health_interval_s=60, clock=self.clock
        )
        self.listener = Listener(folder / "s.sock", allowed_user_id=os.geteuid())
        self.stop = threading.Event()
        relay = Relay(
            self.listener,
            self.intake,
            self.desk,
            wake_up=self.wake_up,
            clock=self.clock,
            log=Log("test"),
        )
        self.tokeniser = TokeniserStandIn(folder / "s.sock", Signer())
        self.relaying = executor.submit(relay.run, self.stop, lambda: None)

    def close(self) -> None:
        self.tokeniser.close()
        self.stop.set()
        self.relaying.exception(timeout=10)
        self.listener.close()
        self.wake_up.close()
        self.outbox.close()


@pytest.fixture
def bench(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Bench]:
    caplog.set_level(logging.DEBUG)
    with (
        tempfile.TemporaryDirectory(prefix="edge-lpr-") as folder,
        ThreadPoolExecutor(1) as executor,
        closing(Bench(Path(folder), tmp_path, executor)) as bench,
    ):
        yield bench


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.msg for record in caplog.records]


def test_sighting_is_in_the_outbox_when_the_answer_comes(bench: Bench) -> None:
    bench.tokeniser.greet()
    for count in range(1, 6):
        bench.tokeniser.hand_over(1)
        assert bench.outbox.unsent_count == count


def test_sighting_that_cannot_be_kept_is_not_answered(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.tokeniser.greet()
    message = pack_sighting(1, bench.tokeniser.signer.sighting())
    bench.outbox.error = OutboxError("the disk is full")
    for _ in range(3):
        with pytest.raises(NeighbourAwayError):
            bench.tokeniser.exchange(message)
        bench.tokeniser.close()
    bench.outbox.error = None
    bench.tokeniser.hand_over_again(message)
    assert bench.outbox.unsent_count == 1
    # Once a minute, and the test's clock stands still.
    assert events(caplog).count("failure") == 1


def test_outbox_that_cannot_be_written_is_asked_less_and_less_often(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits_s: list[float] = []
    monkeypatch.setattr(bench.stop, "wait", waits_s.append)
    bench.tokeniser.greet()
    message = pack_sighting(1, bench.tokeniser.signer.sighting())

    def be_turned_away(times: int) -> None:
        bench.outbox.error = OutboxError("the disk is full")
        for _ in range(times):
            with pytest.raises(NeighbourAwayError):
                bench.tokeniser.exchange(message)
            # The birth, which needs no room, is taken at every connection.
            bench.tokeniser.close()
        bench.outbox.error = None

    be_turned_away(4)
    bench.tokeniser.hand_over_again(message)
    assert waits_s == [0.1, 0.2, 0.4, 0.8]
    be_turned_away(1)
    bench.tokeniser.hand_over_again(message)
    assert waits_s[4:] == [0.1]


def test_damaged_outbox_ends_the_relay(bench: Bench) -> None:
    bench.tokeniser.greet()
    bench.outbox.error = OutboxDamagedError("its pages contradict each other")
    with pytest.raises(NeighbourAwayError):
        bench.tokeniser.exchange(pack_sighting(1, bench.tokeniser.signer.sighting()))
    assert isinstance(bench.relaying.exception(timeout=10), OutboxDamagedError)


def test_hole_in_the_numbering_is_logged_and_let_pass(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.tokeniser.greet()
    bench.tokeniser.hand_over(1)
    bench.tokeniser.signer.sighting()
    bench.tokeniser.hand_over(1)
    assert bench.outbox.unsent_count == 2
    (gap,) = [vars(record) for record in caplog.records if record.msg == "sequence_gap"]
    assert gap["edge_lpr_fields"] == {"boot": bench.tokeniser.signer.boot, "seq": 3}


def test_number_that_goes_back_is_refused(bench: Bench) -> None:
    bench.tokeniser.greet()
    first = pack_sighting(1, bench.tokeniser.signer.sighting())
    bench.tokeniser.hand_over_again(first)
    bench.tokeniser.hand_over(1)
    assert not parse_answer(bench.tokeniser.exchange(first)).is_committed


def test_numbering_begins_anew_with_each_boot(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.tokeniser.greet()
    bench.tokeniser.hand_over(2)
    bench.tokeniser.signer.begin_boot()
    bench.tokeniser.hand_over(2)
    assert "sequence_gap" not in events(caplog)
    assert bench.intake.accepted == 4


def test_restarted_publisher_knows_which_number_comes_next(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.tokeniser.greet()
    bench.tokeniser.hand_over(2)
    intake = Intake(bench.outbox, Log("test"))
    signer = bench.tokeniser.signer
    intake.take_sighting(SightingMessage(3, signer.sighting()))
    assert "sequence_gap" not in events(caplog)
    signer.sighting()
    intake.take_sighting(SightingMessage(5, signer.sighting()))
    assert "sequence_gap" in events(caplog)


def test_sighting_whose_answer_was_lost_is_counted_as_a_duplicate(bench: Bench) -> None:
    bench.tokeniser.greet()
    message = pack_sighting(1, bench.tokeniser.signer.sighting())
    bench.tokeniser.hand_over_again(message)
    bench.tokeniser.hand_over_again(message)
    assert (bench.intake.accepted, bench.intake.duplicates) == (1, 1)


def test_document_of_another_kind_or_number_is_refused(bench: Bench) -> None:
    bench.tokeniser.greet()
    signer = bench.tokeniser.signer
    sighting = signer.sighting()
    of_another_kind = signer.event_key.sign(BIRTH_TYP, b"{}")
    refused = [pack_birth(sighting), pack_sighting(2, sighting), pack_sighting(1, of_another_kind)]
    for message in refused:
        assert not parse_answer(bench.tokeniser.exchange(message)).is_committed
    assert bench.outbox.unsent_count == 0
    # The connection goes on: only the document was refused.
    bench.tokeniser.hand_over_again(pack_sighting(1, sighting))
    assert len(bench.tokeniser.hellos) == 1


def test_two_sightings_under_one_number_are_refused(bench: Bench) -> None:
    bench.tokeniser.greet()
    bench.tokeniser.hand_over(1)
    bench.tokeniser.signer.seq = 0
    forged = pack_sighting(1, bench.tokeniser.signer.sighting())
    assert not parse_answer(bench.tokeniser.exchange(forged)).is_committed


def test_publisher_says_what_it_wants_signed_and_takes_it(bench: Bench) -> None:
    tokeniser = bench.tokeniser
    tokeniser.greet()
    assert parse_wish(tokeniser.exchange(pack_ask())) == FIGURES
    health = tokeniser.signer.health()
    assert parse_answer(tokeniser.exchange(pack_health(health))).is_committed
    assert bench.desk.take_health() == health
    assert parse_wish(tokeniser.exchange(pack_ask())) is None
    bench.outbox.ask_again("ffffffffffffffff", 1, 3)
    wish = parse_wish(tokeniser.exchange(pack_ask()))
    assert wish == GapWish("ffffffffffffffff", 1, 3, GapReason.NOT_KEPT)
    gap = tokeniser.signer.gap(wish)
    assert parse_answer(tokeniser.exchange(pack_gap(gap))).is_committed
    pending = bench.outbox.pending_gap()
    assert pending is not None
    assert pending.document == gap


def test_record_that_nobody_wanted_is_refused(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.tokeniser.greet()
    health = pack_health(bench.tokeniser.signer.health())
    assert not parse_answer(bench.tokeniser.exchange(health)).is_committed
    assert not parse_answer(bench.tokeniser.exchange(pack_gap(b"gap"))).is_committed
    assert "failure" in events(caplog)
    bench.tokeniser.hand_over(1)


def test_announcement_is_answered_and_one_that_is_none_refused(bench: Bench) -> None:
    bench.tokeniser.greet()
    announcement = bench.tokeniser.announce()
    assert bench.desk.newest_transport() == announcement
    health = pack_transport(bench.tokeniser.signer.health())
    assert not parse_answer(bench.tokeniser.exchange(health)).is_committed
    assert bench.desk.newest_transport() == announcement
    bench.tokeniser.hand_over(1)


def test_delivery_is_handed_on_until_a_tokeniser_asks_on(bench: Bench) -> None:
    bench.mailbox.take(topic(BOOTH, TopicKind.KEYS), b"delivery")
    for _ in range(2):
        bench.tokeniser.greet()
        assert parse_wish(bench.tokeniser.exchange(pack_ask())) == KeysMessage(b"delivery")
        bench.tokeniser.close()
    bench.tokeniser.greet()
    bench.tokeniser.exchange(pack_ask())
    bench.tokeniser.exchange(pack_ask())
    bench.tokeniser.close()
    bench.tokeniser.greet()
    assert parse_wish(bench.tokeniser.exchange(pack_ask())) == FIGURES


def test_figures_that_no_record_can_hold_hold_no_sighting_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench.tokeniser.greet()

    def fail(_desk: SigningDesk) -> None:
        raise WireError("'kept' must be 0 to 9")

    with monkeypatch.context() as patch:
        patch.setattr(SigningDesk, "next_wish", fail)
        assert parse_wish(bench.tokeniser.exchange(pack_ask())) is None
    assert "failure" in events(caplog)
    bench.tokeniser.hand_over(1)
    assert parse_wish(bench.tokeniser.exchange(pack_ask())) == FIGURES


def test_gap_that_cannot_be_read_ends_the_connection_and_not_the_relay(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.tokeniser.greet()
    bench.tokeniser.exchange(pack_ask())
    bench.tokeniser.exchange(pack_health(bench.tokeniser.signer.health()))

    def fail(_outbox: Outbox) -> None:
        raise OutboxError("I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "next_gap", fail)
        with pytest.raises(NeighbourAwayError):
            bench.tokeniser.exchange(pack_ask())
    bench.tokeniser.close()
    bench.tokeniser.greet()
    bench.tokeniser.hand_over(1)


def test_wake_up_does_not_block_when_it_is_set_many_times() -> None:
    with closing(WakeUp()) as wake_up:
        for _ in range(10_000):
            wake_up.set()
        for _ in range(10_000):
            wake_up.clear()


def test_wake_up_after_its_end_is_nothing() -> None:
    wake_up = WakeUp()
    wake_up.close()
    wake_up.set()
