"""What is on its way to the broker, and what must wait."""

import pytest

from edge_lpr.publisher.sending_window import WINDOW, SendingWindow
from tests.support.clock import SetClock


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def window(clock: SetClock) -> SendingWindow:
    return SendingWindow(clock)


def fill(window: SendingWindow, count: int, *, first: int = 1) -> None:
    for number in range(first, first + count):
        window.sent(number, place=100 + number)


def test_full_window_has_no_room(window: SendingWindow) -> None:
    fill(window, WINDOW)
    assert window.room() == 0
    assert window.held_places() == {100 + number for number in range(1, WINDOW + 1)}


def test_acknowledged_sighting_is_held_until_the_outbox_has_marked_it(
    window: SendingWindow,
) -> None:
    fill(window, 1)
    window.accepted(1)
    assert window.acknowledged() == [101]
    assert window.held_places() == {101}
    assert window.room() == WINDOW - 1
    window.settled([101])
    assert window.held_places() == set()
    assert window.room() == WINDOW


def test_birth_and_status_take_no_room(window: SendingWindow) -> None:
    window.sent(1)
    assert window.room() == WINDOW
    assert window.waits_for(1)
    window.accepted(1)
    assert not window.waits_for(1)
    assert window.acknowledged() == []


@pytest.mark.parametrize(
    ("receive_maximum", "size"),
    [
        pytest.param(65_535, WINDOW, id="any number"),
        pytest.param(20, WINDOW, id="mosquitto"),
        pytest.param(10, 6, id="few"),
        pytest.param(1, 1, id="one"),
    ],
)
def test_broker_that_takes_less_gets_less(
    window: SendingWindow, receive_maximum: int, size: int
) -> None:
    window.limit(receive_maximum)
    assert window.room() == size


def test_lower_limit_than_what_is_on_its_way_gives_no_negative_room(window: SendingWindow) -> None:
    fill(window, 5)
    window.limit(1)
    assert window.room() == 0


def test_refused_sighting_waits_longer_each_time(window: SendingWindow, clock: SetClock) -> None:
    waits_s = []
    for number in range(1, 10):
        window.sent(number, place=7)
        assert window.refused(number)
        started_ns = clock.now_monotonic_ns
        while window.held_places() or window.room() == 0:
            clock.advance_s(1)
        waits_s.append((clock.now_monotonic_ns - started_ns) // 1_000_000_000)
    assert waits_s == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_one_refusal_holds_all_back_until_one_is_accepted(
    window: SendingWindow, clock: SetClock
) -> None:
    fill(window, 2)
    window.refused(1)
    assert window.room() == 0
    clock.advance_s(1)
    assert window.room() == WINDOW - 1


def test_refusals_of_one_moment_count_once(window: SendingWindow, clock: SetClock) -> None:
    fill(window, 10)
    for number in range(1, 11):
        window.refused(number)
    clock.advance_s(1)
    assert window.room() == WINDOW
    assert window.held_places() == set()


def test_acceptance_ends_the_growth_of_the_pause(window: SendingWindow, clock: SetClock) -> None:
    for number in range(1, 5):
        window.sent(number, place=7)
        window.refused(number)
        clock.advance_s(60)
    window.sent(5, place=8)
    window.accepted(5)
    window.sent(6, place=9)
    window.refused(6)
    clock.advance_s(1)
    assert window.room() == WINDOW - 1


def test_refused_birth_is_no_refused_sighting(window: SendingWindow) -> None:
    window.sent(1)
    assert not window.refused(1)
    assert window.room() == WINDOW


def test_answer_to_an_unknown_message_changes_nothing(window: SendingWindow) -> None:
    window.accepted(99)
    assert not window.refused(98)
    assert window.room() == WINDOW


def test_age_is_that_of_the_oldest_unanswered_message(
    window: SendingWindow, clock: SetClock
) -> None:
    assert window.oldest_age_s() == 0
    window.sent(1)
    clock.advance_s(5)
    window.sent(2, place=1)
    clock.advance_s(5)
    assert window.oldest_age_s() == 10
    window.accepted(1)
    assert window.oldest_age_s() == 5


def test_messages_sent_again_are_young_again(window: SendingWindow, clock: SetClock) -> None:
    window.sent(1)
    clock.advance_s(15)
    window.resent()
    assert window.oldest_age_s() == 0
    assert window.waits_for(1)
