"""Bring booths their lists: retained at the broker, so that one that comes later gets them too.

What nobody needs any more is taken back, with an empty retained message each (MQTT 5, 3.3.1.3):
past days, and the chunks that a shorter version leaves behind. The broker itself is asked what
there is, for the manifests alone; each says how many chunks it has. So what is left behind goes
before the manifest that tells of it, and whatever interrupts this, the next call does the rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.watchlist_booths import BoothListMaker
from edge_lpr.authority.watchlist_files import SiteDay
from edge_lpr.core.clock import EPOCH_LENGTH_S, epoch_of
from edge_lpr.core.errors import WireError
from edge_lpr.wire.topics import (
    WatchListTopic,
    parse_watch_list_topic,
    watch_list_manifests,
    watch_list_topic,
)
from edge_lpr.wire.watch_list import verify_manifest

LISTS_EXPIRY_S: Final = 2 * EPOCH_LENGTH_S
"""How long a broker keeps a list: one that nobody publishes daily any more disappears."""

_PAST_LIST_KEPT_S: Final = 900
"""Booths keep the past day's key and list for 15 minutes, and one of them may restart in these."""

_QUIET_S: Final = 1.0
"""The broker has said all that it keeps once nothing has come for so long."""


class Link(Protocol):
    """What publishing needs of a session with the broker."""

    def publish_all(
        self, messages: "list[tuple[str, bytes]]", *, retain: bool, expiry_s: int
    ) -> None:
        """Publish many at once, and return once the broker has taken them all."""
        ...

    def retained(self, topic_filter: str, quiet_s: float) -> dict[str, bytes]:
        """Return what the broker keeps under a filter, by topic."""
        ...


@dataclass(frozen=True, slots=True)
class Published:
    """What was published."""

    lists: int
    """Lists, one a site and day."""
    entries: int
    """Plates and variants on all of them."""


def publish_lists(authority: Authority, days: Iterable[SiteDay], link: Link) -> Published:
    """Publish the booths' lists of some sites and days.

    The manifest goes first: a booth that has it takes each chunk as it comes.

    Args:
        authority: Open.
        days: Which; those without a list for booths are passed over.
        link: Connected.

    Returns:
        What was published.

    Raises:
        BrokerError: The broker refused something or is gone; the same may be done again.
        AuthorityError: A list is damaged.
    """
    there = _chunks_there(authority, link)
    _take_back_past(authority, there, link)
    lists = entries = 0
    for day in days:
        booths = day.read_booths()
        if booths is None:
            continue
        # What is damaged must not go out: booths would refuse it, and lose today's.
        entries += BoothListMaker(authority, day.site, day.epoch).manifest_of(booths).entries
        lists += 1
        place = WatchListTopic(authority.deployment.tenant, day.site, day.epoch, None)
        _empty(place, range(len(booths.chunks), there.get(place, 0)), link)
        parts = [(None, booths.manifest), *enumerate(booths.chunks)]
        _publish(place, parts, link)
    if lists:
        authority.journal.record("watchlist-published", lists=lists, entries=entries)
    return Published(lists, entries)


def _chunks_there(authority: Authority, link: Link) -> Mapping[WatchListTopic, int]:
    """Return how many chunks the lists have that the broker keeps, by their manifests' topics."""
    found = link.retained(watch_list_manifests(authority.deployment.tenant), _QUIET_S)
    told = (_told(authority, *message) for message in found.items())
    return dict(each for each in told if each is not None)


def _told(
    authority: Authority, untrusted_topic: str, untrusted_content: bytes
) -> tuple[WatchListTopic, int] | None:
    """Return of which list a message tells how many chunks; ``None`` if it is no manifest."""
    try:
        manifest = verify_manifest(untrusted_content, authority.deployment.authority)
        return parse_watch_list_topic(untrusted_topic), manifest.chunks
    except WireError:
        return None


def _take_back_past(authority: Authority, there: Mapping[WatchListTopic, int], link: Link) -> None:
    """Take back the lists of days whose keys booths have given up."""
    first_needed = epoch_of(authority.clock.unix_s() - _PAST_LIST_KEPT_S)
    for place, chunks in there.items():
        if place.epoch < first_needed:
            _empty(place, range(chunks), link)
            # Last: while it is there it tells how many chunks there are.
            _publish(place, [(None, b"")], link)


def _empty(place: WatchListTopic, indices: Iterable[int], link: Link) -> None:
    """Take back chunks of a list."""
    _publish(place, [(index, b"") for index in indices], link)


def _publish(place: WatchListTopic, parts: Sequence[tuple[int | None, bytes]], link: Link) -> None:
    """Publish parts of a list, to be kept by the broker."""
    messages = [(watch_list_topic(replace(place, index=index)), part) for index, part in parts]
    link.publish_all(messages, retain=True, expiry_s=LISTS_EXPIRY_S)
