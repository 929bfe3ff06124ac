"""Bring booths their lists: retained at the broker, so that one that comes later gets them too."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.watchlist_booths import BoothListMaker
from edge_lpr.authority.watchlist_files import SiteDay
from edge_lpr.core.clock import EPOCH_LENGTH_S
from edge_lpr.wire.topics import WatchListTopic, watch_list_topic

LISTS_EXPIRY_S: Final = 2 * EPOCH_LENGTH_S
"""How long a broker keeps a list: one that nobody publishes daily any more disappears."""


class Link(Protocol):
    """What publishing needs of a session with the broker."""

    def publish_all(
        self, messages: "list[tuple[str, bytes]]", *, retain: bool, expiry_s: int
    ) -> None:
        """Publish many at once, and return once the broker has taken them all."""
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
    lists = entries = 0
    for day in days:
        booths = day.read_booths()
        if booths is None:
            continue
        # What is damaged must not go out: booths would refuse it, and lose today's.
        entries += BoothListMaker(authority, day.site, day.epoch).manifest_of(booths).entries
        lists += 1
        parts = [(None, booths.manifest), *enumerate(booths.chunks)]
        tenant = authority.deployment.tenant
        link.publish_all(
            [
                (watch_list_topic(WatchListTopic(tenant, day.site, day.epoch, index)), content)
                for index, content in parts
            ],
            retain=True,
            expiry_s=LISTS_EXPIRY_S,
        )
    if lists:
        authority.journal.record("watchlist-published", lists=lists, entries=entries)
    return Published(lists, entries)
