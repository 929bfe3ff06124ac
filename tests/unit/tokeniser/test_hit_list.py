"""The lists of a hit-only booth: what is taken, what is refused, what is found."""

import secrets
from collections.abc import Iterable
from dataclasses import replace

import pytest

from edge_lpr.core.errors import NoValidKeyError, VerificationError, WireError
from edge_lpr.handoff.record_message import WatchListMessage
from edge_lpr.tokeniser import hit_list
from edge_lpr.tokeniser.hit_list import HitList, ListNews, Match
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.watch_list import ListEntry
from tests.support.watch_lists import SITE, TENANT, ListMaker, entry_for, tokens_for

TODAY = 20_454
NAME = b"\x01" * 8
OTHER = b"\x02" * 8
THIRD = b"\x03" * 8


class Crossing:
    """An authority, and a booth that holds keys for some days."""

    def __init__(self, *, days_with_keys: int = 8) -> None:
        self.maker = ListMaker(SigningKey.generate(), secrets.token_bytes(32))
        self.epochs_with_keys = set(range(TODAY, TODAY + days_with_keys))
        self.lists = HitList(TENANT, SITE, self.maker.authority.public_key, self.site_key)
        self.lists.keep_from(TODAY)

    def site_key(self, epoch: int) -> bytes:
        if epoch not in self.epochs_with_keys:
            raise NoValidKeyError("none")
        return self.maker.site_key

    def deliver(
        self, entries: Iterable[ListEntry], *, epoch: int = TODAY, version: int = 1
    ) -> ListNews:
        """Bring a whole list, and return what became of its last part."""
        manifest, chunks = self.maker.messages(epoch, version, entries)
        return [self.lists.take(each) for each in (manifest, *chunks)][-1]

    def finds(self, plate: str, fold: str | None = None, *, epoch: int = TODAY) -> Match | None:
        return self.lists.find(epoch, tokens_for(plate, fold))


def many(count: int) -> list[ListEntry]:
    """Return entries of some chunks, each with a name of its own."""
    return [entry_for(f"plate {n}", n.to_bytes(8, "big")) for n in range(count)]


@pytest.fixture
def crossing() -> Crossing:
    return Crossing()


def test_a_listed_plate_is_a_hit(crossing: Crossing) -> None:
    assert crossing.deliver([entry_for("A", NAME)]) is ListNews.COMPLETE
    assert crossing.finds("A") == Match(NAME, possible=False)


def test_a_plate_that_looks_like_a_listed_one_is_a_possible_hit(crossing: Crossing) -> None:
    crossing.deliver([entry_for("A0", NAME)])
    assert crossing.finds("AO", fold="A0") == Match(NAME, possible=True)


def test_a_variant_is_only_ever_a_possible_hit(crossing: Crossing) -> None:
    crossing.deliver([entry_for("A", NAME), entry_for("B", NAME, is_variant=True)])
    assert crossing.finds("B") == Match(NAME, possible=True)


def test_a_plate_that_is_also_a_variant_of_another_is_its_own_hit(crossing: Crossing) -> None:
    crossing.deliver([entry_for("A", OTHER, is_variant=True), entry_for("A", NAME)])
    assert crossing.finds("A") == Match(NAME, possible=False)


def test_of_two_with_the_same_fold_the_listed_one_is_named(crossing: Crossing) -> None:
    crossing.deliver(
        [entry_for("A", OTHER, fold="F", is_variant=True), entry_for("B", NAME, fold="F")]
    )
    assert crossing.finds("C", fold="F") == Match(NAME, possible=True)


def test_a_plate_that_is_not_listed_is_no_hit(crossing: Crossing) -> None:
    crossing.deliver([entry_for("A", NAME)])
    assert crossing.finds("B") is None


def test_an_empty_list_is_a_list(crossing: Crossing) -> None:
    assert not crossing.lists.has_list(TODAY)
    assert crossing.deliver([]) is ListNews.COMPLETE
    assert crossing.lists.has_list(TODAY)
    assert crossing.finds("A") is None


def test_without_a_list_nothing_is_found(crossing: Crossing) -> None:
    assert crossing.finds("A") is None
    assert crossing.lists.epochs() == ()


def test_every_entry_of_many_chunks_is_found(crossing: Crossing) -> None:
    crossing.deliver(many(500))
    for n in range(500):
        found = crossing.finds(f"plate {n}")
        assert found == Match(n.to_bytes(8, "big"), possible=False)
        by_fold = crossing.finds("another", fold=f"plate {n}")
        assert by_fold == Match(n.to_bytes(8, "big"), possible=True)


def test_chunks_may_come_in_any_order_and_before_their_manifest(crossing: Crossing) -> None:
    manifest, chunks = crossing.maker.messages(TODAY, 1, many(300))
    news = [crossing.lists.take(each) for each in reversed(chunks[1:])]
    assert set(news) == {ListNews.WAITING}
    assert crossing.lists.take(manifest) is ListNews.TAKEN
    assert crossing.lists.take(chunks[0]) is ListNews.COMPLETE
    assert crossing.finds("plate 299") is not None


def test_the_last_thing_to_come_may_be_the_manifest(crossing: Crossing) -> None:
    manifest, chunks = crossing.maker.messages(TODAY, 1, many(100))
    for chunk in chunks:
        crossing.lists.take(chunk)
    assert crossing.lists.take(manifest) is ListNews.COMPLETE


def test_the_list_before_is_searched_until_the_new_one_is_whole(crossing: Crossing) -> None:
    crossing.deliver([entry_for("old", NAME)])
    manifest, chunks = crossing.maker.messages(TODAY, 2, [*many(100), entry_for("new", OTHER)])
    crossing.lists.take(manifest)
    crossing.lists.take(chunks[0])
    assert crossing.finds("old") == Match(NAME, possible=False)
    assert crossing.finds("new") is None
    assert crossing.lists.take(chunks[1]) is ListNews.COMPLETE
    assert crossing.finds("old") is None
    assert crossing.finds("new") == Match(OTHER, possible=False)


def test_a_version_that_overtakes_one_that_is_coming_in_replaces_it(crossing: Crossing) -> None:
    manifest, chunks = crossing.maker.messages(TODAY, 1, many(100))
    crossing.lists.take(manifest)
    crossing.lists.take(chunks[0])
    assert crossing.deliver([entry_for("new", NAME)], version=2) is ListNews.COMPLETE
    assert crossing.finds("new") is not None
    assert crossing.finds("plate 1") is None


def test_an_older_version_is_refused(crossing: Crossing) -> None:
    crossing.deliver([entry_for("A", NAME)], version=5)
    with pytest.raises(VerificationError, match="older"):
        crossing.deliver([entry_for("B", OTHER)], version=4)
    assert crossing.finds("A") is not None


def test_what_is_there_already_changes_nothing(crossing: Crossing) -> None:
    manifest, chunks = crossing.maker.messages(TODAY, 1, many(100))
    assert crossing.lists.take(manifest) is ListNews.TAKEN
    assert crossing.lists.take(manifest) is ListNews.KNOWN
    crossing.lists.take(chunks[0])
    assert crossing.lists.take(chunks[0]) is ListNews.KNOWN
    crossing.lists.take(chunks[1])
    before = crossing.lists.memory_bytes()
    assert [crossing.lists.take(each) for each in (*chunks, manifest)] == [ListNews.KNOWN] * 3
    assert crossing.lists.memory_bytes() == before


@pytest.mark.parametrize(("tenant", "site"), [("other", SITE), (TENANT, "south")])
def test_a_list_of_another_site_or_agency_is_refused(
    crossing: Crossing, tenant: str, site: str
) -> None:
    manifest, _ = replace(crossing.maker, tenant=tenant, site=site).messages(TODAY, 1, many(1))
    with pytest.raises(VerificationError, match="another agency, site or day"):
        crossing.lists.take(manifest)


def test_a_list_under_the_topic_of_another_day_is_refused(crossing: Crossing) -> None:
    manifest, _ = crossing.maker.messages(TODAY, 1, many(1))
    with pytest.raises(VerificationError, match="another agency, site or day"):
        crossing.lists.take(replace(manifest, epoch=TODAY + 1))


def test_a_list_of_another_authority_is_refused(crossing: Crossing) -> None:
    manifest, _ = replace(crossing.maker, authority=SigningKey.generate()).messages(TODAY, 1, [])
    with pytest.raises(VerificationError):
        crossing.lists.take(manifest)


def test_a_changed_chunk_is_refused_and_the_right_one_taken_afterwards(crossing: Crossing) -> None:
    manifest, (chunk,) = crossing.maker.messages(TODAY, 1, [entry_for("A", NAME)])
    crossing.lists.take(manifest)
    changed = bytearray(chunk.untrusted_content)
    changed[-1] ^= 1
    with pytest.raises(VerificationError):
        crossing.lists.take(WatchListMessage(TODAY, 0, bytes(changed)))
    assert crossing.lists.take(chunk) is ListNews.COMPLETE


def test_a_chunk_that_another_booth_of_the_site_has_forged_spoils_only_that_version(
    crossing: Crossing,
) -> None:
    crossing.deliver([entry_for("A", NAME)])
    manifest, _ = crossing.maker.messages(TODAY, 2, [entry_for("B", NAME)])
    _, (forged,) = crossing.maker.messages(TODAY, 2, [entry_for("C", NAME)])
    crossing.lists.take(manifest)
    with pytest.raises(VerificationError, match="not the one that its manifest names"):
        crossing.lists.take(forged)
    assert crossing.finds("A") is not None
    assert crossing.finds("C") is None
    assert crossing.deliver([entry_for("B", NAME)], version=2) is ListNews.COMPLETE


def test_a_list_that_does_not_ascend_is_refused(crossing: Crossing) -> None:
    rows = sorted(many(10), key=lambda row: row.exact, reverse=True)
    manifest, (chunk,) = crossing.maker.messages(TODAY, 1, rows, is_sorted=False)
    crossing.lists.take(manifest)
    with pytest.raises(WireError, match="order"):
        crossing.lists.take(chunk)


def test_a_chunk_beyond_the_last_is_refused(crossing: Crossing) -> None:
    manifest, (chunk,) = crossing.maker.messages(TODAY, 1, [entry_for("A", NAME)])
    crossing.lists.take(manifest)
    with pytest.raises(WireError, match="this is none"):
        crossing.lists.take(replace(chunk, index=1))


def test_a_chunk_with_too_few_entries_is_refused(crossing: Crossing) -> None:
    manifest, _ = crossing.maker.messages(TODAY, 1, many(2))
    _, (short,) = crossing.maker.messages(TODAY, 1, many(1))
    crossing.lists.take(manifest)
    with pytest.raises(WireError, match="more or fewer"):
        crossing.lists.take(short)


def test_lists_may_come_before_the_keys_of_their_day() -> None:
    crossing = Crossing(days_with_keys=0)
    manifest, chunks = crossing.maker.messages(TODAY, 1, many(100))
    assert crossing.lists.take(manifest) is ListNews.TAKEN
    assert [crossing.lists.take(each) for each in chunks] == [ListNews.WAITING] * 2
    assert crossing.lists.use_keys() == 0
    crossing.epochs_with_keys.add(TODAY)
    assert crossing.lists.use_keys() == 1
    assert crossing.finds("plate 1") is not None
    assert crossing.lists.use_keys() == 0


def test_what_keys_bring_to_light_is_said_and_the_other_days_go_on() -> None:
    crossing = Crossing(days_with_keys=0)
    manifest, _ = crossing.maker.messages(TODAY, 1, many(1))
    _, (forged,) = crossing.maker.messages(TODAY, 1, [entry_for("forged", NAME)])
    crossing.lists.take(manifest)
    crossing.lists.take(forged)
    manifest, (chunk,) = crossing.maker.messages(TODAY + 1, 1, many(1))
    crossing.lists.take(manifest)
    crossing.lists.take(chunk)
    crossing.epochs_with_keys = {TODAY, TODAY + 1}
    with pytest.raises(VerificationError):
        crossing.lists.use_keys()
    assert crossing.lists.epochs() == (TODAY + 1,)


def test_a_chunk_of_a_newer_version_waits_for_its_manifest(crossing: Crossing) -> None:
    crossing.deliver([entry_for("A", NAME)])
    manifest, (chunk,) = crossing.maker.messages(TODAY, 2, [entry_for("B", NAME)])
    assert crossing.lists.take(chunk) is ListNews.WAITING
    assert crossing.lists.take(chunk) is ListNews.KNOWN
    assert crossing.lists.take(manifest) is ListNews.COMPLETE


def test_a_chunk_that_waited_and_does_not_fit_is_no_hindrance(crossing: Crossing) -> None:
    crossing.lists.take(WatchListMessage(TODAY, 0, b"x" * 100))
    manifest, (chunk,) = crossing.maker.messages(TODAY, 1, [entry_for("A", NAME)])
    assert crossing.lists.take(manifest) is ListNews.TAKEN
    assert crossing.lists.take(chunk) is ListNews.COMPLETE


def test_days_are_apart_and_past_ones_are_forgotten(crossing: Crossing) -> None:
    crossing.deliver([entry_for("A", NAME)], epoch=TODAY)
    crossing.deliver([entry_for("B", OTHER)], epoch=TODAY + 1)
    assert crossing.lists.epochs() == (TODAY, TODAY + 1)
    assert crossing.finds("A", epoch=TODAY + 1) is None
    crossing.lists.keep_from(TODAY + 1)
    assert crossing.lists.epochs() == (TODAY + 1,)
    assert crossing.finds("B", epoch=TODAY + 1) is not None
    with pytest.raises(WireError, match="does not keep"):
        crossing.deliver([entry_for("A", NAME)], epoch=TODAY)


def test_what_is_forgotten_is_overwritten(crossing: Crossing) -> None:
    crossing.deliver([entry_for("A", NAME)])
    buffer = crossing.lists._lists[TODAY]._rows
    crossing.lists.keep_from(TODAY + 1)
    assert len(buffer) > 0
    assert not any(buffer)


def test_a_version_that_is_replaced_is_overwritten(crossing: Crossing) -> None:
    crossing.deliver([entry_for("A", NAME)])
    buffer = crossing.lists._lists[TODAY]._rows
    crossing.deliver([entry_for("B", NAME)], version=2)
    assert not any(buffer)


def test_a_version_that_never_became_whole_is_overwritten(crossing: Crossing) -> None:
    manifest, chunks = crossing.maker.messages(TODAY, 1, many(100))
    crossing.lists.take(manifest)
    crossing.lists.take(chunks[0])
    assembly = crossing.lists._days[TODAY].assembly
    assert assembly is not None
    buffer = assembly._rows
    assert any(buffer)
    crossing.lists.keep_from(TODAY + 1)
    assert not any(buffer)


def test_a_day_far_ahead_is_refused(crossing: Crossing) -> None:
    with pytest.raises(WireError, match="does not keep"):
        crossing.deliver([], epoch=TODAY + 8)


def test_before_the_date_is_known_eight_days_are_taken() -> None:
    crossing = Crossing()
    lists = HitList(TENANT, SITE, crossing.maker.authority.public_key, crossing.site_key)
    crossing.lists = lists
    crossing.epochs_with_keys = set(range(TODAY + 9))
    for epoch in range(TODAY, TODAY + 8):
        crossing.deliver([], epoch=epoch)
    with pytest.raises(WireError, match="does not keep"):
        crossing.deliver([], epoch=TODAY + 8)
    lists.keep_from(TODAY + 7)
    assert lists.epochs() == (TODAY + 7,)


def test_before_the_date_is_known_yesterdays_lists_are_told_by_their_missing_keys() -> None:
    crossing = Crossing()
    lists = HitList(TENANT, SITE, crossing.maker.authority.public_key, crossing.site_key)
    crossing.lists = lists
    with pytest.raises(WireError, match="does not keep"):
        crossing.deliver([], epoch=TODAY - 1)
    crossing.deliver([], epoch=TODAY)
    manifest, _ = crossing.maker.messages(TODAY + 8, 1, [])
    crossing.epochs_with_keys = {TODAY}
    assert lists.take(manifest) is ListNews.TAKEN


def test_a_near_day_takes_the_room_of_a_far_one(
    crossing: Crossing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hit_list, "MEMORY_BYTES", 41 * 200)
    crossing.deliver(many(100), epoch=TODAY + 2)
    crossing.deliver(many(100), epoch=TODAY + 1)
    assert crossing.lists.epochs() == (TODAY + 1, TODAY + 2)
    crossing.deliver(many(100), epoch=TODAY)
    assert crossing.lists.epochs() == (TODAY, TODAY + 1)
    with pytest.raises(WireError, match="too long"):
        crossing.deliver(many(100), epoch=TODAY + 2)
    assert crossing.lists.epochs() == (TODAY, TODAY + 1)
    assert crossing.lists.memory_bytes() <= 41 * 200


def test_a_near_day_whose_key_comes_last_takes_the_room_of_a_far_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hit_list, "MEMORY_BYTES", 41 * 215)
    crossing = Crossing()
    crossing.epochs_with_keys.remove(TODAY)
    crossing.deliver(many(100), epoch=TODAY + 1)
    assert crossing.deliver(many(100)) is ListNews.WAITING
    crossing.epochs_with_keys.add(TODAY)
    beats: list[None] = []
    assert crossing.lists.use_keys(lambda: beats.append(None)) == 1
    assert crossing.lists.epochs() == (TODAY,)
    # A sign of life for each day, because a long list takes seconds on a small board.
    assert len(beats) == 2


def test_chunks_that_wait_take_no_room_from_lists(
    crossing: Crossing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hit_list, "MEMORY_BYTES", 41 * 100)
    for index in range(12):
        crossing.lists.take(WatchListMessage(TODAY + 1, index, b"x" * 100))
    with pytest.raises(WireError, match="no room"):
        crossing.lists.take(WatchListMessage(TODAY + 1, 12, b"x" * 1000))
    assert crossing.deliver(many(90), epoch=TODAY) is ListNews.COMPLETE
    assert crossing.lists.memory_bytes() <= 41 * 100


def test_a_chunk_under_another_number_of_the_same_list_takes_the_place_of_one_that_waits(
    crossing: Crossing,
) -> None:
    crossing.lists.take(WatchListMessage(TODAY, 0, b"x" * 1000))
    before = crossing.lists.memory_bytes()
    crossing.lists.take(WatchListMessage(TODAY, 0, b"y" * 10))
    assert crossing.lists.memory_bytes() < before
