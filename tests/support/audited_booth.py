"""A booth's audit log as an auditor gets it: entries of every kind, certificate and checkpoint."""

import datetime as dt
from dataclasses import replace

from edge_lpr.audit.entry import Entry, time_text
from edge_lpr.audit.export import Export
from edge_lpr.audit.merkle import Frontier, leaf_hash
from edge_lpr.audit.reconcile import WINDOW_S, Egress
from edge_lpr.wire.checkpoint import Checkpoint, sign_checkpoint
from edge_lpr.wire.device_certificate import issue_certificate
from tests.support.clock import NOON_OF_THE_VECTORS
from tests.support.fleet import AUTHORITY, SignedBooth

QUIET_WINDOW = Egress(
    sent_bytes=7_916,
    packets=30,
    connections=0,
    greeting_bytes=0,
    mqtt_bytes=6_048,
    records=14,
    resent_bytes=0,
    is_ipv6=0,
)
"""Five health records, their acknowledgements' acknowledgements, and pings: all explained."""


class AuditedBooth:
    """Writes a log entry by entry, and signs its root."""

    def __init__(self) -> None:
        self.booth = SignedBooth()
        self.lines: list[bytes] = []
        self.at = NOON_OF_THE_VECTORS

    def append(self, event: str, **details: str | int) -> None:
        entry = Entry(len(self.lines) + 1, time_text(self.at), event, details)
        self.lines.append(entry.line())

    def start(self) -> None:
        """Record a start: what runs, and what it may do."""
        self.append("audit_started", boot="0" * 16)
        self.append("boot", version="0.2.0+1")
        for what in ("models", "settings"):
            self.append("digest", what=what, sha256="5f" * 32)
        for unit in ("vision", "tokeniser", "publisher"):
            self.append(
                "sandbox",
                unit=unit,
                seccomp=2,
                no_new_privileges=1,
                capabilities="0000000000000000",
                own_network=int(unit != "publisher"),
            )

    def window(self, egress: Egress = QUIET_WINDOW, **changes: int) -> None:
        """Record five minutes of the ledger."""
        self.at += WINDOW_S
        sums = {name: getattr(egress, name) for name in Egress.__slots__}
        written = {"vision_written": 0, "tokeniser_written": 0, "publisher_written": 40_960}
        self.append("ledger", **{"seconds": WINDOW_S, **written, **sums, **changes})

    def hours(self, count: int) -> None:
        """Record quiet hours, in every fifth of which a technician asks something."""
        for hour in range(count):
            for _ in range(3600 // WINDOW_S):
                self.window()
            if hour % 5 == 0:
                self.append("asked", person="anna", serial=7, word="status")

    def checkpoint(self, size: int | None = None) -> bytes:
        """Return the checkpoint of the first entries, all of them by default."""
        return signed_root(self.booth, self.lines[:size])

    def export(self) -> Export:
        """Return what the booth would write."""
        certificate = replace(
            self.booth.certificate, not_after=self.at + dt.timedelta(days=1).days * 86_400
        )
        return Export(
            issue_certificate(certificate, AUTHORITY), 12, (), tuple(self.lines), self.checkpoint()
        )


def signed_root(booth: SignedBooth, lines: list[bytes]) -> bytes:
    """Return a checkpoint of some lines: what somebody with the booth's key can make."""
    frontier = Frontier()
    for line in lines:
        frontier.add(leaf_hash(line))
    return sign_checkpoint(
        Checkpoint(booth.address, frontier.size, frontier.root()), booth.event_key
    )
