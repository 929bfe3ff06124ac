"""Files of a booth, how its processes are, and the recorder of the audit that looks at them."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge_lpr.audit import recorder
from edge_lpr.audit.entry import Entry, parse_entry
from edge_lpr.audit.log import AuditLog
from edge_lpr.audit.observer import Observer, Places
from edge_lpr.audit.recorder import Recorder, RuntimeFiles
from edge_lpr.audit.unit_states import UnitState
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.log import Log
from tests.support.clock import SetClock

RIGHTS = {"NoNewPrivs": "1", "Seccomp": "2", "CapEff": "0" * 16, "CapBnd": "0" * 16}
VISION = UnitState(
    active="active",
    said={"camera_works": ""},
    has_own_network=True,
    sent_bytes=0,
    sent_packets=0,
    written_bytes=0,
    rights=RIGHTS,
)
PUBLISHER = UnitState(
    active="active",
    said={"broker_reached": ""},
    sent_bytes=1_000,
    sent_packets=10,
    written_bytes=4_096,
    rights=RIGHTS,
)


class Booth:
    """Files of a booth, and a recorder that looks at them."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, told: Path | None = None
    ) -> None:
        self.folder = folder
        self.told = told or folder / "told"
        self.files = RuntimeFiles(folder / "head", folder / "sent", self.told)
        self.clock = SetClock()
        self.units = {"vision": VISION, "tokeniser": UnitState(), "publisher": PUBLISHER}
        self.unit_files = "[Service]"
        monkeypatch.setattr(recorder, "unit_states", lambda _names: self.units)
        for name, text in {
            "etc/edge-lpr/booth.toml": "",
            "etc/nftables.conf": "table",
            "etc/nftables.d/booth.nft": "rule",
            "usr/lib/edge-lpr/image.json": '{"version": "0.2.0+1", "board": "rpi"}',
            "proc/sys/kernel/random/boot_id": "0123-4567\n",
        }.items():
            self.write(name, text)
        (folder / "audit").mkdir()
        self.log = AuditLog(folder / "audit", self.clock)
        self.recorder = self.another_recorder()

    def another_recorder(self) -> Recorder:
        """Return a recorder that knows nothing yet."""
        return Recorder(
            self.log,
            Observer(Places(self.folder), self.clock, lambda: self.unit_files),
            self.clock,
            Complaints(Log("audit"), self.clock),
            files=self.files,
        )

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def lines(self) -> list[dict[str, Any]]:
        path = self.folder / "audit" / "entries-000000000001"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def new(self) -> list[dict[str, Any]]:
        """Return what one more look records."""
        before = len(self.lines())
        self.recorder.look()
        return self.lines()[before:]

    def entries(self) -> list[Entry]:
        """Return the log as an auditor reads it."""
        path = self.folder / "audit" / "entries-000000000001"
        return [entry for line in path.read_bytes().splitlines() if (entry := parse_entry(line))]
