"""The broker is away for days; when it is back, the backlog drains while vehicles go on passing."""

import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from edge_lpr.core.log import Log
from edge_lpr.handoff.sighting_message import pack_sighting
from edge_lpr.publisher.outbox import Outbox
from tests.reliability.outbox_workload import Number
from tests.reliability.receiver import ACCESS_LIST, Receiver, tls_settings
from tests.support.clock import SetClock
from tests.support.outboxes import limits_of
from tests.support.publisher_bench import PublisherProcess, TokeniserStandIn
from tests.support.signer import BOOTH, Signer
from tests.support.tls_broker import running_tls_mosquitto
from tests.support.waiting import wait_until

PASSAGES_A_SECOND: Final = 0.5
"""At which vehicles passed while the broker was away, and at which they go on passing."""

_LONGEST_DRAIN_S: Final = 3600

_ACCESS_LIST: Final = ACCESS_LIST.replace("/north/", f"/{BOOTH.site}/")


def drain_backlog(sightings: int) -> dict[str, Any]:
    """Fill an outbox as an outage does, start the publisher and the broker, and wait.

    The sightings of the outage are put into the outbox as fast as it goes, which is all that is
    not real: they are signed, committed one by one, and verified in the end.

    Args:
        sightings: How many wait when the broker comes.

    Returns:
        ``drained_s``, ``latest_live_s`` (how late the latest live sighting came), ``live`` (how
        many came while it drained), ``outbox_mb``, and what ``Judgement.compare`` says.
    """
    signer = Signer()
    with tempfile.TemporaryDirectory(prefix="edge-lpr-") as name:
        folder = Path(name)
        (folder / "publisher").mkdir()
        committed = _fill(folder / "publisher" / "outbox.sqlite3", signer, sightings)
        outbox_bytes = sum(file.stat().st_size for file in (folder / "publisher").iterdir())
        with (
            running_tls_mosquitto(folder, _ACCESS_LIST) as broker,
            closing(Receiver(broker, signer.authority_key.public_key, signer.clock)) as receiver,
            closing(
                PublisherProcess(folder / "publisher", broker.port, tls_settings(broker))
            ) as publisher,
        ):
            publisher.start()
            publisher.wait_for_event("broker_connected", deadline_s=120)
            began_at_s = time.monotonic()
            with closing(TokeniserStandIn(publisher.socket_path, signer)) as tokeniser:
                live = _pass_until_drained(tokeniser, receiver, sightings)
                drained_s = time.monotonic() - began_at_s
                committed += tokeniser.handed_over
            wait_until(
                lambda: len({each.payload for each in receiver.sightings()}) >= len(committed),
                deadline_s=60,
            )
            stopped = publisher.stop()
            judgement = receiver.judge()
            lateness_s = _lateness(receiver, live)
    return {
        "sightings": sightings,
        "drained_s": round(drained_s, 1),
        "live": len(live),
        "latest_live_s": round(max(lateness_s, default=0.0), 2),
        "outbox_mb": round(outbox_bytes / 1e6, 1),
        "failed_stops": int(stopped != 0),
        "came_twice": judgement.duplicates,
    } | judgement.compare(committed)


def _fill(outbox_file: Path, signer: Signer, sightings: int) -> list[Number]:
    """Commit sightings as if they had come while the broker was away."""
    outbox = Outbox(
        outbox_file, Log("test"), limits=limits_of(maximum_unsent=1_000_000), clock=SetClock()
    )
    numbers: list[Number] = []
    with closing(outbox):
        outbox.store_birth(signer.boot, signer.birth())
        with outbox._owned() as connection:
            # Hours of waiting for a disk would show nothing; power cuts are another row.
            connection.execute("PRAGMA synchronous=OFF")
        for _ in range(sightings):
            document = signer.sighting()
            outbox.add_sighting(signer.boot, signer.seq, document)
            numbers.append((signer.boot, signer.seq))
    return numbers


def _pass_until_drained(
    tokeniser: TokeniserStandIn, receiver: Receiver, sightings: int
) -> dict[bytes, float]:
    """Hand live sightings over until the backlog is there; return when each was committed."""
    live: dict[bytes, float] = {}
    wait = threading.Event().wait
    tokeniser.greet()
    give_up_at_s = time.monotonic() + _LONGEST_DRAIN_S
    while len(receiver.arrivals) < sightings + len(live) and time.monotonic() < give_up_at_s:
        document = tokeniser.signer.sighting()
        tokeniser.hand_over_again(pack_sighting(tokeniser.signer.seq, document))
        tokeniser.handed_over.append((tokeniser.signer.boot, tokeniser.signer.seq))
        live[document] = time.monotonic()
        wait(1 / PASSAGES_A_SECOND)
    wait_until(
        lambda: len({each.payload for each in receiver.sightings()}) >= sightings + len(live),
        deadline_s=_LONGEST_DRAIN_S,
    )
    return live


def _lateness(receiver: Receiver, live: dict[bytes, float]) -> list[float]:
    """Return how long after its commit each live sighting came."""
    first_at_s: dict[bytes, float] = {}
    for arrival in receiver.sightings():
        first_at_s.setdefault(arrival.payload, arrival.at_s)
    return [first_at_s[document] - at_s for document, at_s in live.items()]
