"""What a central server runs: verify, drop duplicates, put in order, find gaps and ask for them.

``Subscriber`` and ``AsyncSubscriber`` are a whole consumer; ``FleetVerifier`` is the same rules
without a connection, and ``Authenticator`` those about a message by itself.
"""

from edge_lpr.subscriber.asynchronous import AsyncSubscriber
from edge_lpr.subscriber.authenticity import Authenticator, CertificateBook
from edge_lpr.subscriber.blocking import Subscriber
from edge_lpr.subscriber.fleet_state import DeviceState, FleetState
from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.subscriber.verdicts import (
    Continuity,
    DeviceStatus,
    Refusal,
    RefusalReason,
    Verdict,
    VerifiedBirth,
    VerifiedCheckpoint,
    VerifiedGap,
    VerifiedHealth,
    VerifiedSighting,
)
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.subscriber.watch_list import Hit, Match, WatchList, read_watch_list

__all__ = (
    "AsyncSubscriber",
    "Authenticator",
    "CertificateBook",
    "Continuity",
    "DeviceState",
    "DeviceStatus",
    "FleetState",
    "FleetVerifier",
    "Hit",
    "Match",
    "Refusal",
    "RefusalReason",
    "SequenceRange",
    "Subscriber",
    "Verdict",
    "VerifiedBirth",
    "VerifiedCheckpoint",
    "VerifiedGap",
    "VerifiedHealth",
    "VerifiedSighting",
    "WatchList",
    "read_watch_list",
)
