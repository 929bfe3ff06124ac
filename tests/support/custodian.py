"""The key custodian of an emulated booth's agency, at his own terminal."""

import json
import subprocess
import sys

from edge_lpr.emulation.host_side import DEVICE, SITE, HostSide


class Custodian:
    """Hands out what an installer gets, and approves what is read to him."""

    def __init__(self, host: HostSide) -> None:
        self._host = host

    def ticket_note(self, tier: str = "C") -> str:
        """Everything that ``edge-lpr authority ticket`` prints, as it is sent on."""
        names = ("--site", SITE, "--device", DEVICE)
        return self._say("ticket", *names, "--tier", tier, "--test-keys").strip()

    def approve(self, fingerprint: str) -> None:
        """Approve the booth that shows this fingerprint; fails if no such booth asks."""
        self._say("approve", fingerprint)

    def first_sighting(self, patience_s: float) -> dict[str, object]:
        """Return the first sighting that a consumer of the agency sees."""
        command = self._host.subscribe("--json", "--seconds", str(int(patience_s)))
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as consumer:
            assert consumer.stdout is not None
            try:
                for line in consumer.stdout:
                    event: dict[str, object] = json.loads(line)
                    if event["event"] == "sighting":
                        return event
            finally:
                consumer.kill()
        raise AssertionError(f"no sighting in {patience_s:.0f} s")

    def _say(self, task: str, *words: str) -> str:
        command = [sys.executable, "-m", "edge_lpr", "authority", task]
        command += ["--folder", str(self._host.authority), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout
