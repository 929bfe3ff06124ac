"""``edge-lpr export-bundle``: writes a report without secrets to standard output, signed.

By SSH: ``ssh technician@BOOTH export-bundle > booth.bundle``. What is in it comes first, as text,
on standard error.
"""

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge_lpr.audit import record
from edge_lpr.audit.log import AuditLog
from edge_lpr.core.clock import Clock, SystemClock
from edge_lpr.core.errors import EdgeLprError, HandoffError
from edge_lpr.handoff.diagnosis_desk import SOCKET_FOLDER
from edge_lpr.report import gathering
from edge_lpr.report.content import Audit, Report, read_report
from edge_lpr.report.diagnosing import diagnosed
from edge_lpr.report.screen import shown
from edge_lpr.report.sealing import sealed

EVENT: Final = "bundle_exported"
"""In the audit; the report has the root over all entries up to this one."""

_NOT_SIGNED: Final = (
    "the tokeniser does not run, or does not answer, and nobody else can sign a bundle; "
    "edge-lpr diagnose says what is wrong and can be read to whoever helps (docs/report.md)"
)
_SETTINGS: Final = Path("/etc/edge-lpr/booth.toml")


def main(arguments: Sequence[str] | None = None) -> int:
    """Gather, record, sign, show, write.

    Args:
        arguments: The words after ``edge-lpr export-bundle``; those of the process if left out.

    Returns:
        0; 1 if there could be no bundle.
    """
    parser = argparse.ArgumentParser(
        prog="edge-lpr export-bundle",
        description="A report without secrets, for whoever helps: signed, to standard output. "
        "What is in it is shown on standard error before.",
        epilog="docs/report.md says what it can hold; edge-lpr verify-bundle reads it.",
    )
    parser.add_argument("--settings", type=Path, default=_SETTINGS, help="the booth's settings")
    parser.add_argument(
        "--sockets", type=Path, default=SOCKET_FOLDER, help="where the processes answer"
    )
    parser.add_argument("--root", type=Path, default=Path("/"), help="another machine's files")
    parser.add_argument("--logs", type=Path, help="a demo's logs, in place of the journal")
    chosen = parser.parse_args(arguments)
    try:
        clock = SystemClock()
        report = gathered(chosen.settings, chosen.sockets, chosen.logs, clock, chosen.root)
        if not report.processes["tokeniser"].answered:
            # Asked all the same, it would be started.
            raise HandoffError(_NOT_SIGNED)
        bundle = sealed(report, chosen.sockets / "tokeniser.sock")
    except EdgeLprError as error:
        sys.stderr.write(f"edge-lpr export-bundle: {error}\n")
        return 1
    digest = hashlib.sha256(bundle).hexdigest()
    sys.stderr.write(f"{shown(report)}\n{len(bundle)} bytes, SHA-256 {digest}\n")
    sys.stderr.flush()
    sys.stdout.write(bundle.decode("ascii"))
    return 0


def gathered(
    settings_file: Path, sockets: Path, logs: Path | None, clock: Clock, machine: Path = Path("/")
) -> Report:
    """Return a report of this booth, and record in the audit that there is one.

    Args:
        settings_file: The booth's settings.
        sockets: Folder of the sockets at which the processes answer.
        logs: Folder of a demo's logs; ``None`` for the journal.
        clock: Tells when.
        machine: Whose board is diagnosed: another folder in a trial.

    Raises:
        EdgeLprError: It cannot be recorded, or a file cannot be read.
    """
    record.record(EVENT, version=2)
    size, root = AuditLog(record.RECORD_FOLDER, clock).head()
    report = Report(
        v=2,
        made_at=max(clock.unix_s(), 0),
        versions=gathering.versions(),
        digests=gathering.digests(settings_file),
        diagnosis=diagnosed(machine, settings_file),
        processes=gathering.processes(sockets),
        units=gathering.units(),
        events=gathering.events_of_journal() if logs is None else gathering.events_of_files(logs),
        audit=Audit(size=size, root=root.hex()),
    )
    # As whoever receives it will; so nothing is signed that he would refuse.
    return read_report(report.text())


if __name__ == "__main__":
    sys.exit(main())
