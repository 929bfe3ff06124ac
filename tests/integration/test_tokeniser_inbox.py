"""What the delivering thread does with what the publisher brings, and what it announces."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_lpr.core.clock import SystemClock, epoch_of
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.log import Log
from edge_lpr.core.settings import load_settings
from edge_lpr.handoff.record_message import KeysMessage, TransportMessage, WatchListMessage
from edge_lpr.handoff.seqpacket import Listener
from edge_lpr.handoff.sighting_message import MAXIMUM_TO_PUBLISHER_BYTES, parse_to_publisher
from edge_lpr.tokeniser.clock_floor import FlooredClock
from edge_lpr.tokeniser.delivery import Delivery
from edge_lpr.tokeniser.funnel import Funnel
from edge_lpr.tokeniser.hit_list import HitList
from edge_lpr.tokeniser.inbox import Inbox
from edge_lpr.tokeniser.key_intake import KeyIntake
from edge_lpr.tokeniser.key_keeper import KeyKeeper
from edge_lpr.tokens.key_ring import KeyPurpose, read_key_state
from edge_lpr.wire.key_delivery import EpochKeys
from edge_lpr.wire.watch_list import ListEntry
from tests.support.booth import Booth, epoch_keys, lay_out_booth
from tests.support.deliveries import DeliveringAuthority, settings_with_authority
from tests.support.passages import boot_of
from tests.support.scripted_publisher import DEADLINE_S, ScriptedPublisher, accepted, listening
from tests.support.waiting import wait_until
from tests.support.watch_lists import ListMaker

CLOCK = SystemClock()


@dataclass
class Post:
    """A delivering thread with an inbox, in this very process."""

    booth: Booth
    today: int
    authority: DeliveringAuthority
    keeper: KeyKeeper
    hit_list: HitList | None
    inbox: Inbox
    delivery: Delivery

    def keys(self, *epochs: int) -> KeysMessage:
        """Return a sound delivery to the newest key."""
        key = self.keeper.announcement(b"c.e.r").key
        return KeysMessage(self.authority.sealed(key, self.authority.delivery(*epochs)))

    def list_for(self, epoch: int) -> list[WatchListMessage]:
        entry = ListEntry(bytes(16), bytes(16), b"entry id", is_variant=False)
        maker = ListMaker(self.booth.authority_key, epoch_keys(epoch)[1])
        manifest, chunks = maker.messages(epoch, 1, [entry])
        return [manifest, *chunks]


def post_in(folder: Path, *, mode: str) -> Post:
    booth = lay_out_booth(folder, more_tokeniser_settings=settings_with_authority(folder))
    now_s = CLOCK.unix_s()
    today = epoch_of(now_s)
    booth.write_keys(KeyPurpose.TEST, today)
    settings, log, funnel = load_settings(booth.settings_file), Log("test"), Funnel()
    clock, authority_key = FlooredClock(CLOCK, 0), booth.authority_key.public_key
    state = read_key_state(booth.key_ring_file)
    keeper = KeyKeeper(settings, state, authority=authority_key, sealing_key=None, clock=clock)
    hit_list = None
    if mode == "hit-only":
        hit_list = HitList(
            "agency", "north", authority_key, lambda epoch: keeper.ring.keys_for(epoch).site_key
        )
    folder_of_files = settings.tokeniser.incoming_folder
    intake = KeyIntake(keeper, folder_of_files, funnel=funnel, log=log, clock=clock)
    inbox = Inbox(keeper, intake, hit_list, log=log, clock=clock)
    delivery = Delivery(
        booth.sightings_socket,
        3,
        boot=boot_of(),
        funnel=funnel,
        complaints=Complaints(log, clock),
        clock=clock,
    )
    authority = DeliveringAuthority(booth.authority_key, now_s)
    return Post(booth, today, authority, keeper, hit_list, inbox, delivery)


@pytest.fixture(params=["stream"])
def post(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Post]:
    made = post_in(tmp_path, mode=request.param)
    made.delivery.start(inbox=made.inbox)
    try:
        yield made
    finally:
        made.delivery.finish(0)


@pytest.fixture
def listener(post: Post) -> Iterator[Listener]:
    with listening(post.booth.sightings_socket) as open_listener:
        yield open_listener


def greet(publisher: ScriptedPublisher) -> None:
    publisher.say_hello()
    publisher.take_birth()


def test_key_is_announced_after_the_birth_of_every_connection(
    post: Post, listener: Listener
) -> None:
    del post
    for _ in range(2):
        with accepted(listener) as publisher:
            greet(publisher)
            wait_until(lambda: publisher.has_nothing_to_take() and bool(publisher.transports))


def test_publisher_that_refuses_the_announcement_is_told_once_a_connection(
    post: Post, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    del post
    with accepted(listener) as publisher:
        greet(publisher)
        message = publisher.connection.receive(MAXIMUM_TO_PUBLISHER_BYTES, timeout_s=DEADLINE_S)
        assert message is not None
        assert isinstance(parse_to_publisher(message), TransportMessage)
        publisher.answer(0, is_committed=False)
        wait_until(lambda: "record_refused" in caplog.messages)
        assert publisher.has_nothing_to_take()
        assert publisher.transports == []


def test_keys_that_are_brought_are_taken_one_after_the_other(
    post: Post, listener: Listener
) -> None:
    with accepted(listener) as publisher:
        publisher.wishes.append(post.keys(post.today, post.today + 1))
        greet(publisher)
        wait_until(lambda: publisher.has_nothing_to_take() and post.keeper.ring.epochs()[1:] != ())
        wait_until(lambda: publisher.has_nothing_to_take() and len(publisher.transports) == 2)


def test_watch_list_that_nobody_asked_for_is_refused(
    post: Post, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    with accepted(listener) as publisher:
        publisher.wishes += post.list_for(post.today)
        greet(publisher)
        wait_until(
            lambda: publisher.has_nothing_to_take() and "watch_list_refused" in caplog.messages
        )


@pytest.mark.parametrize("post", ["hit-only"], indirect=True)
def test_watch_list_that_waits_for_its_key_is_complete_when_the_key_comes(
    post: Post, listener: Listener
) -> None:
    hit_list, tomorrow = post.hit_list, post.today + 1
    assert hit_list is not None
    with accepted(listener) as publisher:
        publisher.wishes += [*post.list_for(post.today), *post.list_for(tomorrow)]
        greet(publisher)
        wait_until(
            lambda: (
                publisher.has_nothing_to_take()
                and not publisher.wishes
                and hit_list.epochs() == (post.today,)
            )
        )
        publisher.wishes.append(post.keys(tomorrow))
        wait_until(
            lambda: publisher.has_nothing_to_take() and hit_list.epochs() == (post.today, tomorrow)
        )


@pytest.mark.parametrize("post", ["hit-only"], indirect=True)
def test_watch_list_under_another_key_than_the_one_that_comes_is_not_used(
    post: Post, listener: Listener
) -> None:
    tomorrow = post.today + 1
    other = post.authority.delivery(keys=(EpochKeys(tomorrow, b"n" * 32, b"n" * 32),))
    key = post.keeper.announcement(b"c.e.r").key
    with accepted(listener) as publisher:
        publisher.wishes += post.list_for(tomorrow)
        publisher.wishes.append(KeysMessage(post.authority.sealed(key, other)))
        greet(publisher)
        wait_until(
            lambda: publisher.has_nothing_to_take() and tomorrow in post.keeper.ring.epochs()
        )
    assert post.hit_list is not None
    assert post.hit_list.epochs() == ()


@pytest.mark.parametrize("post", ["hit-only"], indirect=True)
def test_long_list_comes_without_a_pause_between_its_parts(post: Post, listener: Listener) -> None:
    hit_list = post.hit_list
    assert hit_list is not None
    entries = [
        ListEntry(bytes(12) + number.to_bytes(4, "big"), bytes(16), b"entry id", is_variant=False)
        for number in range(73 * 100)
    ]
    maker = ListMaker(post.booth.authority_key, epoch_keys(post.today)[1])
    manifest, chunks = maker.messages(post.today, 1, entries)
    with accepted(listener) as publisher:
        publisher.wishes += [manifest, *chunks]
        greet(publisher)
        begun_ns = CLOCK.monotonic_ns()
        wait_until(lambda: publisher.has_nothing_to_take() or hit_list.has_list(post.today))
        wait_until(lambda: hit_list.has_list(post.today))
        # A pause of a quarter of a second after each of the hundred would take 25 s.
        assert CLOCK.monotonic_ns() - begun_ns < 15_000_000_000


def test_without_an_inbox_what_is_brought_is_left_alone(tmp_path: Path) -> None:
    post = post_in(tmp_path, mode="stream")
    post.delivery.start()
    with listening(post.booth.sightings_socket) as listener, accepted(listener) as publisher:
        publisher.wishes.append(post.keys(post.today + 1))
        greet(publisher)
        wait_until(lambda: publisher.has_nothing_to_take() and not publisher.wishes)
    post.delivery.finish(0)
    assert post.keeper.ring.epochs() == (post.today,)
