"""A day of two booths in hit-only mode: who is on the list is a hit, who is not leaves nothing.

After the week, so that the other thefts are what they were. The list is compiled by the authority,
at the real cost, and published over the broker as every night. Then the vehicles pass, both booths
are stolen while they run, and an hour later their health records may count who passed.
"""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.authority.broker_link import BrokerLink
from edge_lpr.authority.watchlist_compile import CompileOrder, compile_list
from edge_lpr.authority.watchlist_csv import ListedPlate
from edge_lpr.authority.watchlist_files import site_days
from edge_lpr.authority.watchlist_publishing import publish_lists
from edge_lpr.core.clock import EPOCH_LENGTH_S
from edge_lpr.core.errors import WireError
from edge_lpr.drill.broker_side import HOST
from edge_lpr.drill.central_side import StolenDatabase
from edge_lpr.drill.crowd import DAYS, LANES, Booth, Crossing, Habit
from edge_lpr.drill.key_round import bring_keys
from edge_lpr.drill.linking import PassageKey
from edge_lpr.drill.real_booth import RealBooth
from edge_lpr.drill.real_week import StolenBooth, steal_booth
from edge_lpr.drill.records import Message
from edge_lpr.drill.waiting import wait_until
from edge_lpr.drill.world import EPOCHS_HELD, HIT_ONLY_TIERS, World, enrol
from edge_lpr.tokens.suite1 import KEY_BYTES
from edge_lpr.wire import jws
from edge_lpr.wire.health import HealthClaims

_DAY: Final = DAYS - 1
_FROM_S: Final = 36_000
_EVERY_S: Final = 30
"""Vehicles pass from ten in the morning on, so that the next full hours are the same day's."""

_HOURS_S: Final = 7_300
"""Two hours: the full hour that begins no less than an hour after the start is over by then."""

_ABOUT_KEYS: Final = ("deliveries", "deliveries_refused")
"""Counters of a health record that say nothing about passages."""

_LIST_S: Final = 60.0
_STORED_S: Final = 120.0
_HEALTH_S: Final = 60.0
_RECORDS_AFTER: Final = 2
"""Health records that must have come since the last vehicle; the first may have been on its way."""


@dataclass(frozen=True, slots=True, repr=False)
class People:
    """Who passes both booths. No ``repr``: it holds plates."""

    listed: Sequence[bytes]
    """On the list."""
    others: Sequence[bytes]
    """Not on it."""


@dataclass(frozen=True, slots=True, repr=False)
class HitOnlyDay:
    """What the day has left. No ``repr``: it holds plates."""

    people: People
    """Who passed each of the two booths."""
    epoch: int
    """Which day it was."""
    hits: Mapping[PassageKey, bytes]
    """Plate of every hit: what is true."""
    stolen: Sequence[StolenBooth]
    """Both booths, taken while they ran."""
    logs: Sequence[tuple[str, bytes]]
    """What they have written."""
    messages: Sequence[Message]
    """What the broker has carried meanwhile."""
    database: StolenDatabase
    """The central database afterwards."""
    told_early: int
    """Health records that said anything about a passage within its hour."""
    told_hourly: int
    """Passages of vehicles that were not listed, as the booths counted them when it was over."""


class _Booths:
    """The two booths, from their enrolment to the end of their day."""

    def __init__(self, world: World, folder: Path) -> None:
        """Enrol them.

        Args:
            world: Its custodian's clock stands in the morning of the day.
            folder: Existing folder with a short path.
        """
        self._world = world
        self._mark = len(world.recorder.messages)
        self._begin_s = (world.first_epoch + _DAY) * EPOCH_LENGTH_S
        self.by_place = {
            place: RealBooth(
                folder / place.device,
                enrol(place, tier, world.custodian),
                world.custodian.public_key,
                world.broker.port,
                secret=secrets.token_bytes(KEY_BYTES),
                is_hit_only=True,
            )
            for place, tier in HIT_ONLY_TIERS.items()
        }

    def start(self) -> None:
        """Start them, and bring them their keys."""
        for booth in self.by_place.values():
            for clock in (booth.clock, booth.publishers_clock):
                clock.set(self._begin_s + _FROM_S)
            booth.start()
        for booth in self.by_place.values():
            booth.connect()
        today = self._world.first_epoch + _DAY
        bring_keys(self._world, list(self.by_place.values()), range(today, today + EPOCHS_HELD))

    def wait_for_list(self) -> None:
        """Wait until they have all of the list."""
        wait_until(
            lambda: all(
                b'"event":"watch_list_complete"' in (booth.logs / "tokeniser.log").read_bytes()
                for booth in self.by_place.values()
            ),
            "a booth has not got its watch-list",
            within_s=_LIST_S,
        )

    def pass_all(self, people: People) -> None:
        """Let everybody pass both, listed vehicles between the others."""
        plates = [*people.others]
        for number, plate in enumerate(people.listed):
            plates.insert(2 * number + 1, plate)
        lane, direction = LANES[0]
        for place, booth in self.by_place.items():
            for number, plate in enumerate(plates):
                second = _FROM_S + number * _EVERY_S
                crossing = Crossing(_DAY, second, place, lane, direction, plate, Habit.STRANGER)
                booth.hand_over(crossing, self._begin_s + second)

    def hits(self, people: People) -> dict[PassageKey, bytes]:
        """Return what is true: the n-th listed vehicle has number n, since no other has one."""
        return {
            (place.device, booth.boot(), seq): plate
            for place, booth in self.by_place.items()
            for seq, plate in enumerate(people.listed, start=1)
        }

    def messages(self) -> list[Message]:
        """Return what the broker has carried since they were enrolled."""
        return list(self._world.recorder.messages)[self._mark :]

    def healths(self, place: Booth) -> list[HealthClaims]:
        """Return the health records of one of them so far."""
        return [
            HealthClaims.decode(jws.parse(document, len(document)).untrusted_payload)
            for path, document in self.messages()
            if path.endswith(f"/{place.device}/health")
        ]

    def wait_for_healths(self) -> None:
        """Wait until both have said how they are since the last vehicle."""
        before = {place: len(self.healths(place)) for place in self.by_place}
        wait_until(
            lambda: all(
                len(self.healths(place)) >= count + _RECORDS_AFTER
                for place, count in before.items()
            ),
            "a booth does not say how it is",
            within_s=_HEALTH_S,
        )

    def told_early(self) -> int:
        """Return how many health records have said anything about a passage."""
        return sum(
            any(number for name, number in health.tokeniser.items() if name not in _ABOUT_KEYS)
            for place in self.by_place
            for health in self.healths(place)
        )

    def told_after_an_hour(self) -> int:
        """Let two hours go by at once; return how many unlisted vehicles both have counted."""
        for booth in self.by_place.values():
            booth.clock.hasten(_HOURS_S)
        wait_until(
            lambda: all(
                self.healths(place)[-1].tokeniser["received"] > 0 for place in self.by_place
            ),
            "a booth does not count what passed within the hour",
            within_s=_HEALTH_S,
        )
        return sum(self.healths(place)[-1].tokeniser["not_listed"] for place in self.by_place)


def spend_day(world: World, folder: Path, people: People) -> HitOnlyDay:
    """Let the day pass.

    Args:
        world: After its week; the custodian's clock is set to the last day.
        folder: Existing folder with a short path.
        people: Who passes, more who are not listed than who are.

    Returns:
        What it has left.

    Raises:
        DrillError: A part does not work.
        EdgeLprError: The list could not be compiled or published.
    """
    world.begin_day(_DAY)
    epoch, stored = world.first_epoch + _DAY, world.server.count()
    with ExitStack() as parts:
        booths = _Booths(world, folder)
        for booth in booths.by_place.values():
            parts.callback(booth.stop)
        booths.start()
        _publish_list(world, folder / "lists", people.listed, epoch)
        booths.wait_for_list()
        booths.pass_all(people)
        hits = booths.hits(people)
        world.server.wait_for(stored + len(hits), within_s=_STORED_S)
        booths.wait_for_healths()
        told_early = booths.told_early()
        stolen = [
            steal_booth(booth, place, folder, _DAY, is_running=True)
            for place, booth in booths.by_place.items()
        ]
        told_hourly = booths.told_after_an_hour()
    logs = [
        (file.name, file.read_bytes())
        for booth in booths.by_place.values()
        for file in sorted(booth.logs.iterdir())
    ]
    world.truth.update(hits)
    world.real.update(hits)
    return HitOnlyDay(
        people=people,
        epoch=epoch,
        hits=hits,
        stolen=stolen,
        logs=logs,
        messages=booths.messages(),
        database=world.server.steal(),
        told_early=told_early,
        told_hourly=told_hourly,
    )


def readable(messages: Sequence[Message]) -> list[tuple[str, bytes]]:
    """Return what messages say, without the coat of base64url that hides it from a search.

    Args:
        messages: As recorded.
    """
    found = []
    for name, document in messages:
        with suppress(WireError):
            found.append((name, jws.parse(document, len(document)).untrusted_payload))
    return found


class _Silent:
    """Hears how far a compilation is."""

    def begin(self, total: int) -> None:
        """Say nothing."""

    def step(self, epoch: int) -> None:
        """Say nothing."""

    def end(self) -> None:
        """Say nothing."""


def _publish_list(world: World, folder: Path, listed: Sequence[bytes], epoch: int) -> None:
    """Compile the list for both sites, and publish it."""
    authority = world.custodian.authority
    plates = [ListedPlate(f"case-{number}", plate) for number, plate in enumerate(listed)]
    authority.quota.register(len(plates))
    sites = tuple(sorted({place.site for place in HIT_ONLY_TIERS}))
    compile_list(authority, plates, CompileOrder(folder, (epoch,), sites), _Silent())
    with BrokerLink(HOST, world.broker.port, None) as link:
        publish_lists(authority, site_days(folder, epoch), link)
