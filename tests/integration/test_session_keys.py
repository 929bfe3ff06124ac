"""Transport keys, checkpoints, keys and watch-lists over a session, packet by packet."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.publisher.mailbox import PAST_EPOCH_S, Mailbox
from edge_lpr.publisher.record_sending import REFUSED_WAIT_S
from edge_lpr.wire.topics import DeviceAddress, WatchListTopic, watch_list_topic
from tests.support.scripted_broker import Publish
from tests.support.session_bench import BOTH_VERSIONS, SessionBench, logged

NOT_AUTHORISED = 0x87
DAY_S = 86_400
BOOTH = DeviceAddress("agency", "north", "booth-1")
KEYS = "lpr/v1/agency/north/booth-1/keys"
LISTS = "lpr/v1/agency/north/watchlist/+/+"
IF_NEW = 0x10
"""Of a subscription's options: what is retained is sent if it is a new one (MQTT 5, 3.8.3.1)."""


@pytest.fixture
def mqtt_version() -> str:
    return "5"


@pytest.fixture
def bench(tmp_path: Path, mqtt_version: str) -> Iterator[SessionBench]:
    with closing(SessionBench(tmp_path, mqtt_version)) as bench:
        yield bench


@pytest.mark.parametrize("kind", ["transport", "checkpoint"], scope="class")
class TestRetained:
    """The announcement of the newest transport key, and the newest checkpoint."""

    @pytest.fixture
    def newest(self, bench: SessionBench, kind: str) -> list[bytes]:
        newest = [b"first key"]

        def take() -> bytes | None:
            return newest[-1] if newest else None

        if kind == "transport":
            bench.session.serve(newest_transport=take)
        else:
            bench.session.serve(newest_checkpoint=take)
        return newest

    @staticmethod
    def announced(bench: SessionBench) -> list[Publish]:
        return [
            each for each in bench.broker.publishes() if each.kind in ("transport", "checkpoint")
        ]

    def wait_for(self, bench: SessionBench, count: int) -> Publish:
        bench.turn_until(lambda: len(self.announced(bench)) >= count)
        return self.announced(bench)[count - 1]

    @BOTH_VERSIONS
    def test_it_is_retained_and_follows_the_birth(
        self, bench: SessionBench, newest: list[bytes]
    ) -> None:
        bench.connect()
        bench.broker.accept_client()
        bench.turn_until(lambda: len(bench.announcements()) >= 2)
        bench.turn_a_while()
        assert self.announced(bench) == []
        for publish in bench.announcements():
            bench.broker.acknowledge(publish)
        transport = self.wait_for(bench, 1)
        assert transport.payload == newest[0]
        assert transport.is_retained

    @pytest.mark.usefixtures("newest")
    def test_it_is_sent_once_in_a_connection(self, bench: SessionBench) -> None:
        bench.announce()
        bench.broker.acknowledge(self.wait_for(bench, 1))
        bench.add(1)
        bench.turn_until(lambda: bench.sent() == [b"1"])
        bench.turn_a_while()
        assert len(self.announced(bench)) == 1

    def test_booth_that_has_none_sends_none(self, bench: SessionBench, newest: list[bytes]) -> None:
        newest.clear()
        bench.announce()
        bench.add(1)
        bench.turn_until(lambda: bench.sent() == [b"1"])
        assert self.announced(bench) == []

    def test_next_one_goes_when_the_one_before_is_taken(
        self, bench: SessionBench, newest: list[bytes]
    ) -> None:
        bench.announce()
        first = self.wait_for(bench, 1)
        newest += [b"second key", b"third key"]
        bench.turn_a_while()
        assert self.announced(bench) == [first]
        bench.broker.acknowledge(first)
        assert self.wait_for(bench, 2).payload == b"third key"

    @pytest.mark.usefixtures("newest")
    def test_unanswered_one_holds_no_sighting_back(self, bench: SessionBench) -> None:
        bench.announce()
        self.wait_for(bench, 1)
        bench.add(3)
        bench.turn_until(lambda: bench.sent() == [b"1", b"2", b"3"])

    @pytest.mark.usefixtures("newest")
    def test_it_is_sent_again_over_the_next_connection(self, bench: SessionBench) -> None:
        bench.announce()
        bench.broker.acknowledge(self.wait_for(bench, 1))
        bench.turn_a_while()
        bench.broker.hang_up()
        bench.turn_until(lambda: not bench.session.is_connected)
        bench.clock.advance_s(60)
        bench.broker.forget()
        bench.announce()
        again = self.wait_for(bench, 1)
        assert not again.is_duplicate

    def test_one_on_its_way_when_the_connection_breaks_is_sent_again_before_the_next(
        self, bench: SessionBench, newest: list[bytes]
    ) -> None:
        bench.announce()
        self.wait_for(bench, 1)
        bench.broker.hang_up()
        bench.turn_until(lambda: not bench.session.is_connected)
        bench.clock.advance_s(60)
        bench.broker.forget()
        newest.append(b"second key")
        bench.announce()
        self.wait_for(bench, 2)
        assert [(each.payload, each.is_duplicate) for each in self.announced(bench)] == [
            (b"first key", True),
            (b"second key", False),
        ]

    @pytest.mark.usefixtures("newest")
    def test_broker_whose_rules_are_older_gets_the_sightings_and_is_asked_again(
        self, bench: SessionBench, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench.announce()
        bench.broker.acknowledge(self.wait_for(bench, 1), reason=NOT_AUTHORISED)
        bench.add(1)
        bench.turn_until(lambda: bench.sent() == [b"1"])
        bench.broker.acknowledge(bench.broker.sightings()[0])
        bench.turn_a_while()
        assert bench.session.is_connected
        (line,) = logged(caplog, "record_refused")
        assert line["reason"] == "Not authorized"
        assert len(self.announced(bench)) == 1
        bench.clock.advance_s(REFUSED_WAIT_S)
        self.wait_for(bench, 2)


class TestMailbox:
    """What the authority sends."""

    @pytest.fixture
    def mailbox(self, bench: SessionBench) -> Mailbox:
        mailbox = Mailbox(BOOTH, with_watch_lists=True, clock=bench.clock)
        bench.session.serve(mailbox=mailbox)
        return mailbox

    @staticmethod
    def list_topic(bench: SessionBench, index: int | None = None) -> str:
        epoch = bench.clock.unix_s() // DAY_S
        return watch_list_topic(WatchListTopic("agency", "north", epoch, index))

    @BOTH_VERSIONS
    def test_keys_and_lists_are_asked_for_and_handed_on(
        self, bench: SessionBench, mailbox: Mailbox
    ) -> None:
        bench.announce()
        bench.turn_until(lambda: len(bench.broker.subscriptions()) == 2)
        assert [each.topic for each in bench.broker.subscriptions()] == [KEYS, LISTS]
        assert {each.qos for each in bench.broker.subscriptions()} == {1}
        bench.broker.publish(KEYS, b"delivery", message_id=1)
        bench.broker.publish(self.list_topic(bench), b"manifest", message_id=2)
        bench.turn_until(lambda: mailbox.next_part() is not None)
        keys = mailbox.next_keys()
        assert keys is not None
        assert keys.untrusted_jws == b"delivery"

    def test_booth_without_a_list_asks_for_keys_alone(self, bench: SessionBench) -> None:
        bench.session.serve(mailbox=Mailbox(BOOTH, with_watch_lists=False, clock=bench.clock))
        bench.announce()
        bench.turn_until(lambda: bench.broker.subscriptions() != [])
        bench.turn_a_while()
        assert [each.topic for each in bench.broker.subscriptions()] == [KEYS]

    def test_request_is_none_of_the_mailbox(self, bench: SessionBench, mailbox: Mailbox) -> None:
        taken: list[bytes] = []
        bench.session.serve(take_request=taken.append, mailbox=mailbox)
        bench.announce()
        bench.broker.publish("lpr/v1/agency/north/booth-1/request", b"request", message_id=1)
        bench.broker.publish(KEYS, b"delivery", message_id=2)
        bench.turn_until(lambda: taken == [b"request"])
        bench.turn_until(lambda: mailbox.next_keys() is not None)

    @pytest.mark.usefixtures("mailbox")
    def test_refused_subscriptions_are_said_and_sightings_go_on(
        self, bench: SessionBench, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench.announce()
        bench.turn_until(lambda: len(bench.broker.subscriptions()) == 2)
        for subscription in bench.broker.subscriptions():
            bench.broker.grant(subscription, reason=NOT_AUTHORISED)
        bench.turn_until(lambda: len(logged(caplog, "subscription_refused")) == 2)
        kinds = [line["kind"] for line in logged(caplog, "subscription_refused")]
        assert kinds == ["keys", "watchlist"]
        bench.add(1)
        bench.turn_until(lambda: bench.sent() == [b"1"])
        assert bench.session.is_connected

    @pytest.mark.usefixtures("mailbox")
    def test_next_connection_asks_for_what_is_retained_only_if_the_broker_forgot_it(
        self, bench: SessionBench
    ) -> None:
        bench.announce()
        bench.turn_until(lambda: len(bench.broker.subscriptions()) == 2)
        assert bench.broker.subscriptions()[1].options == IF_NEW | 1

    def test_all_is_asked_for_when_a_past_day_has_left_room(
        self, bench: SessionBench, mailbox: Mailbox
    ) -> None:
        bench.announce()
        bench.turn_until(lambda: len(bench.broker.subscriptions()) == 2)
        epoch = bench.clock.unix_s() // DAY_S
        for day in (epoch, epoch + 1):
            for index in range(4096):
                place = WatchListTopic("agency", "north", day, index)
                mailbox.take(watch_list_topic(place), bytes(3072))
        assert mailbox.parts_dropped > 0
        bench.turn_a_while()
        assert len(bench.broker.subscriptions()) == 2
        bench.clock.now_unix_s += DAY_S + PAST_EPOCH_S
        bench.turn_until(lambda: len(bench.broker.subscriptions()) == 3)
        assert bench.broker.subscriptions()[2].topic == LISTS
        assert bench.broker.subscriptions()[2].options == 1
        bench.turn_a_while()
        assert len(bench.broker.subscriptions()) == 3
