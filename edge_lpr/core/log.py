"""One-line JSON logs whose fields come from an allow-list.

A log outlives the process and is copied by people with other rights than ours, so it holds what
this file names and nothing else: no plate text, no token, no payload, no ``repr`` of an object.
Messages of libraries are dropped (their name and level stay), because nobody here vouches for
what a library prints.
"""

import datetime as dt
import json
import logging
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, TypeAlias

from edge_lpr.core.errors import EdgeLprError

FieldValue: TypeAlias = bool | int | float | str | Mapping[str, int]
"""What a field may hold: a number, a short word or counters by name."""

ALLOWED_FIELDS: Final = frozenset(
    {
        "address",
        "attempt",
        "boot",
        "bytes",
        "counters",
        "days",
        "detail",
        "duration_ms",
        "file",
        "frame_rate_hz",
        "height_px",
        "host",
        "kind",
        "lane",
        "person",
        "port",
        "reason",
        "rows",
        "seq",
        "serial",
        "thread",
        "version",
        "wait_s",
        "width_px",
        "word",
    }
)
"""Every field a log line can have besides ``at``, ``level``, ``process`` and ``event``."""

_MAXIMUM_TEXT_CHARACTERS: Final = 600
"""Longer words are cut: a log line must stay a line."""

_OWN_LOGGER: Final = "edge_lpr"


class Log:
    """Write events of one process."""

    def __init__(self, process_name: str) -> None:
        """Write under the name of a process.

        Args:
            process_name: ``vision``, ``tokeniser``, ``publisher`` and so on.
        """
        self._logger = logging.getLogger(f"{_OWN_LOGGER}.{process_name}")

    def debug(self, event: str, **fields: FieldValue) -> None:
        """Write an event that only matters while looking for a fault."""
        self._write(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: FieldValue) -> None:
        """Write an event of normal operation."""
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, **fields: FieldValue) -> None:
        """Write an event that somebody should look at some day."""
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, **fields: FieldValue) -> None:
        """Write an event that stops the process from doing its work."""
        self._write(logging.ERROR, event, fields)

    def failure(self, error: BaseException) -> None:
        """Write why the process, or one piece of its work, failed.

        The sentence of an ``EdgeLprError`` is written as it is; of any other exception only its
        type and place, since its message may quote what it choked on.

        Args:
            error: The exception as caught.
        """
        detail = str(error) if isinstance(error, EdgeLprError) else _place(error.__traceback__)
        self.error("failure", kind=type(error).__name__, detail=detail)

    def _write(self, level: int, event: str, fields: Mapping[str, FieldValue]) -> None:
        """Hand over to the standard library, fields apart from the message."""
        unknown = fields.keys() - ALLOWED_FIELDS
        if unknown:
            msg = f"log fields {sorted(unknown)} are not on the allow-list in core/log.py"
            raise ValueError(msg)
        self._logger.log(level, event, extra={"edge_lpr_fields": dict(fields)})


class _JsonFormatter(logging.Formatter):
    """Turn a record into one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; libraries' messages are left out."""
        at = dt.datetime.fromtimestamp(record.created, tz=dt.timezone.utc)
        line: dict[str, object] = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        if record.name.startswith(f"{_OWN_LOGGER}."):
            line["process"] = record.name.rpartition(".")[2]
            line["event"] = record.getMessage()
            line |= {
                name: value[:_MAXIMUM_TEXT_CHARACTERS] if isinstance(value, str) else value
                for name, value in getattr(record, "edge_lpr_fields", {}).items()
            }
        else:
            line["event"] = "library_message"
            line["library"] = record.name
        return json.dumps(line, separators=(",", ":"))


def start_logging(level_name: str = "INFO") -> None:
    """Send every log record of this process to standard error as JSON lines.

    Args:
        level_name: ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter())
    logging.basicConfig(level=level_name, handlers=[handler], force=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    sys.unraisablehook = _log_unraisable


def _log_uncaught(
    kind: type[BaseException], error: BaseException, place: TracebackType | None
) -> None:
    """Log what nobody caught, without its message: the default hook would print that."""
    del kind
    Log("process").failure(error.with_traceback(place))


def _log_uncaught_in_thread(fault: threading.ExceptHookArgs) -> None:
    """Log what a thread did not catch; ``None`` stands for an error that has no more memory."""
    if fault.exc_value is not None:
        _log_uncaught(fault.exc_type, fault.exc_value, fault.exc_traceback)


def _log_unraisable(fault: "sys.UnraisableHookArgs") -> None:
    """Log what nobody could have caught, such as a fault in a finalizer, and not its object."""
    if fault.exc_value is not None:
        Log("process").failure(fault.exc_value)


def _place(place: TracebackType | None) -> str:
    """Return where an exception came from, innermost last."""
    frames = traceback.extract_tb(place)[-4:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
