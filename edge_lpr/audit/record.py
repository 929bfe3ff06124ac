"""The audit's one way in for other programs of a booth: say what is about to happen."""

from pathlib import Path

from edge_lpr.audit import log
from edge_lpr.audit.log import AuditLog
from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import AuditError

RECORD_FOLDER: Path = log.RECORD_FOLDER
"""Where; tests put another folder here."""

_OWNER_ONLY = 0o700


def record(event: str, **details: str | int) -> None:
    """Add one entry to the audit log, and wait until it is on the disk.

    Call it before what it announces is done.

    Args:
        event: What happens: a lower-case word such as ``diagnosis_began``.
        details: About it; names are lower-case words, texts are cut at 120 characters. Never a
            plate, a token or a key.

    Raises:
        AuditError: It cannot be written; then what it announces must not be done.
    """
    try:
        # The first program that records anything on a booth may come before any unit made it.
        RECORD_FOLDER.mkdir(mode=_OWNER_ONLY, exist_ok=True)
    except OSError as error:
        raise AuditError(
            f"{RECORD_FOLDER}: cannot be made ({error.strerror}); run this on a booth, as root"
        ) from error
    AuditLog(RECORD_FOLDER, SystemClock()).append(event, **details)
