"""Watch-lists on their way through the publisher."""

import pytest

from edge_lpr.handoff.record_message import WatchListMessage
from edge_lpr.publisher.list_shelf import MAXIMUM_SHELF_BYTES, MOST_EPOCHS, ListShelf
from edge_lpr.wire.topics import MAXIMUM_CHUNKS

TODAY = 20_000
TOMORROW = TODAY + 1


@pytest.fixture
def shelf() -> ListShelf:
    return ListShelf()


def manifest(content: bytes = b"manifest", epoch: int = TODAY) -> WatchListMessage:
    return WatchListMessage(epoch, None, content)


def chunk(index: int, content: bytes = b"chunk", epoch: int = TODAY) -> WatchListMessage:
    return WatchListMessage(epoch, index, content)


def handed_on(shelf: ListShelf) -> list[tuple[int, int | None, bytes]]:
    """Hand everything on that waits."""
    parts = []
    while (part := shelf.next_part()) is not None:
        shelf.handed()
        parts.append((part.epoch, part.index, part.untrusted_content))
    return parts


def places(shelf: ListShelf) -> list[int | None]:
    return [index for _, index, _ in handed_on(shelf)]


def test_manifest_goes_before_its_chunks_whatever_came_first(shelf: ListShelf) -> None:
    for part in (chunk(2), chunk(0), manifest(), chunk(1)):
        shelf.put(part)
    assert places(shelf) == [None, 0, 2, 1]
    assert places(shelf) == []


def test_chunks_wait_for_their_manifest(shelf: ListShelf) -> None:
    shelf.put(chunk(0))
    shelf.put(manifest(epoch=TOMORROW))
    assert handed_on(shelf) == [(TOMORROW, None, b"manifest")]


def test_part_waits_until_the_tokeniser_has_it(shelf: ListShelf) -> None:
    shelf.put(manifest())
    assert shelf.next_part() == shelf.next_part() == manifest()
    shelf.handed()
    assert shelf.next_part() is None
    shelf.handed()


def test_part_that_changed_while_it_was_in_hand_goes_once_more(shelf: ListShelf) -> None:
    shelf.put(manifest())
    assert shelf.next_part() is not None
    shelf.put(manifest(b"newer"))
    shelf.handed()
    assert handed_on(shelf) == [(TODAY, None, b"newer")]


def test_chunk_in_hand_when_its_manifest_comes_goes_once_more(shelf: ListShelf) -> None:
    for part in (manifest(), chunk(0), chunk(1)):
        shelf.put(part)
    for _ in range(2):
        shelf.next_part()
        shelf.handed()
    assert shelf.next_part() == chunk(1)
    shelf.put(manifest(b"of the version that the chunks are of"))
    shelf.handed()
    assert places(shelf) == [None, 0, 1]


def test_part_in_hand_when_the_tokeniser_is_another_goes_once_more(shelf: ListShelf) -> None:
    shelf.put(manifest())
    shelf.next_part()
    shelf.hand_again()
    shelf.handed()
    assert places(shelf) == [None]


def test_new_manifest_brings_all_chunks_again(shelf: ListShelf) -> None:
    shelf.put(manifest())
    shelf.put(chunk(0))
    handed_on(shelf)
    # As the authority publishes a new version: the manifest last.
    shelf.put(chunk(0, b"version 2"))
    shelf.put(chunk(1, b"version 2"))
    assert places(shelf) == [0, 1]
    shelf.put(manifest(b"manifest 2"))
    assert handed_on(shelf) == [
        (TODAY, None, b"manifest 2"),
        (TODAY, 0, b"version 2"),
        (TODAY, 1, b"version 2"),
    ]


def test_what_the_broker_retains_and_sends_again_is_no_news(shelf: ListShelf) -> None:
    for _ in range(2):
        shelf.put(manifest())
        shelf.put(chunk(0))
        handed_on(shelf)
    shelf.put(manifest())
    shelf.put(chunk(0))
    assert places(shelf) == []


def test_all_is_handed_on_again_to_a_new_tokeniser(shelf: ListShelf) -> None:
    for part in (manifest(), chunk(0), chunk(1), chunk(5, epoch=TOMORROW)):
        shelf.put(part)
    handed_on(shelf)
    shelf.hand_again()
    assert places(shelf) == [None, 0, 1]


def test_part_that_was_taken_back_is_handed_on_no_more(shelf: ListShelf) -> None:
    for part in (manifest(), chunk(0), chunk(1)):
        shelf.put(part)
    shelf.remove(TODAY, 1)
    shelf.remove(TODAY, 7)
    shelf.remove(TOMORROW, None)
    assert places(shelf) == [None, 0]
    shelf.remove(TODAY, None)
    shelf.hand_again()
    assert places(shelf) == []


def test_part_in_hand_that_was_taken_back_is_no_error(shelf: ListShelf) -> None:
    shelf.put(manifest())
    shelf.next_part()
    shelf.remove(TODAY, None)
    shelf.handed()
    shelf.put(manifest())
    shelf.next_part()
    shelf.forget_before(TOMORROW)
    shelf.handed()
    assert shelf.next_part() is None


def test_earliest_day_goes_first(shelf: ListShelf) -> None:
    shelf.put(manifest(b"tomorrow", TOMORROW))
    shelf.put(manifest(b"today"))
    assert [content for _, _, content in handed_on(shelf)] == [b"today", b"tomorrow"]


def fill(shelf: ListShelf, *epochs: int) -> dict[int, int]:
    """Fill the shelf with the longest lists; return how many parts of each day found room."""
    kept = dict.fromkeys(epochs, 0)
    for epoch in epochs:
        shelf.put(manifest(epoch=epoch))
        kept[epoch] += 1
        for index in range(MAXIMUM_CHUNKS):
            shelf.put(chunk(index, bytes(3072), epoch))
            if shelf.dropped:
                break
            kept[epoch] += 1
    return kept


def test_shelf_is_bounded_and_says_what_it_dropped(shelf: ListShelf) -> None:
    kept = fill(shelf, TODAY, TOMORROW)
    chunk_bytes = (sum(kept.values()) - 2) * (3072 + 200)
    assert MAXIMUM_SHELF_BYTES - 4000 < chunk_bytes < MAXIMUM_SHELF_BYTES
    assert shelf.dropped == 1
    shelf.put(chunk(0, b"shorter"))
    shelf.put(chunk(4095, b"room for a short one", TOMORROW))
    assert shelf.dropped == 1


def test_list_of_a_later_day_makes_room_for_an_earlier_one(shelf: ListShelf) -> None:
    kept = fill(shelf, TOMORROW, TOMORROW + 1)
    handed_on(shelf)
    shelf.put(chunk(0, bytes(3072), TODAY))
    shelf.put(chunk(1, bytes(3072), TODAY))
    shelf.put(manifest())
    assert places(shelf) == [None, 0, 1]
    assert shelf.dropped == 1 + kept[TOMORROW + 1]
    shelf.hand_again()
    assert {epoch for epoch, _, _ in handed_on(shelf)} == {TODAY, TOMORROW}


def test_room_that_a_past_day_leaves_is_to_be_filled_from_the_broker(shelf: ListShelf) -> None:
    fill(shelf, TODAY, TOMORROW)
    assert not shelf.forget_before(TODAY)
    assert shelf.forget_before(TOMORROW)
    shelf.put(manifest(b"nothing had to be dropped meanwhile", epoch=TOMORROW))
    assert not shelf.forget_before(TOMORROW + 1)
    assert places(shelf) == []


def test_shelf_keeps_no_more_days_than_a_booth_has_keys_for(shelf: ListShelf) -> None:
    for number in range(MOST_EPOCHS + 2):
        shelf.put(manifest(epoch=TODAY + number))
    assert len(handed_on(shelf)) == MOST_EPOCHS
    shelf.put(manifest(b"yesterday's", TODAY - 1))
    assert handed_on(shelf) == [(TODAY - 1, None, b"yesterday's")]
    assert shelf.dropped == 3
