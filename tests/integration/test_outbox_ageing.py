"""How long the outbox keeps what was sent, under clocks right and wrong."""

from contextlib import closing
from pathlib import Path

from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.log import Log
from edge_lpr.handoff.record_message import GapWish
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.wire.gap import GapReason
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock
from tests.support.outbox_ring import BOOT, add, gaps, numbers, send
from tests.support.outboxes import DAY_S, limits_of, open_outbox


def test_sent_sightings_are_kept_for_their_days(tmp_path: Path) -> None:
    clock = SetClock()
    file = tmp_path / "outbox.sqlite3"
    outbox = Outbox(file, Log("test"), limits=limits_of(keep_sent_s=7 * DAY_S), clock=clock)
    with closing(outbox):
        add(outbox, 1, 2)
        send(outbox)
        clock.advance_s(6 * DAY_S)
        add(outbox, 3, 4)
        send(outbox)
        assert outbox.kept_count == 4
        clock.advance_s(2 * DAY_S)
        outbox.mark_sent([])
        assert outbox.kept_count == 2
        assert outbox.ask_again(BOOT, 1, 4) == 2
        assert gaps(outbox) == [GapWish(BOOT, 1, 2, GapReason.NOT_KEPT)]


def test_clock_that_was_set_back_lets_nothing_go(tmp_path: Path) -> None:
    clock = SetClock()
    file = tmp_path / "outbox.sqlite3"
    with closing(Outbox(file, Log("test"), limits=limits_of(), clock=clock)) as outbox:
        add(outbox, 1, 2, 3)
        send(outbox)
        clock.advance_s(-3650 * DAY_S)
        outbox.mark_sent([])
        assert outbox.kept_count == 3


def sent_under(clock: SetClock, folder: Path) -> Outbox:
    """Return an outbox with three sightings that were sent, an hour after its start."""
    outbox = open_outbox(folder, clock=clock)
    clock.advance_s(3_600)
    add(outbox, 1, 2, 3)
    send(outbox)
    return outbox


def test_sightings_of_a_clock_that_was_reset_do_not_go_when_it_is_set(tmp_path: Path) -> None:
    clock = SetClock(now_unix_s=0, now_quality=TimeQuality.NONE)
    with closing(sent_under(clock, tmp_path)) as outbox:
        clock.now_unix_s, clock.now_quality = NOON_OF_THE_VECTORS, TimeQuality.NTP
        for _ in range(3):
            outbox.mark_sent(())
            clock.advance_s(3_600)
        assert outbox.kept_count == 3


def test_clock_that_jumps_ahead_lets_nothing_go_before_it_has_held(tmp_path: Path) -> None:
    clock = SetClock()
    with closing(sent_under(clock, tmp_path)) as outbox:
        clock.now_unix_s += 8 * DAY_S
        outbox.mark_sent(())
        assert outbox.kept_count == 3
        clock.advance_s(3_600)
        outbox.mark_sent(())
        assert outbox.kept_count == 1


def test_clock_that_is_not_trusted_lets_nothing_go(tmp_path: Path) -> None:
    clock = SetClock()
    with closing(sent_under(clock, tmp_path)) as outbox:
        clock.now_quality = TimeQuality.NONE
        clock.advance_s(8 * DAY_S)
        outbox.mark_sent(())
        assert outbox.kept_count == 3


def test_sighting_that_came_last_stays_however_old_it_is(tmp_path: Path) -> None:
    clock = SetClock()
    file = tmp_path / "outbox.sqlite3"
    with closing(Outbox(file, Log("test"), limits=limits_of(), clock=clock)) as outbox:
        add(outbox, 1, 2)
        send(outbox)
        clock.advance_s(30 * DAY_S)
        outbox.mark_sent([])
        last = outbox.last_committed()
        assert last is not None
        assert (last.seq, outbox.kept_count) == (2, 1)
        add(outbox, 3)
        assert numbers(outbox) == [3]
        assert outbox.oldest_unsent(1, except_places=())[0].place == 3
