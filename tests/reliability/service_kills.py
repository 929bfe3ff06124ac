"""Kill the tokeniser and the publisher at random moments while vehicles pass."""

import random
import tempfile
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from edge_lpr.core.clock import SystemClock
from tests.reliability.network_side import SERVICES, NetworkSide
from tests.reliability.receiver import ACCESS_LIST, Receiver
from tests.support.tls_broker import running_tls_mosquitto
from tests.support.waiting import wait_until

_WORKING: Final = 0.6
"""Share of the kills that come while sightings flow; the others come during a start."""

_LONGEST_WAIT_S: Final = 0.7
"""A process starts and connects within this time, and a sighting takes as long; every moment of
both is met."""


def kill_services(kills: int, *, seed: int) -> dict[str, Any]:
    """Kill services so many times, let everything arrive, and compare.

    Args:
        kills: How many times.
        seed: Decides which and when.

    Returns:
        ``kills`` by service, ``committed``, and what ``Judgement.compare`` says.
    """
    chance = random.Random(seed)  # noqa: S311 - a test, repeatable
    killed: Counter[str] = Counter()
    wait = threading.Event().wait
    with (
        tempfile.TemporaryDirectory(prefix="edge-lpr-") as name,
        running_tls_mosquitto(Path(name), ACCESS_LIST) as broker,
        NetworkSide(broker) as booth,
        closing(Receiver(broker, booth.booth.authority_key.public_key, SystemClock())) as receiver,
    ):
        booth.wait_for_event("publisher", "broker_connected")
        for _ in range(kills):
            if chance.random() < _WORKING:
                # Else, on a slow machine, hardly any would live to see a vehicle.
                goal = len(receiver.sightings()) + chance.randint(1, 4)
                wait_until(lambda: len(receiver.sightings()) >= goal, deadline_s=60)  # noqa: B023
            wait(chance.uniform(0.0, _LONGEST_WAIT_S))
            service = chance.choice(SERVICES)
            if not booth.is_running(service):
                raise AssertionError(f"the {service} ended by itself; see its log")
            booth.kill(service)
            booth.start(service)
            killed[service] += 1
        connections = len(booth.events("publisher", "broker_connected"))
        booth.wait_for_event("publisher", "broker_connected", connections + 1)
        booth.rest()
        statuses = [booth.stop(service) for service in SERVICES]
        committed = booth.committed()
        wait_until(lambda: len({each.payload for each in receiver.sightings()}) >= len(committed))
        judgement = receiver.judge()
    return {
        "kills": killed,
        "committed": len(committed),
        "resent": judgement.duplicates,
        "failed_stops": sum(status != 0 for status in statuses),
    } | judgement.compare(committed)
