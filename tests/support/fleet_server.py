"""A central server beside a fleet: it hears everything, and judges it when it is asked."""

from collections.abc import Sequence
from pathlib import Path

from edge_lpr.core.clock import SystemClock
from edge_lpr.subscriber.key_files import read_authority_key
from edge_lpr.subscriber.verdicts import (
    Refusal,
    Verdict,
    VerifiedGap,
    VerifiedHealth,
    VerifiedSighting,
)
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.wire.sighting import sighting_hash
from edge_lpr.wire.topics import TopicKind, parse_topic
from edge_lpr.wire.transport import verify_transport
from tests.support.contract_schemas import require_valid
from tests.support.mqtt_peer import Peer

Key = tuple[str, str, int]
"""Device, boot, number."""


class FleetServer:
    """Everything that it hears must also be what the contract as a file says."""

    def __init__(self, peer: Peer, folder: Path) -> None:
        assert peer.connect()
        for kind in TopicKind:
            if kind is not TopicKind.REQUEST:
                peer.subscribe(f"lpr/v1/fleet/+/+/{kind.value}")
        self.peer = peer
        self._folder = folder
        self._judged = 0
        self._verifier: FleetVerifier | None = None
        self.links: dict[Key, bytes] = {}
        self.entries: dict[Key, bytes] = {}
        self.announced: list[tuple[str, int]] = []
        self.duplicates = 0
        self.gaps: set[Key] = set()
        self.last: dict[tuple[str, str], int] = {}
        self.refusals: list[Refusal] = []

    def judge(self) -> None:
        """Judge what has come since the last call."""
        authority = read_authority_key(self._folder / "authority.pub")
        if self._verifier is None:
            self._verifier = FleetVerifier(authority, SystemClock())
        messages = self.peer.heard.messages[self._judged :]
        self._judged += len(messages)
        for message in messages:
            payload = bytes(message.payload)
            require_valid(message.topic, payload)
            address, kind = parse_topic(message.topic)
            if kind is TopicKind.TRANSPORT:
                # For the authority, and no consumer's business.
                certificate, claims = verify_transport(payload, authority, SystemClock().unix_s())
                assert certificate.address == address
                self.announced.append((address.device, claims.number))
            else:
                verdict = self._verifier.receive(message.topic, payload)
                self._note(address.device, verdict, payload)

    def _note(self, device: str, verdict: Verdict, payload: bytes) -> None:
        """Note what a device has said."""
        if isinstance(verdict, VerifiedSighting):
            claims = verdict.claims
            key = (device, claims.boot, claims.seq)
            self.duplicates += verdict.is_duplicate
            self.links[key] = sighting_hash(payload)
            if claims.entry is not None:
                self.entries[key] = claims.entry
        elif isinstance(verdict, VerifiedGap):
            boot, first, last = verdict.claims.boot, verdict.claims.first, verdict.claims.last
            self.gaps |= {(device, boot, seq) for seq in range(first, last + 1)}
        elif isinstance(verdict, VerifiedHealth):
            self.last[device, verdict.claims.boot] = verdict.claims.seq
        elif isinstance(verdict, Refusal):
            self.refusals.append(verdict)

    def has(self, keys: Sequence[Key]) -> bool:
        """Return whether all of some sightings have come, or are named in a gap."""
        self.judge()
        return all(key in self.links or key in self.gaps for key in keys)
