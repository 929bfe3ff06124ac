"""Everything between booths and store breaks again and again; in the end the store is compared."""

import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.reliability.central_side import CentralSide
from tests.support.waiting import wait_until

WORKERS: Final = 2

NOTICED_S: Final = 60
"""A gap must be noticed within this time."""

_LOOK_EVERY_S: Final = 2.0
_SETTLED_S: Final = 900
"""Requests are answered by and by: one a booth in ten seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """What happens."""

    sightings: int
    """That the fleet signs."""
    rate_hz: float
    """How many a second."""
    booths: int
    """That sign them."""
    broker_kills: int
    """SIGKILLs of the broker, which is started again at once."""
    disk_losses: int
    """SIGKILLs of the broker whose kept state is deleted before it is started again."""
    partitions: int
    """Times that the cable between fleet and broker is pulled."""
    worker_kills: int
    """SIGKILLs of a worker, which is started again at once."""
    seed: int
    """Decides the order."""

    @property
    def blows(self) -> dict[str, int]:
        """How often each thing happens."""
        return {
            "broker killed": self.broker_kills,
            "broker's disk lost": self.disk_losses,
            "partition": self.partitions,
            "worker killed": self.worker_kills,
        }


def brew(storm: Storm) -> dict[str, Any]:
    """Let the storm pass, let everything arrive that can, and compare.

    Args:
        storm: What happens.

    Returns:
        ``happened`` (by kind; no partition where nobody can make a network namespace), what
        ``CentralSide.compare`` says, ``latest_notice_s`` and ``ended`` (processes that did not live
        through it).
    """
    chance = random.Random(storm.seed)  # noqa: S311 - a test, repeatable
    wait = threading.Event().wait
    with (
        tempfile.TemporaryDirectory(prefix="edge-lpr-", ignore_cleanup_errors=True) as name,
        CentralSide(Path(name), booths=storm.booths) as center,
    ):
        center.start_fleet(sightings=storm.sightings, rate_hz=storm.rate_hz)
        wait_until((Path(name) / "authority.pub").exists)
        for number in range(WORKERS):
            center.start_worker(number)
        wait_until(lambda: _stored(center) > 0, deadline_s=120)
        ended = 0
        blows = _in_some_order(storm, chance)
        happened: Counter[str] = Counter()
        pause_s = storm.sightings / storm.rate_hz / (len(blows) + 1)
        for kind in blows:
            wait(chance.uniform(0.5, 1.5) * pause_s)
            happened[kind] += _strike(kind, center, chance, wait)
            ended += center.revive()
        give_up_at_s = time.monotonic() + storm.sightings / storm.rate_hz + _SETTLED_S
        while not _is_settled(center, storm.sightings) and time.monotonic() < give_up_at_s:
            wait(_LOOK_EVERY_S)
            ended += center.revive()
        figures = center.compare()
        notice_s, evidence_s = center.latest_notice_s(), center.latest_evidence_s()
        fleet = center.fleet_figures()
        failed_stops = center.stop()
    return {
        "happened": dict(happened),
        "ended": ended,
        "latest_notice_s": notice_s,
        "latest_evidence_s": evidence_s,
        "failed_stops": failed_stops,
        "fleet": fleet,
    } | figures


def overflow(*, sightings: int, queue: int) -> dict[str, Any]:
    """Let the workers be away for longer than the broker's queue lasts, and compare.

    Args:
        sightings: That the fleet signs, a hundred a second.
        queue: Messages that the broker keeps for a consumer that is away; it drops the others
            without a word.

    Returns:
        What ``CentralSide.compare`` says.
    """
    with (
        tempfile.TemporaryDirectory(prefix="edge-lpr-", ignore_cleanup_errors=True) as name,
        CentralSide(Path(name), booths=10) as center,
    ):
        center.broker.kill()
        center.narrow_queues(queue)
        center.broker.start()
        center.start_fleet(sightings=sightings, rate_hz=100.0)
        wait_until((Path(name) / "authority.pub").exists)
        center.start_worker(0)
        wait_until(lambda: _stored(center) > 0, deadline_s=120)
        center.kill_worker(0)
        wait_until(lambda: center.fleet_figures().get("published", 0) >= sightings, deadline_s=300)
        center.start_worker(0)
        wait_until(lambda: _is_settled(center, sightings), deadline_s=_SETTLED_S)
        figures = center.compare()
        failed_stops = center.stop()
    return {"failed_stops": failed_stops} | figures


def _in_some_order(storm: Storm, chance: random.Random) -> list[str]:
    """Return what is to happen, in order."""
    blows = list(Counter(storm.blows).elements())
    chance.shuffle(blows)
    return blows


def _strike(
    kind: str, center: CentralSide, chance: random.Random, wait: Callable[[float], bool]
) -> bool:
    """Let one thing happen; return whether it did."""
    if kind == "broker killed":
        center.broker.kill()
        center.broker.start()
    elif kind == "broker's disk lost":
        center.lose_disk()
    elif kind == "worker killed":
        number = chance.randrange(WORKERS)
        center.kill_worker(number)
        center.start_worker(number)
    elif center.network is not None:
        center.network.cut()
        wait(chance.uniform(0.2, 4.0))
        center.network.mend()
    else:
        return False
    return True


def _stored(center: CentralSide) -> int:
    """Return how many sightings the store has; 0 before it has tables."""
    if not center.ask("SELECT count(*) FROM pg_tables WHERE tablename = 'sighting'"):
        return 0
    return int(center.ask("SELECT count(*) FROM sighting"))


def _is_settled(center: CentralSide, sightings: int) -> bool:
    """Return whether nothing is missing any more."""
    return _stored(center) >= sightings and not center.ask(
        "SELECT count(*) FROM gap WHERE closed_at IS NULL"
    )
