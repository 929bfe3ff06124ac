"""The thief links without naming: the same vehicle again, by its tokens or by time and lane.

Two attacks, kept apart. The token attack looks for equal tokens; within one site and day they are
equal by design, across sites or days never. The timing attack needs no token across days: who
crosses in the same lane at the same minute is probably the same person. Tokens help it only to see
that the vehicle of the morning is that of the afternoon.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from edge_lpr.core.clock import EPOCH_LENGTH_S
from edge_lpr.drill.records import TokenRecord

PassageKey: TypeAlias = tuple[str, str, int]
"""Device, boot and number."""

_FARTHEST_S: Final = 900
"""Two days' crossings farther apart than a quarter of an hour are not taken for one habit."""


def key_of(record: TokenRecord) -> PassageKey:
    """Return what names a passage."""
    return record.device, record.boot, record.seq


@dataclass(frozen=True, slots=True)
class TokenLinks:
    """What the token attack found."""

    across: int
    """Pairs of scopes (site and day) that share a token, counted token by token."""
    within: int
    """Pairs of passages of one site and day with equal tokens: by design."""


def link_by_tokens(records: Iterable[TokenRecord]) -> TokenLinks:
    """Join sightings on equal tokens, exact or folded.

    Args:
        records: Stolen sightings.

    Returns:
        How many pairs are linked.
    """
    scopes: dict[bytes, set[tuple[str, int]]] = defaultdict(set)
    passages: dict[tuple[bytes, str, int], int] = defaultdict(int)
    for record in records:
        for token in (record.exact, record.fold):
            scopes[token].add((record.site, record.epoch))
        passages[record.exact, record.site, record.epoch] += 1
    across = sum(_pairs(len(each)) for each in scopes.values())
    return TokenLinks(across=across, within=sum(map(_pairs, passages.values())))


@dataclass(frozen=True, slots=True)
class TimingLinks:
    """What the timing attack found, from each day to the next."""

    resolution_s: int
    """What times were rounded down to."""
    possible: int
    """Commuter days that have a next one: so many links are true."""
    made: int
    """Links that the thief made."""
    right: int
    """Those of them that join the same vehicle."""
    by_chance: float
    """How many would be right had he drawn lots among the same candidates."""


def link_by_time(
    records: Iterable[TokenRecord], truth: Mapping[PassageKey, bytes], *, resolution_s: int
) -> TimingLinks:
    """Link each day's vehicles to the next day's by lane and time alone.

    Args:
        records: Stolen sightings.
        truth: Plate of every passage, to judge what the thief has linked.
        resolution_s: What the times are rounded down to before he sees them.

    Returns:
        What came of it.
    """
    days = _profiles(records, truth, resolution_s)
    possible = made = right = 0
    by_chance = 0.0
    for (way, epoch), today in days.items():
        tomorrow = days.get((way, epoch + 1))
        if tomorrow is None:
            continue
        true = len({plate for plate, _ in today} & {plate for plate, _ in tomorrow})
        links = _nearest(today, tomorrow)
        possible += true
        made += len(links)
        right += sum(today[one][0] == tomorrow[other][0] for one, other in links)
        by_chance += len(links) * true / (len(today) * len(tomorrow))
    return TimingLinks(resolution_s, possible, made, right, by_chance)


_Way: TypeAlias = tuple[tuple[str, int, str], ...]
"""Booth, lane and direction of each crossing of a day."""

_Profile: TypeAlias = tuple[bytes, tuple[int, ...]]
"""Plate, which the thief does not see, and the times of the day."""


def _profiles(
    records: Iterable[TokenRecord], truth: Mapping[PassageKey, bytes], resolution_s: int
) -> dict[tuple[_Way, int], list[_Profile]]:
    """Return the days of all vehicles, those together that went the same way."""
    vehicles: dict[tuple[str, int, bytes], list[TokenRecord]] = defaultdict(list)
    for record in records:
        vehicles[record.site, record.epoch, record.exact].append(record)
    days: dict[tuple[_Way, int], list[_Profile]] = defaultdict(list)
    for (_, epoch, _), passages in vehicles.items():
        passages.sort(key=lambda each: each.at)
        way = tuple((each.device, each.lane, each.direction) for each in passages)
        times = tuple(each.at // resolution_s * resolution_s % EPOCH_LENGTH_S for each in passages)
        days[way, epoch].append((truth[key_of(passages[0])], times))
    return days


def _nearest(today: Sequence[_Profile], tomorrow: Sequence[_Profile]) -> list[tuple[int, int]]:
    """Return pairs of which each is the other's nearest, and near enough."""
    distances = _distances(today, tomorrow)
    ahead, back = distances.argmin(axis=1), distances.argmin(axis=0)
    return [
        (one, int(other))
        for one, other in enumerate(ahead)
        if back[other] == one and distances[one, other] <= _FARTHEST_S
    ]


def _distances(today: Sequence[_Profile], tomorrow: Sequence[_Profile]) -> npt.NDArray[np.int64]:
    """Return how far apart two days are at their worst crossing, in seconds, for every pair."""
    ones = np.array([times for _, times in today], dtype=np.int64)
    others = np.array([times for _, times in tomorrow], dtype=np.int64)
    farthest: npt.NDArray[np.int64] = np.abs(ones[:, None, :] - others[None, :, :]).max(axis=2)
    return farthest


def _pairs(count: int) -> int:
    """Return how many pairs there are among so many."""
    return count * (count - 1) // 2
