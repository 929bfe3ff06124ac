"""A disk fails under a whole booth: how long until the central server is told."""

import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from edge_lpr.core.clock import SystemClock
from edge_lpr.wire.health import HealthClaims, parse_health
from tests.reliability.faulty_disk import DiskOrder, FaultyDisk
from tests.reliability.network_side import SERVICES, NetworkSide
from tests.reliability.receiver import ACCESS_LIST, Receiver
from tests.support.tls_broker import running_tls_mosquitto
from tests.support.waiting import wait_until

ALARM_S: Final = 60
"""An alarm must be there within this time."""

_ALARM: Final = "outbox_failing"
_DEADLINE_S: Final = 120.0


def fail_disk(order: DiskOrder, *, health_interval_s: float) -> dict[str, Any]:
    """Let the outbox's disk fail while vehicles pass, wait for the alarm, and let it work again.

    Args:
        order: How it fails.
        health_interval_s: How often the booth says how it is; 60 in the field.

    Returns:
        ``alarm_s`` (how long until the alarm was received), ``ended`` (processes that did not live
        through it), and what ``Judgement.compare`` says.
    """
    with tempfile.TemporaryDirectory(prefix="edge-lpr-") as name:
        folder = Path(name)
        disk = FaultyDisk(folder / "booth", folder)
        with (
            running_tls_mosquitto(folder, ACCESS_LIST) as broker,
            NetworkSide(
                broker,
                disk.environment,
                outbox_folder=folder / "booth",
                more_settings=f"health_interval_s = {health_interval_s}\n",
            ) as booth,
            closing(
                Receiver(broker, booth.booth.authority_key.public_key, SystemClock())
            ) as receiver,
        ):
            wait_until(lambda: bool(receiver.sightings()), deadline_s=_DEADLINE_S)
            disk.order(order)
            failed_at_s = time.monotonic()
            wait_until(lambda: _has_alarm(receiver, failed_at_s), deadline_s=_DEADLINE_S)
            alarm_s = time.monotonic() - failed_at_s
            before = len(receiver.sightings())
            disk.order(DiskOrder.WORK)
            wait_until(lambda: len(receiver.sightings()) >= before + 3, deadline_s=_DEADLINE_S)
            starts = sum(len(booth.events(service, "started")) for service in SERVICES)
            booth.rest()
            ended = sum(booth.stop(service) != 0 for service in SERVICES)
            committed = booth.committed()
            wait_until(
                lambda: len({each.payload for each in receiver.sightings()}) >= len(committed)
            )
            judgement = receiver.judge()
    return {
        "order": order.name.lower(),
        "alarm_s": round(alarm_s, 1),
        "ended": ended + starts - len(SERVICES),
        "committed": len(committed),
    } | judgement.compare(committed)


def _has_alarm(receiver: Receiver, since_s: float) -> bool:
    """Return whether the booth has said that its disk fails."""
    return any(
        _ALARM in HealthClaims.decode(parse_health(each.payload).untrusted_payload).alarms
        for each in receiver.arrivals[:]
        if each.topic.endswith("/health") and each.at_s > since_s
    )
