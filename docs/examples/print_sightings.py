"""Prints every verified sighting: python print_sightings.py BROKER_URL AUTHORITY_FILE."""

import sys

from edge_lpr.subscriber import Refusal, Subscriber, VerifiedSighting
from edge_lpr.wire import base64url

broker, authority_file = sys.argv[1:]
with Subscriber(broker, authority_key=authority_file, name="print-sightings") as fleet:
    for event in fleet:
        if isinstance(event, VerifiedSighting):
            claims = event.claims
            token = base64url.encode(claims.exact).decode()
            print(event.address.device, claims.at, claims.lane, token, flush=True)
        elif isinstance(event, Refusal):
            print("refused:", event.detail, file=sys.stderr)
        # Here the event is acknowledged: what must not be lost is stored by now.
