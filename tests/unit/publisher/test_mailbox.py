"""What the authority sends, between broker and tokeniser."""

from collections.abc import Callable
from typing import TypeVar

import pytest

from edge_lpr.core.clock import TimeQuality
from edge_lpr.handoff.record_message import (
    MAXIMUM_DELIVERY_BYTES,
    MAXIMUM_PART_BYTES,
    KeysMessage,
    WatchListMessage,
)
from edge_lpr.publisher.list_shelf import MAXIMUM_SHELF_BYTES
from edge_lpr.publisher.mailbox import (
    MOST_ATTEMPTS,
    MOST_DELIVERIES,
    PARTS_A_S,
    PARTS_AT_ONCE,
    PAST_EPOCH_S,
    Mailbox,
)
from edge_lpr.wire.topics import DeviceAddress, WatchListTopic, watch_list_topic
from tests.support.clock import SetClock

BOOTH = DeviceAddress("agency", "north", "booth-1")
KEYS = "lpr/v1/agency/north/booth-1/keys"
DAY_S = 86_400

_Message = TypeVar("_Message", KeysMessage, WatchListMessage)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def mailbox(clock: SetClock) -> Mailbox:
    return Mailbox(BOOTH, with_watch_lists=True, clock=clock)


def today(clock: SetClock) -> int:
    return clock.unix_s() // DAY_S


def put_part(
    mailbox: Mailbox,
    epoch: int,
    index: int | None = None,
    content: bytes = b"part",
    *,
    site: str = "north",
) -> None:
    mailbox.take(watch_list_topic(WatchListTopic("agency", site, epoch, index)), content)


def taken_keys(mailbox: Mailbox) -> list[bytes]:
    """Take all deliveries that may be handed on now."""
    return [message.untrusted_jws for message in all_of(mailbox, mailbox.next_keys)]


def taken_parts(mailbox: Mailbox) -> list[tuple[int, int | None]]:
    return [(message.epoch, message.index) for message in all_of(mailbox, mailbox.next_part)]


def all_of(mailbox: Mailbox, following: Callable[[], _Message | None]) -> list[_Message]:
    messages: list[_Message] = []
    while (message := following()) is not None:
        mailbox.handed(message)
        messages.append(message)
    return messages


def test_deliveries_are_handed_on_in_their_order_once_each(mailbox: Mailbox) -> None:
    for delivery in (b"first", b"second", b"first"):
        mailbox.take(KEYS, delivery)
    assert taken_keys(mailbox) == [b"first", b"second"]
    assert taken_keys(mailbox) == []


@pytest.mark.parametrize("length", [0, MAXIMUM_DELIVERY_BYTES + 1])
def test_delivery_of_an_impossible_length_is_dropped(mailbox: Mailbox, length: int) -> None:
    mailbox.take(KEYS, bytes(length))
    assert taken_keys(mailbox) == []


@pytest.mark.parametrize(
    "topic",
    [
        "lpr/v1/agency/north/booth-2/keys",
        "lpr/v1/agency/north/booth-1/sighting",
        "lpr/v1/agency/north/booth-1/keys/more",
        "elsewhere",
        "",
    ],
)
def test_message_under_another_topic_is_dropped(mailbox: Mailbox, topic: str) -> None:
    mailbox.take(topic, b"forged")
    assert taken_keys(mailbox) == []
    assert taken_parts(mailbox) == []


def test_flood_of_deliveries_pushes_the_oldest_out_and_is_counted(mailbox: Mailbox) -> None:
    for number in range(MOST_DELIVERIES + 100):
        mailbox.take(KEYS, b"%d" % number)
    assert mailbox.deliveries_dropped == 100
    assert taken_keys(mailbox) == [b"%d" % number for number in range(100, 100 + MOST_DELIVERIES)]


def test_flood_of_deliveries_reaches_the_tokeniser_once_a_second(
    mailbox: Mailbox, clock: SetClock
) -> None:
    handed_on = 0
    for number in range(1000):
        mailbox.take(KEYS, b"%d" % number)
        handed_on += len(taken_keys(mailbox))
        clock.advance_s(0.01)
    assert MOST_DELIVERIES < handed_on <= MOST_DELIVERIES + 10


def test_delivery_that_the_tokeniser_did_not_ask_on_after_is_handed_on_again(
    mailbox: Mailbox,
) -> None:
    mailbox.take(KEYS, b"delivery")
    assert mailbox.next_keys() == mailbox.next_keys() == KeysMessage(b"delivery")


def test_delivery_that_ends_every_tokeniser_is_given_up(mailbox: Mailbox) -> None:
    mailbox.take(KEYS, b"poison")
    mailbox.take(KEYS, b"sound")
    for _ in range(MOST_ATTEMPTS):
        assert mailbox.next_keys() == KeysMessage(b"poison")
        mailbox.begin()
    assert taken_keys(mailbox) == [b"sound"]
    assert mailbox.deliveries_dropped == 1


def test_delivery_pushed_out_while_it_was_in_hand_takes_no_other_with_it(mailbox: Mailbox) -> None:
    mailbox.take(KEYS, b"in hand")
    in_hand = mailbox.next_keys()
    assert in_hand is not None
    for number in range(MOST_DELIVERIES):
        mailbox.take(KEYS, b"%d" % number)
    mailbox.handed(in_hand)
    mailbox.handed(in_hand)
    assert mailbox.next_keys() == KeysMessage(b"0")


def test_watch_list_of_the_site_is_handed_on(mailbox: Mailbox, clock: SetClock) -> None:
    put_part(mailbox, today(clock), 0)
    put_part(mailbox, today(clock))
    assert taken_parts(mailbox) == [(today(clock), None), (today(clock), 0)]


def test_booth_that_publishes_every_passage_takes_no_watch_list(clock: SetClock) -> None:
    mailbox = Mailbox(BOOTH, with_watch_lists=False, clock=clock)
    put_part(mailbox, today(clock))
    assert mailbox.watch_list_filter is None
    assert taken_parts(mailbox) == []


def test_another_sites_watch_list_is_dropped(mailbox: Mailbox, clock: SetClock) -> None:
    put_part(mailbox, today(clock), site="south")
    assert taken_parts(mailbox) == []


def test_part_that_is_too_long_is_dropped(mailbox: Mailbox, clock: SetClock) -> None:
    put_part(mailbox, today(clock), content=bytes(MAXIMUM_PART_BYTES + 1))
    assert taken_parts(mailbox) == []
    put_part(mailbox, today(clock), content=bytes(MAXIMUM_PART_BYTES))
    assert len(taken_parts(mailbox)) == 1


def test_part_that_the_authority_takes_back_is_forgotten(mailbox: Mailbox, clock: SetClock) -> None:
    put_part(mailbox, today(clock))
    put_part(mailbox, today(clock), 0)
    put_part(mailbox, today(clock), 0, b"")
    assert taken_parts(mailbox) == [(today(clock), None)]


def test_lists_are_taken_for_days_that_a_booth_can_have_keys_for(
    mailbox: Mailbox, clock: SetClock
) -> None:
    days = [today(clock) + offset for offset in (-1, 0, 1, 8, 9, 5000)]
    for epoch in days:
        put_part(mailbox, epoch)
    assert [epoch for epoch, _ in taken_parts(mailbox)] == days[1:4]


def test_clock_that_knows_nothing_forgets_no_list(mailbox: Mailbox, clock: SetClock) -> None:
    clock.now_quality = TimeQuality.NONE
    put_part(mailbox, today(clock) - 3000)
    assert len(taken_parts(mailbox)) == 1


def test_past_day_s_list_is_kept_for_passages_in_flight_and_then_forgotten(
    mailbox: Mailbox, clock: SetClock
) -> None:
    epoch = today(clock)
    put_part(mailbox, epoch)
    clock.advance_s((epoch + 1) * DAY_S - clock.unix_s() + PAST_EPOCH_S - 1)
    mailbox.begin()
    assert taken_parts(mailbox) == [(epoch, None)]
    clock.advance_s(1)
    mailbox.begin()
    assert taken_parts(mailbox) == []


def test_broker_is_asked_for_all_once_when_a_past_day_has_left_room(
    mailbox: Mailbox, clock: SetClock
) -> None:
    epoch = today(clock)
    put_part(mailbox, epoch)
    for index in range(MAXIMUM_SHELF_BYTES // 3000):
        put_part(mailbox, epoch, min(index, 4095), bytes(3072))
        put_part(mailbox, epoch + 1, min(index, 4095), bytes(3072))
    assert mailbox.parts_dropped > 0
    assert not mailbox.takes_all_lists()
    clock.advance_s(DAY_S + PAST_EPOCH_S)
    assert mailbox.takes_all_lists()
    assert not mailbox.takes_all_lists()


def test_room_is_noticed_also_when_the_tokeniser_asks_first(
    mailbox: Mailbox, clock: SetClock
) -> None:
    epoch = today(clock)
    for index in range(4096):
        put_part(mailbox, epoch, index, bytes(3072))
        put_part(mailbox, epoch + 1, index, bytes(3072))
    clock.advance_s(DAY_S + PAST_EPOCH_S)
    assert mailbox.next_part() is None
    assert mailbox.takes_all_lists()


def test_flood_of_parts_is_handed_on_slowly(mailbox: Mailbox, clock: SetClock) -> None:
    handed_on = 0
    number = 0
    while number < PARTS_AT_ONCE + 2000:
        put_part(mailbox, today(clock), None, b"%d" % number)
        handed_on += len(taken_parts(mailbox))
        number += 1
    assert handed_on == PARTS_AT_ONCE
    clock.advance_s(1)
    for _ in range(1000):
        put_part(mailbox, today(clock), None, b"%d" % number)
        handed_on += len(taken_parts(mailbox))
        number += 1
    assert handed_on == PARTS_AT_ONCE + PARTS_A_S


def test_new_tokeniser_gets_the_whole_list_at_once(mailbox: Mailbox, clock: SetClock) -> None:
    put_part(mailbox, today(clock))
    for index in range(1370):
        put_part(mailbox, today(clock), index)
    for _ in range(10):
        mailbox.begin()
        assert len(taken_parts(mailbox)) == 1371
