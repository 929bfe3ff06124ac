"""What the outbox keeps, what it lets go of, and what it says about that."""

from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.handoff.record_message import GapWish
from edge_lpr.publisher.outbox import OVERTAKING_FROM, Outbox
from edge_lpr.publisher.outbox_ring import OutboxLimits, bytes_in_use
from edge_lpr.wire.gap import GapReason
from tests.support.outbox_ring import BOOT, add, gaps, numbers, send
from tests.support.outboxes import document_of, limits_of, open_outbox

LATER_BOOT = "0000000000000001"


def in_use(outbox: Outbox) -> int:
    with outbox._owned() as connection:
        return bytes_in_use(connection)


def test_oldest_sent_ones_go_when_the_file_is_full(tmp_path: Path) -> None:
    limits = limits_of(maximum_bytes=200_000)
    with closing(open_outbox(tmp_path, limits)) as outbox:
        for seq in range(1, 1001):
            add(outbox, seq)
            send(outbox)
            assert in_use(outbox) <= 200_000
        assert outbox.dropped == 0
        assert 200 < outbox.kept_count < 500
        first = 1000 - outbox.kept_count + 1
        assert outbox.ask_again(BOOT, first, 1000) == outbox.kept_count
        assert gaps(outbox) == []
    assert (tmp_path / "outbox.sqlite3").stat().st_size < 220_000


def test_unsent_ones_stay_as_long_as_sent_ones_can_go(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path, limits_of(maximum_bytes=200_000))) as outbox:
        add(outbox, 1)
        for seq in range(2, 1001):
            add(outbox, seq)
            unsent = outbox.oldest_unsent(2, except_places=())
            outbox.mark_sent([each.place for each in unsent[1:]])
        assert numbers(outbox) == [1]
        assert outbox.dropped == 0


def test_oldest_unsent_ones_go_last_and_a_gap_says_which(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path, limits_of(maximum_bytes=200_000))) as outbox:
        for seq in range(1, 1001):
            add(outbox, seq)
            assert in_use(outbox) <= 200_000
        kept = outbox.unsent_count
        assert numbers(outbox) == list(range(1001 - kept, 1001))
        assert outbox.dropped == 1000 - kept > 0
        assert gaps(outbox) == [GapWish(BOOT, 1, 1000 - kept, GapReason.OUTBOX_FULL)]


def test_gap_is_there_after_a_crash_in_the_next_moment(tmp_path: Path) -> None:
    limits = limits_of(maximum_unsent=3)
    with closing(open_outbox(tmp_path, limits)) as outbox:
        add(outbox, 1, 2, 3, 4)
        assert numbers(outbox) == [2, 3, 4]
    with closing(open_outbox(tmp_path, limits)) as outbox:
        assert outbox.unsent_count == 3
        assert gaps(outbox) == [GapWish(BOOT, 1, 1, GapReason.OUTBOX_FULL)]


def test_gaps_are_joined_within_a_boot_and_not_across(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path, limits_of(maximum_unsent=2))) as outbox:
        add(outbox, 1, 2, 3)
        add(outbox, 1, 2, 3, 4, boot=LATER_BOOT)
        assert gaps(outbox) == [
            GapWish(BOOT, 1, 3, GapReason.OUTBOX_FULL),
            GapWish(LATER_BOOT, 1, 2, GapReason.OUTBOX_FULL),
        ]


def test_gap_that_is_being_signed_is_not_changed_any_more(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path, limits_of(maximum_unsent=2))) as outbox:
        add(outbox, 1, 2, 3)
        gap = outbox.next_gap()
        assert gap is not None
        add(outbox, 4)
        assert gap.wish == GapWish(BOOT, 1, 1, GapReason.OUTBOX_FULL)
        outbox.store_gap(gap.place, b"signed")
        assert gaps(outbox) == [GapWish(BOOT, 2, 2, GapReason.OUTBOX_FULL)]


def test_limit_that_was_lowered_is_reached_step_by_step(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path)) as outbox:
        add(outbox, *range(1, 201))
    with closing(open_outbox(tmp_path, limits_of(maximum_unsent=50))) as outbox:
        add(outbox, 201, 202, 203)
        assert outbox.unsent_count == 50
        assert gaps(outbox) == [GapWish(BOOT, 1, 153, GapReason.OUTBOX_FULL)]


def test_outbox_that_is_too_small_for_anything_keeps_the_last_one(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path, limits_of(maximum_bytes=1))) as outbox:
        add(outbox, 1, 2)
        assert numbers(outbox) == [2]


def test_signed_gap_waits_for_the_broker_through_a_restart(tmp_path: Path) -> None:
    limits = limits_of(maximum_unsent=1)
    with closing(open_outbox(tmp_path, limits)) as outbox:
        add(outbox, 1, 2)
        gap = outbox.next_gap()
        assert gap is not None
        assert outbox.pending_gap() is None
        outbox.store_gap(gap.place, b"signed gap")
        outbox.store_gap(gap.place, b"signed otherwise")
    with closing(open_outbox(tmp_path, limits)) as outbox:
        signed = outbox.pending_gap()
        assert signed is not None
        assert signed.document == b"signed gap"
        assert outbox.next_gap() is None
        outbox.mark_gap_sent(signed.place)
        outbox.mark_gap_sent(signed.place)
        assert outbox.pending_gap() is None


def test_smaller_file_is_reached_step_by_step(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path)) as outbox:
        add(outbox, *range(1, 901))
        outbox.mark_sent(range(1, 901))
    with closing(open_outbox(tmp_path, limits_of(maximum_bytes=200_000))) as outbox:
        outbox.mark_sent(())
        at_once = 900 - outbox.kept_count
        for _ in range(10):
            outbox.mark_sent(())
        assert outbox.share_filled() == 0
        assert 0 < at_once <= 512 < 900 - outbox.kept_count
        assert gaps(outbox) == []


def test_signature_of_no_gap_is_not_kept(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path)) as outbox:
        outbox.store_gap(1, b"signed gap")
        assert outbox.pending_gap() is None


def test_asked_for_again_come_behind_what_is_unsent(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path)) as outbox:
        add(outbox, 1, 2, 3)
        send(outbox)
        add(outbox, 4, 5)
        assert not outbox.ask_again(BOOT, 4, 5)
        assert outbox.ask_again(BOOT, 2, 3) == 2
        assert numbers(outbox) == [4, 5, 2, 3]
        assert numbers(outbox, 3) == [4, 5, 2]
        without = outbox.oldest_unsent(9, except_places=(), with_asked_again=False)
        assert len(without) == 2
        assert gaps(outbox) == []


def test_asked_for_again_are_given_until_the_broker_has_them(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path)) as outbox:
        add(outbox, 1, 2, 3)
        send(outbox)
        had_something_to_send = outbox.has_something_to_send
        outbox.ask_again(BOOT, 1, 3)
        assert (had_something_to_send, outbox.has_something_to_send) == (False, True)
        first, second, _ = outbox.oldest_unsent(9, except_places=())
        assert [each.document for each in (first, second)] == [
            document_of(BOOT, 1),
            document_of(BOOT, 2),
        ]
        later = outbox.oldest_unsent(9, except_places=[first.place, second.place])
        assert [each.document for each in later] == [document_of(BOOT, 3)]
        assert outbox.mark_sent([first.place, second.place]) == 0
        assert numbers(outbox) == [3]
        assert (outbox.resent, outbox.kept_count, outbox.unsent_count) == (2, 3, 0)


def test_asked_for_again_may_leave_meanwhile(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path, limits_of(maximum_bytes=100_000))) as outbox:
        add(outbox, 1, 2)
        send(outbox)
        outbox.ask_again(BOOT, 1, 2)
        for seq in range(3, 400):
            add(outbox, seq)
            send(outbox)
        assert outbox.oldest_unsent(9, except_places=()) == []
        assert not outbox.has_something_to_send


def test_number_that_the_running_boot_has_not_reached_is_no_gap(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path)) as outbox:
        outbox.store_birth(BOOT, b"birth")
        assert outbox.ask_again(BOOT, 1, 9) == 0
        add(outbox, 3, 4)
        assert outbox.ask_again(BOOT, 1, 9) == 0
        assert gaps(outbox) == [GapWish(BOOT, 1, 2, GapReason.NOT_KEPT)]


def test_number_of_a_boot_that_is_over_is_a_gap_if_it_is_not_here(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path)) as outbox:
        outbox.store_birth(LATER_BOOT, b"birth")
        add(outbox, 3, 4)
        send(outbox)
        assert outbox.ask_again(BOOT, 2, 6) == 2
        assert gaps(outbox) == [
            GapWish(BOOT, 2, 2, GapReason.NOT_KEPT),
            GapWish(BOOT, 5, 6, GapReason.NOT_KEPT),
        ]


def test_boot_that_was_never_here_is_one_gap(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path)) as outbox:
        outbox.store_birth(BOOT, b"birth")
        assert outbox.ask_again(LATER_BOOT, 1, 10_000) == 0
        assert gaps(outbox) == [GapWish(LATER_BOOT, 1, 10_000, GapReason.NOT_KEPT)]


def test_same_question_again_makes_no_second_gap(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path)) as outbox:
        for _ in range(3):
            outbox.ask_again(BOOT, 1, 5)
        outbox.ask_again(BOOT, 2, 3)
        assert gaps(outbox) == [GapWish(BOOT, 1, 5, GapReason.NOT_KEPT)]


def test_range_full_of_holes_is_answered_in_part(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path)) as outbox:
        add(outbox, *range(2, 402, 2))
        outbox.ask_again(BOOT, 1, 401)
        first_answer = gaps(outbox)
        assert len(first_answer) == 64
        assert first_answer[0] == GapWish(BOOT, 1, 1, GapReason.NOT_KEPT)


def test_no_more_are_asked_for_again_than_the_memory_has_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_lpr.publisher.outbox.MAXIMUM_ASKED_AGAIN", 3)
    with closing(open_outbox(tmp_path)) as outbox:
        add(outbox, *range(1, 6))
        send(outbox)
        assert outbox.ask_again(BOOT, 1, 2) == 2
        assert outbox.ask_again(BOOT, 3, 5) == 1
        assert numbers(outbox) == [1, 2, 3]


def test_live_ones_overtake_a_long_backlog_and_a_short_one_stays_in_order(tmp_path: Path) -> None:
    backlog = OVERTAKING_FROM + 10
    with closing(open_outbox(tmp_path)) as outbox:
        add(outbox, *range(1, backlog + 1))
        outbox.live_from_now()
        add(outbox, backlog + 1, backlog + 2)
        assert numbers(outbox, 4) == [backlog + 1, backlog + 2, 1, 2]
        assert sorted(numbers(outbox)) == list(range(1, backlog + 3))
        live = outbox.oldest_unsent(2, except_places=())
        held = [each.place for each in live]
        assert outbox.oldest_unsent(1, except_places=held)[0].place == 1
        outbox.mark_sent(range(1, 13))
        assert outbox.unsent_count == OVERTAKING_FROM
        assert numbers(outbox) == list(range(13, backlog + 3))


def test_outbox_that_is_opened_takes_what_it_finds_for_backlog(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path)) as outbox:
        add(outbox, *range(1, OVERTAKING_FROM + 10))
    with closing(open_outbox(tmp_path)) as outbox:
        add(outbox, 1000)
        assert numbers(outbox, 2) == [1000, 1]


def test_oldest_document_is_that_which_waited_longest(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path)) as outbox:
        assert outbox.oldest_document() is None
        add(outbox, 1, 2)
        assert outbox.oldest_document() == document_of(BOOT, 1)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        pytest.param(limits_of(maximum_unsent=8), 0.5, id="by number"),
        pytest.param(limits_of(maximum_bytes=100_000), 0.2, id="by size"),
    ],
)
def test_outbox_says_how_full_it_is(tmp_path: Path, limits: OutboxLimits, expected: float) -> None:
    with closing(open_outbox(tmp_path, limits)) as outbox:
        add(outbox, 1, 2, 3, 4)
        send(outbox)
        assert outbox.share_filled() == 0
        add(outbox, 5, 6, 7, 8)
        assert outbox.share_filled() == pytest.approx(expected, abs=0.1)


def test_boot_without_sightings_is_forgotten_at_the_next_start(tmp_path: Path) -> None:
    limits = limits_of(maximum_unsent=1)
    with closing(open_outbox(tmp_path, limits)) as outbox:
        add(outbox, 1)
        add(outbox, 1, 2, boot=LATER_BOOT)
    with closing(open_outbox(tmp_path, limits)) as outbox, outbox._owned() as connection:
        assert connection.execute("SELECT boot FROM origin").fetchall() == [(LATER_BOOT,)]


def test_head_of_a_boots_sightings_is_stored_once(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path)) as outbox, outbox._owned() as connection:
        pass
    with closing(open_outbox(tmp_path)) as outbox:
        add(outbox, *range(1, 50))
        with outbox._owned() as connection:
            assert connection.execute("SELECT count(*) FROM origin").fetchone() == (1,)
