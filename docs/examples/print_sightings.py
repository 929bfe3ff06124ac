"""Prints every verified sighting: python print_sightings.py AUTHORITY_FILE [PORT]."""

import sys
from pathlib import Path

from paho.mqtt.client import CallbackAPIVersion, Client

from edge_lpr.core.clock import SystemClock
from edge_lpr.subscriber.verify import (
    FleetVerifier,
    Refusal,
    RefusalReason,
    VerifiedBirth,
    VerifiedSighting,
)
from edge_lpr.wire import base64url
from edge_lpr.wire.jws import PublicKey

authority = PublicKey(bytes.fromhex(Path(sys.argv[1]).read_text()))
verifier = FleetVerifier(authority, SystemClock())
early: list[tuple[str, bytes]] = []  # came before the birth that names their key


def judge(topic: str, payload: bytes) -> None:
    """Print a new sighting, or why a message is not believed."""
    verdict = verifier.receive(topic, payload)
    if isinstance(verdict, VerifiedBirth):
        waiting, early[:] = list(early), []
        for each in waiting:
            judge(*each)
    elif isinstance(verdict, VerifiedSighting) and not verdict.is_duplicate:
        sighting = verdict.claims
        token = base64url.encode(sighting.exact).decode()
        print(verdict.address.device, sighting.at, sighting.lane, token, flush=True)
    elif isinstance(verdict, Refusal) and verdict.reason is RefusalReason.NO_BIRTH:
        early.append((topic, payload))
    elif isinstance(verdict, Refusal):
        print("refused:", verdict.detail, file=sys.stderr)


# A fixed name and no clean session: the broker keeps what comes while this program is away.
client = Client(CallbackAPIVersion.VERSION2, client_id="print-sightings", clean_session=False)
client.on_connect = lambda *_: client.subscribe(
    [("lpr/v1/+/+/+/birth", 1), ("lpr/v1/+/+/+/sighting", 1)]
)
client.on_message = lambda _client, _userdata, message: judge(message.topic, bytes(message.payload))
client.connect("127.0.0.1", int(sys.argv[2]) if sys.argv[2:] else 1883)
client.loop_forever()
