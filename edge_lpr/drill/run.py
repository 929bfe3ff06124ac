"""The drill from beginning to end.

::

    1. people   make up a working week, and a dictionary for the thief
    2. pass     most vehicles at the laboratory cost, some through real processes at the real cost
    3. steal    copy what each theft yields; booths are stolen while the week passes
    4. attack   the same thief on every row of the table
    5. control  the same thief on designs that must fall; a day of booths that publish hits alone
    6. destroy  the month is over: the keys die, and the thief comes back with an old backup
    7. time     link days by time and lane, without any token across days
"""

import os
import random
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr import __version__
from edge_lpr.core.clock import EPOCH_LENGTH_S, Clock
from edge_lpr.drill import controls, thefts
from edge_lpr.drill.central_side import StolenDatabase
from edge_lpr.drill.checks import (
    Check,
    impersonation_checks,
    memory_checks,
    text_checks,
    watch_list_checks,
)
from edge_lpr.drill.crowd import SITES, TENANT, Booth, Crossing, make_crowd, plates_of
from edge_lpr.drill.hit_only import People, spend_day
from edge_lpr.drill.hit_only_checks import hit_only_checks
from edge_lpr.drill.linking import key_of, link_by_time
from edge_lpr.drill.loot import Loot
from edge_lpr.drill.plate_shapes import PlateShape, draw_plates
from edge_lpr.drill.real_week import RealWeek, StolenBooth, Theft, WeekNotes
from edge_lpr.drill.records import TokenRecord
from edge_lpr.drill.restoring import add_backup
from edge_lpr.drill.result import DrillResult, Facts
from edge_lpr.drill.rows import Row, judge
from edge_lpr.drill.rows import Theft as RowTheft
from edge_lpr.drill.thief import Dictionary, Knowledge, Thief
from edge_lpr.drill.world import World, a_world, plates_by_passages
from edge_lpr.tokens.suite1 import KEY_BYTES, TokenScope, stretch_plate

Tell = Callable[[str], None]
"""Hears how far the drill is."""

STOLEN_SEALED: Final = {"A": Booth("alder", 1), "B": Booth("birch", 1)}
STOLEN_OPEN: Final = Booth("cedar", 1)
STOLEN_RUNNING: Final = Booth("fir", 1)
STOLEN_LAST: Final = Booth("elm", 1)

_OFF_DAY: Final = 1
_RUNNING_DAY: Final = 2
_LAST_DAY: Final = 4
_LEAKED_DAY: Final = 2
_THEFTS: Final[tuple[Theft, ...]] = (
    *((booth, _OFF_DAY, False) for booth in STOLEN_SEALED.values()),
    (STOLEN_OPEN, _OFF_DAY, False),
    (STOLEN_RUNNING, _RUNNING_DAY, True),
    (STOLEN_LAST, _LAST_DAY, True),
)
_RETENTION_DAYS: Final = 31
_RESOLUTIONS_S: Final = (1, 60, 600)
_LISTED: Final = 200
_HITS: Final = 10
"""Most vehicles on the list of a booth in hit-only mode; twice as many others pass it."""

_MEASURED_TOKENS: Final = 8


@dataclass(frozen=True, slots=True)
class DrillPlan:
    """How large a drill is to be."""

    shape: PlateShape
    """Plate space."""
    passages: int
    """Passages at the laboratory cost."""
    real: int
    """Passages at the real cost."""
    real_guesses: int
    """Plates that the thief tries at the real cost, each day."""
    seed: int
    """Of the crowd; keys are random every time."""
    dsn: str | None = None
    """An empty PostgreSQL database for the central server, in place of a SQLite file."""


class Drill:
    """One drill."""

    def __init__(self, plan: DrillPlan, folder: Path, clock: Clock, tell: Tell) -> None:
        """Make up the people.

        Args:
            plan: How large.
            folder: Empty, for its owner alone, with a short path; whoever calls removes it.
            clock: The machine's.
            tell: Hears how far it is.
        """
        self._plan = plan
        self._folder = folder
        self._clock = clock
        self._tell = tell
        chance = random.Random(plan.seed)  # noqa: S311 - people, no secrets
        self._cheap = make_crowd(plan.passages, plan.shape, chance)
        self._real = make_crowd(plan.real, plan.shape, chance)
        passed = [*plates_by_passages(self._cheap), *plates_by_passages(self._real)]
        decoys = draw_plates(
            plan.shape, max(100, plan.passages // 10), chance, but=frozenset(passed)
        )
        of_real = plates_by_passages(self._real)[: plan.real_guesses]
        self._dictionary = Dictionary(
            [*plates_by_passages(self._cheap), *decoys], [*of_real, *decoys[: len(of_real) // 10]]
        )

    def run(self) -> DrillResult:
        """Carry it out.

        Returns:
            What was found.

        Raises:
            DrillError: It could not be carried out.
            EdgeLprError: A part could not start.
        """
        begin_s = time.monotonic()
        with a_world(self._folder / "w", self._clock.unix_s(), self._plan.dsn) as world:
            notes = self._pass(world)  # 2. and 3.
            thief = Thief(_known(world), self._dictionary)
            database = world.server.steal()
            cheap = [record for record in database.records if key_of(record) not in world.real]
            rows = self._attack(world, thief, notes, database)  # 4.
            tests = self._control(world, thief, cheap)  # 5.
            row, checks = self._spend_hit_only_day(world)
            rows.append(row)
            checks = [*self._check(world, notes), *checks]
            rows.insert(2, self._destroy(world, thief, database, tests, cheap))  # 6.
            self._tell("linking by time and lane")
            timing = tuple(  # 7.
                link_by_time(cheap, world.truth, resolution_s=each) for each in _RESOLUTIONS_S
            )
            facts = self._facts(world, notes, time.monotonic() - begin_s)
            return DrillResult(facts, tuple(rows), tuple(tests), tuple(checks), timing)

    def _pass(self, world: World) -> WeekNotes:
        """Steps 2 and 3."""
        self._tell(f"{len(self._cheap):,} vehicles pass at the laboratory cost")
        seconds = world.send_cheap(self._cheap)
        self._tell(f"stored within {seconds:.0f} s; ten real booths start")
        return RealWeek(world, self._folder, self._tell).run(self._real, _THEFTS)

    def _attack(
        self, world: World, thief: Thief, notes: WeekNotes, database: StolenDatabase
    ) -> list[Row]:
        """Step 4."""
        recordings = thefts.Recordings(list(world.recorder.messages))
        stolen = {each.booth: each for each in notes.stolen}
        first = world.first_epoch
        rows: list[RowTheft] = [
            thefts.steal_broker(recordings),
            thefts.steal_database(database),
            thefts.steal_database_and_keys(database, world, _LEAKED_DAY),
            *(
                thefts.steal_sealed_booth(stolen[booth], tier, recordings)
                for tier, booth in STOLEN_SEALED.items()
            ),
            thefts.steal_open_booth(stolen[STOLEN_OPEN], first + _OFF_DAY),
            thefts.steal_open_booth_and_listen(stolen[STOLEN_OPEN], first + _OFF_DAY, recordings),
            thefts.take_over_booth(stolen[STOLEN_RUNNING], first + _RUNNING_DAY, recordings),
            thefts.record_then_take_over(stolen[STOLEN_LAST], first + _LAST_DAY, recordings),
        ]
        return [self._judge(world, thief, row) for row in rows]

    def _judge(self, world: World, thief: Thief, theft: RowTheft) -> Row:
        """Attack one loot, and hold the outcome against the table."""
        self._tell(f"the thief works on: {theft.name}")
        outcome = thief.attack(theft.loot)
        return judge(
            theft,
            outcome,
            world.truth,
            frozenset(world.real),
            tried=frozenset(self._dictionary.real),
        )

    def _control(
        self, world: World, thief: Thief, cheap: Sequence[TokenRecord]
    ) -> list[controls.Control]:
        """Step 5."""
        self._tell("the thief works on designs that must fall")
        return [
            *controls.plain_hash(thief, cheap, world.truth),
            controls.leaked_key(thief, cheap, world.truth),
            controls.without_ratchet(thief, world, cheap, world.truth, site=STOLEN_LAST.site),
            controls.planted_pictures(),
        ]

    def _spend_hit_only_day(self, world: World) -> tuple[Row, list[Check]]:
        """Have two booths publish hits alone for a day, and steal one of them."""
        self._tell("two booths in hit-only mode")
        count = min(max(self._plan.real // 100, 1), _HITS)
        plates = self._dictionary.laboratory[: 3 * count]
        people = People(plates[:count], plates[count:])
        day = spend_day(world, self._folder, people)
        theft = thefts.take_over_hit_only_booth(day)
        self._tell(f"the thief works on: {theft.name}")
        outcome = Thief(_known(world), Dictionary([], plates)).attack(theft.loot)
        row = judge(
            theft, outcome, world.truth, frozenset(world.real), tried=frozenset(people.listed)
        )
        return row, hit_only_checks(day, world)

    def _check(self, world: World, notes: WeekNotes) -> list[Check]:
        """Answer the further questions."""
        self._tell("searching memory, logs and messages")
        logs = [(path.name, path.read_bytes()) for path in self._folder.glob("*/logs/*.log")]
        checks = text_checks(list(world.recorder.messages), logs, world.truth)
        for stolen in notes.stolen:
            checks += memory_checks(stolen, world, notes, self._plates_at(stolen))
        listed = plates_of(self._cheap)[:_LISTED]
        checks += watch_list_checks(
            world, STOLEN_RUNNING.site, _RUNNING_DAY, listed, list(self._dictionary.laboratory)
        )
        world.clock.set((world.first_epoch + _LAST_DAY) * EPOCH_LENGTH_S + EPOCH_LENGTH_S // 2)
        (opened,) = (each for each in notes.stolen if each.booth == STOLEN_OPEN)
        return checks + impersonation_checks(opened, world, None)

    def _plates_at(self, stolen: StolenBooth) -> list[bytes]:
        """Return the plates that a stolen booth has seen, the latest first."""
        seen: list[Crossing] = [
            each for each in self._real if each.booth == stolen.booth and each.day <= stolen.day
        ]
        return [each.plate for each in reversed(seen)]

    def _destroy(
        self,
        world: World,
        thief: Thief,
        database: StolenDatabase,
        tests: list[controls.Control],
        cheap: Sequence[TokenRecord],
    ) -> Row:
        """Step 6; adds the control of a backup that holds too much."""
        custodian = world.custodian
        backup = custodian.back_up(self._folder / "backup")
        too_much = shutil.copytree(custodian.wrapping, self._folder / "wrapping-of-then")
        world.clock.set((world.first_epoch + _LAST_DAY + _RETENTION_DAYS) * EPOCH_LENGTH_S)
        custodian.destroy(custodian.authority.vault.destructible())
        loot = Loot(records=list(cheap))
        add_backup(loot, backup, Path(too_much))
        tests.append(controls.backed_up_wrapping_keys(thief, loot, world.truth))
        theft = thefts.steal_database_later(database, backup, custodian.wrapping)
        return self._judge(world, thief, theft)

    def _facts(self, world: World, notes: WeekNotes, seconds: float) -> Facts:
        """Gather what was drilled."""
        return Facts(
            version=__version__,
            shape=self._plan.shape.name,
            seed=self._plan.seed,
            cheap=len(self._cheap),
            real=len(self._real),
            plates=len(set(world.truth.values())),
            tried=len(self._dictionary.laboratory),
            tried_real=len(self._dictionary.real),
            messages=len(world.recorder.messages),
            deliveries=len(world.recorder.payloads("/keys")),
            tokens_a_second=round(_tokens_a_second(), 2),
            cores=len(os.sched_getaffinity(0)),
            memory_read=any(each.memory is not None for each in notes.stolen),
            store=world.server.store,
            seconds=round(seconds),
        )


def _known(world: World) -> Knowledge:
    """Return what every thief knows."""
    salts = tuple(name.encode() for name in (TENANT, *SITES, "alpr-token/v1"))
    return Knowledge(TENANT, world.custodian.public_key, salts)


def _tokens_a_second() -> float:
    """Measure how fast this machine guesses at the real cost."""
    key = secrets.token_bytes(KEY_BYTES)
    begin_s = time.monotonic()
    for number in range(_MEASURED_TOKENS):
        stretch_plate(b"ABC%04d" % number, key, TokenScope(TENANT, "any", number))
    return _MEASURED_TOKENS / (time.monotonic() - begin_s)
