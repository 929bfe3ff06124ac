"""The table of the design: what each theft may yield, held against what it yielded.

What is expected follows from the ground truth alone: which passages lie under keys that the design
says this thief gets. A row holds if the thief names exactly those and no other, if no token links
two days or two sites, and if no picture is found.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from edge_lpr.drill.linking import PassageKey, key_of
from edge_lpr.drill.loot import Loot
from edge_lpr.drill.records import TokenRecord
from edge_lpr.drill.thief import Outcome

HIT_ONLY_ROW: Final = "booth in hit-only mode, running, root"
"""Results of before such booths took part have no such row."""

Reach = Callable[[TokenRecord], bool]
"""Whether the design says that a passage can be named at the price."""


@dataclass(frozen=True, slots=True)
class Theft:
    """One row of the table."""

    name: str
    """What is stolen, in the table's words."""
    promise: str
    """What the table says about plates."""
    loot: Loot
    """What the thief holds."""
    reach: Reach
    """What he is expected to name."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many passages and plates, and how many of each cost."""

    passages: int
    """All of them."""
    real: int
    """Those at the real cost."""
    plates: int
    """Different plates."""


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one theft."""

    name: str
    """What was stolen."""
    promise: str
    """What the table says."""
    stolen: int
    """Sightings in the thief's hands."""
    expected: Counted
    """What the table lets him name."""
    found: Counted
    """What he named, rightly."""
    surplus: int
    """What he named although the table says that he cannot, or named wrongly."""
    site_days: int
    """Sites and days of which he named anything."""
    linked_across: int
    """Pairs that tokens link across days or sites."""
    linked_within: int
    """Pairs of one site and day: equal by design."""
    pictures: int
    """Pictures found."""
    opened: int
    """Recorded deliveries of keys that he opened."""
    guesses: int
    """Plates that he tried, under all keys."""

    @property
    def holds(self) -> bool:
        """Whether the table is right about this row."""
        return (
            self.expected == self.found
            and not self.surplus
            and not self.linked_across
            and not self.pictures
        )


def judge(
    theft: Theft,
    outcome: Outcome,
    truth: Mapping[PassageKey, bytes],
    real: frozenset[PassageKey],
    *,
    tried: frozenset[bytes],
) -> Row:
    """Hold an outcome against the table.

    Args:
        theft: The row.
        outcome: What came of it.
        truth: Plate of every passage.
        real: Passages at the real cost.
        tried: Plates of the dictionary for those; a thief cannot find what he does not try.

    Returns:
        The row.
    """
    reachable = {
        key_of(record)
        for record in theft.loot.records
        if theft.reach(record) and (key_of(record) not in real or truth[key_of(record)] in tried)
    }
    right = {key for key, plate in outcome.findings.named.items() if truth.get(key) == plate}
    scopes = {
        (record.site, record.epoch)
        for record in theft.loot.records
        if key_of(record) in outcome.findings.named
    }
    return Row(
        name=theft.name,
        promise=theft.promise,
        stolen=len(theft.loot.records),
        expected=_count(reachable, truth, real),
        found=_count(right & reachable, truth, real),
        surplus=len(outcome.findings.named) - len(right & reachable),
        site_days=len(scopes),
        linked_across=outcome.links.across,
        linked_within=outcome.links.within,
        pictures=len(outcome.pictures),
        opened=outcome.opened,
        guesses=outcome.findings.guesses,
    )


def _count(
    keys: Iterable[PassageKey], truth: Mapping[PassageKey, bytes], real: frozenset[PassageKey]
) -> Counted:
    """Count passages."""
    counted = list(keys)
    return Counted(
        passages=len(counted),
        real=sum(key in real for key in counted),
        plates=len({truth[key] for key in counted}),
    )


def nothing(_record: TokenRecord) -> bool:
    """Nothing can be named."""
    return False


def of_days(*epochs: int, site: str | None = None) -> Reach:
    """Return that passages of some days can be named, of one site or of all.

    Args:
        epochs: The days.
        site: The site; ``None`` for all.
    """
    days: Final = frozenset(epochs)
    return lambda record: record.epoch in days and site in (None, record.site)
