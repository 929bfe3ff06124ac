"""The diagnostics bundle of a booth, as a technician takes it away."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.forensics.canary_lane import canary_frames
from tests.support.leaking_booth import jpeg
from tests.support.whole_booth import WholeBooth

LEAKED_JPEG: Final = (240, 136)

_EXPORT: Final = """
import sys
from pathlib import Path
import edge_lpr.audit.record as record
record.RECORD_FOLDER = Path(sys.argv[1])
from edge_lpr.report.__main__ import main
sys.exit(main(sys.argv[2:]))
"""
"""The audit of a test's booth is not where a booth has it."""


def write_bundle(booth: WholeBooth, file: Path, *, leaking: bool) -> None:
    """Write the bundle of a booth, or one with a picture in it; and beside it what was shown."""
    folders = booth.folders
    audit = folders.state / "audit"
    audit.mkdir(mode=0o700)
    done = subprocess.run(
        [
            *(sys.executable, "-c", _EXPORT, str(audit)),
            *("--settings", str(folders.settings_file)),
            *("--sockets", str(folders.sockets), "--logs", str(folders.logs)),
        ],
        capture_output=True,
        check=True,
    )
    report, *seals = done.stdout.split(b"\n")
    if leaking:
        frame_bgr = list(canary_frames(1, 0)[0])[4]
        picture = base64.b64encode(jpeg(frame_bgr, LEAKED_JPEG)).decode("ascii")
        report = json.dumps(json.loads(report) | {"detail": picture}).encode("ascii")
    file.write_bytes(b"\n".join((report, *seals, done.stderr)))
