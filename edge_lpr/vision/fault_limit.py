"""Lets single failures of an engine pass, and gives up when they do not stop."""

from types import TracebackType
from typing import Final

from edge_lpr.core.errors import CornerError, DetectorError, ReaderError
from edge_lpr.core.log import Log

FAILURES_IN_A_ROW: Final = 10
"""Then the engine will not recover by itself, and the service manager starts a fresh process."""


class FaultLimit:
    """Guard the work on one frame: ``with fault_limit: ...``.

    A failure of the engine is logged and swallowed, so that the next frame gets its chance,
    until ``FAILURES_IN_A_ROW`` frames have failed; that last failure passes through. Other
    exceptions always pass through.
    """

    def __init__(self, log: Log) -> None:
        """Start without a failure.

        Args:
            log: Where failures are written.
        """
        self._log = log
        self._failures = 0

    def __enter__(self) -> None:
        """Begin the work on a frame."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> bool:
        """Judge how it went; True swallows the failure."""
        if error is None:
            self._failures = 0
        if not isinstance(error, DetectorError | CornerError | ReaderError):
            return False
        self._log.failure(error)
        self._failures += 1
        return self._failures < FAILURES_IN_A_ROW
