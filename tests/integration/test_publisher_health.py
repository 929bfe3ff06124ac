"""What the publisher says about itself, with a real outbox and a folder of sensors."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import HandoffError, OutboxDamagedError, OutboxError, WireError
from edge_lpr.core.log import Log
from edge_lpr.handoff.record_message import GapMessage, GapWish, HealthMessage
from edge_lpr.publisher.consumers import ConsumersFile
from edge_lpr.publisher.health import PublisherFigures
from edge_lpr.publisher.intake import Intake
from edge_lpr.publisher.mailbox import Mailbox
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.requests import RequestDesk
from edge_lpr.publisher.sending import SessionCounters
from edge_lpr.publisher.signing_desk import SigningDesk
from edge_lpr.publisher.temperature import hottest_c
from edge_lpr.tokeniser.vision_watch import VisionWatch
from edge_lpr.wire.gap import GapClaims, GapReason, sign_gap
from edge_lpr.wire.health import PUBLISHER_COUNTERS, Alarm, BoothFigures, sign_health
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.topics import DeviceAddress
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock
from tests.support.outboxes import document_of, limits_of, open_outbox
from tests.support.passages import condition_of
from tests.support.signer import Signer

BOOT = "00112233445566aa"
KEY = SigningKey.generate()
ADDRESS = DeviceAddress("agency", "north", "booth-1")


@dataclass
class StillSession:
    """A session that does nothing, and says what it is told to."""

    counters: SessionCounters
    said: tuple[Alarm, ...] = ()
    days: int | None = None

    def alarms(self) -> tuple[Alarm, ...]:
        return self.said

    def tls_certificate_days(self) -> int | None:
        return self.days


class Bench:
    """The figures of a booth without a broker."""

    def __init__(self, folder: Path) -> None:
        self.clock = SetClock()
        self.outbox = open_outbox(folder, limits_of(maximum_unsent=10), clock=self.clock)
        self.session = StillSession(
            SessionCounters(published=3, refused_by_broker=1, connections=2, bytes_sent=1234)
        )
        self.sensors = folder / "thermal"
        log = Log("test")
        consumers = ConsumersFile(None, Complaints(log, self.clock))
        self.figures = PublisherFigures(
            self.outbox,
            Intake(self.outbox, log),
            RequestDesk(ADDRESS, consumers, self.outbox, clock=self.clock, log=log),
            self.session,
            clock=self.clock,
            thermal_folder=self.sensors,
        )
        self.desk = SigningDesk(
            self.outbox,
            self.figures.now,
            Mailbox(ADDRESS, with_watch_lists=False, clock=self.clock),
            health_interval_s=60,
            clock=self.clock,
        )

    def add(self, *numbers: int) -> None:
        for seq in numbers:
            self.outbox.add_sighting(BOOT, seq, document_of(BOOT, seq))

    def heat(self, *readings: str) -> None:
        for number, reading in enumerate(readings):
            zone = self.sensors / f"thermal_zone{number}"
            zone.mkdir(parents=True, exist_ok=True)
            (zone / "temp").write_text(reading)

    def health(self) -> bytes:
        """Return a health record as the tokeniser would sign it."""
        condition = condition_of(VisionWatch(self.clock), self.clock)
        claims = condition.claims(
            self.figures.now(), boot=BOOT, end=(0, bytes(16)), queued=0, test=True
        )
        return sign_health(claims, KEY)

    def gap(self, first: int, last: int) -> GapMessage:
        claims = GapClaims(BOOT, first, last, NOON_OF_THE_VECTORS, GapReason.OUTBOX_FULL)
        return GapMessage(sign_gap(claims, KEY))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    with closing(bench.outbox):
        yield bench


def test_quiet_booth_has_figures_and_no_alarm(bench: Bench) -> None:
    assert bench.figures.now() == BoothFigures(
        counters=dict.fromkeys(PUBLISHER_COUNTERS, 0)
        | {"published": 3, "refused_by_broker": 1, "connections": 2, "bytes_sent": 1200},
        unsent=0,
        oldest_unsent_s=0,
        kept=0,
    )


def test_every_counter_of_the_contract_is_counted(bench: Bench) -> None:
    assert set(bench.figures.counters()) == set(PUBLISHER_COUNTERS)


def test_outbox_is_in_the_figures(bench: Bench) -> None:
    bench.add(1, 2, 3)
    bench.outbox.mark_sent([1])
    bench.outbox.ask_again(BOOT, 1, 1)
    bench.outbox.mark_sent([1])
    figures = bench.figures.now()
    assert (figures.unsent, figures.kept, figures.counters["resent"]) == (2, 1, 1)


def test_oldest_sighting_says_how_long_it_waits(bench: Bench) -> None:
    signer = Signer()
    bench.outbox.add_sighting(signer.boot, 1, signer.sighting())
    bench.clock.advance_s(90)
    assert bench.figures.now().oldest_unsent_s == 90
    bench.clock.advance_s(-1000)
    assert bench.figures.now().oldest_unsent_s == 0


def test_alarms_of_the_session_are_handed_on(bench: Bench) -> None:
    bench.session.said, bench.session.days = ("bandwidth", "tls_certificate_ends"), 3
    figures = bench.figures.now()
    assert figures.alarms == ("bandwidth", "tls_certificate_ends")
    assert figures.tls_certificate_days == 3


def test_outbox_that_is_more_than_half_full_is_an_alarm(bench: Bench) -> None:
    bench.add(1, 2, 3, 4, 5)
    assert bench.figures.now().alarms == ()
    bench.add(6)
    assert bench.figures.now().alarms == ("outbox_filling",)


def test_sightings_that_had_to_go_are_an_alarm_for_a_day(bench: Bench) -> None:
    bench.add(*range(1, 13))
    bench.outbox.mark_sent(range(1, 13))
    figures = bench.figures.now()
    assert (figures.alarms, figures.counters["dropped"]) == (("sightings_dropped",), 2)
    bench.clock.advance_s(86_399)
    assert bench.figures.now().alarms == ("sightings_dropped",)
    bench.clock.advance_s(1)
    figures = bench.figures.now()
    assert (figures.alarms, figures.counters["dropped"]) == ((), 2)


def test_outbox_that_cannot_be_written_is_an_alarm(bench: Bench) -> None:
    bench.add(1)
    with bench.outbox._owned() as connection:
        connection.execute("PRAGMA query_only=1")
    with pytest.raises(OutboxError):
        bench.outbox.mark_sent([1])
    # Also when asked again, although what changes nothing can be committed.
    assert bench.figures.now().alarms == ("outbox_failing",)
    assert bench.figures.now().alarms == ("outbox_failing",)
    with bench.outbox._owned() as connection:
        connection.execute("PRAGMA query_only=0")
    bench.outbox.mark_sent([1])
    assert bench.figures.now().alarms == ()


def test_what_was_kept_long_enough_goes_also_from_a_booth_without_vehicles(bench: Bench) -> None:
    bench.add(1, 2, 3)
    bench.outbox.mark_sent([1, 2, 3])
    bench.clock.advance_s(8 * 86_400)
    bench.figures.now()
    # The last one stays whatever happens.
    assert bench.figures.now().kept == 1


def test_outbox_that_cannot_be_read_is_an_alarm_and_no_silence(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(outbox: Outbox) -> bytes:
        outbox.is_failing = True
        raise OutboxError("I/O error")

    monkeypatch.setattr(Outbox, "oldest_document", fail)
    bench.add(1)
    figures = bench.figures.now()
    assert (figures.unsent, figures.oldest_unsent_s) == (1, 0)
    assert figures.alarms == ("outbox_failing",)


def test_outbox_that_is_damaged_ends_the_process(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_outbox: Outbox) -> bytes:
        raise OutboxDamagedError("its pages contradict each other")

    monkeypatch.setattr(Outbox, "oldest_document", fail)
    with pytest.raises(OutboxDamagedError):
        bench.figures.now()


@pytest.mark.parametrize(
    ("readings", "temperature_c", "is_alarming"),
    [
        pytest.param(("45678\n", "52000\n"), 52, False, id="warm"),
        pytest.param(("80000\n",), 80, True, id="hot"),
        pytest.param(("-273000\n", "31000"), 31, False, id="one is not fitted"),
        pytest.param(("", "nonsense", "9" * 100), None, False, id="none works"),
        pytest.param((), None, False, id="none"),
    ],
)
def test_hottest_sensor_counts(
    bench: Bench, readings: tuple[str, ...], temperature_c: int | None, *, is_alarming: bool
) -> None:
    bench.heat(*readings)
    figures = bench.figures.now()
    assert figures.temperature_c == temperature_c
    assert ("hot" in figures.alarms) == is_alarming


def test_sensor_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "thermal_zone0" / "temp").mkdir(parents=True)
    assert hottest_c(tmp_path) is None


def test_health_is_wanted_at_once_and_then_every_minute(bench: Bench) -> None:
    for _ in range(3):
        # Until it has come: the connection may have broken meanwhile.
        assert isinstance(bench.desk.next_wish(), BoothFigures)
        assert isinstance(bench.desk.next_wish(), BoothFigures)
        document = bench.health()
        bench.desk.accept_health(HealthMessage(document))
        assert bench.desk.next_wish() is None
        assert bench.desk.take_health() == document
        assert bench.desk.take_health() is None
        bench.clock.advance_s(59)
        assert bench.desk.next_wish() is None
        bench.clock.advance_s(1)


def test_outbox_that_begins_to_fail_is_said_before_the_minute_is_over(bench: Bench) -> None:
    def is_said(*, is_failing: bool) -> bool:
        figures = bench.desk.next_wish()
        if figures is None:
            return False
        bench.desk.accept_health(HealthMessage(bench.health()))
        assert isinstance(figures, BoothFigures)
        assert ("outbox_failing" in figures.alarms) is is_failing
        return True

    assert is_said(is_failing=False)
    bench.desk.next_wish()
    bench.outbox.is_failing = True
    bench.clock.advance_s(9)
    assert not is_said(is_failing=True)
    bench.clock.advance_s(1)
    assert is_said(is_failing=True)
    bench.clock.advance_s(50)
    assert not is_said(is_failing=True)
    bench.outbox.is_failing = False
    assert is_said(is_failing=False)
    bench.clock.advance_s(59)
    assert not is_said(is_failing=False)


def test_gaps_are_wanted_between_two_health_records(bench: Bench) -> None:
    bench.add(*range(1, 13))
    assert isinstance(bench.desk.next_wish(), BoothFigures)
    bench.desk.accept_health(HealthMessage(bench.health()))
    assert bench.desk.next_wish() == GapWish(BOOT, 1, 2, GapReason.OUTBOX_FULL)
    gap = bench.gap(1, 2)
    bench.desk.accept_gap(gap)
    pending = bench.outbox.pending_gap()
    assert pending is not None
    assert pending.document == gap.untrusted_jws
    assert bench.desk.next_wish() is None


def test_gaps_have_their_turn_however_often_health_is_due(bench: Bench) -> None:
    bench.add(*range(1, 13))
    wishes = [bench.desk.next_wish() for _ in range(4)]
    assert [isinstance(wish, GapWish) for wish in wishes] == [False, True, False, True]


def test_gap_that_was_not_wanted_is_refused(bench: Bench) -> None:
    bench.desk.next_wish()
    bench.desk.accept_health(HealthMessage(bench.health()))
    with pytest.raises(HandoffError, match="nobody wanted"):
        bench.desk.accept_gap(bench.gap(1, 2))
    bench.add(*range(1, 13))
    bench.desk.next_wish()
    with pytest.raises(HandoffError, match="nobody wanted"):
        bench.desk.accept_gap(bench.gap(1, 12))
    bench.desk.accept_gap(bench.gap(1, 2))
    with pytest.raises(HandoffError, match="nobody wanted"):
        bench.desk.accept_gap(bench.gap(1, 2))


def test_health_that_was_not_wanted_is_refused(bench: Bench) -> None:
    bench.desk.next_wish()
    bench.desk.accept_health(HealthMessage(bench.health()))
    with pytest.raises(HandoffError, match="nobody wanted"):
        bench.desk.accept_health(HealthMessage(bench.health()))


def test_document_of_another_kind_is_refused(bench: Bench) -> None:
    bench.desk.next_wish()
    with pytest.raises(WireError, match="health record is none"):
        bench.desk.accept_health(HealthMessage(bench.gap(1, 2).untrusted_jws))
    with pytest.raises(WireError):
        bench.desk.accept_health(HealthMessage(b"nonsense"))
    with pytest.raises(WireError):
        bench.desk.accept_gap(GapMessage(KEY.sign("lpr-birth+jws", b"{}")))
