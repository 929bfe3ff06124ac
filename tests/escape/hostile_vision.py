"""A vision program that was taken over: tries every way out, and says what came of each.

It runs in the place of the real one, in the real unit, and knows nothing but Python's standard
library. Its results go the way that vision's log goes: a line of JSON each on standard error.
"""

import json
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Final

from tests.escape import (
    attempts_devices,
    attempts_files,
    attempts_kernel,
    attempts_processes,
    attempts_readings,
    attempts_sockets,
)
from tests.escape.attempt import ATTEMPTS, AbsentError, Attempt, picture_of

MODULES: Final = (
    attempts_files,
    attempts_devices,
    attempts_processes,
    attempts_kernel,
    attempts_sockets,
    attempts_readings,
)
"""Where the attempts are; importing them enters them into the list."""

_PATIENCE_S: Final = 15
_MOST_CHARACTERS: Final = 120
_LINE_BYTES: Final = 1_500


def try_one(attempt: Attempt) -> dict[str, str]:
    """Try one way and say what was seen: ``reached``, ``refused`` or ``absent``, and how."""
    try:
        reached = attempt.run(picture_of(attempt.name))
    except AbsentError:
        return {"outcome": "absent", "seen": "nothing here to try it on"}
    except OSError as error:
        name = _name_of(error)
        return {"outcome": "refused", "seen": f"{name} {error.strerror or error}".strip()}
    if not reached:
        return {"outcome": "done", "seen": "the judge looks"}
    return {"outcome": "reached", "seen": reached}


def _name_of(error: OSError) -> str:
    """Return an error's short name, as in errno(3)."""
    import errno  # noqa: PLC0415 - only here

    return errno.errorcode.get(error.errno or 0, type(error).__name__)


def _in_child(attempt: Attempt) -> dict[str, str]:
    """Try one way in a process of its own: some end the process, or change it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_PATIENCE_S)
        try:
            outcome = try_one(attempt)
        except Exception as error:  # noqa: BLE001 - a fault of the suite must be seen, not lost
            outcome = {"outcome": "fault", "seen": f"{type(error).__name__}: {error}"}
        os.write(writing, json.dumps(outcome).encode())
        os._exit(0)
    os.close(writing)
    ended, status = 0, 0
    while not ended:
        # Some take as long as a watchdog waits.
        notify("WATCHDOG=1")
        time.sleep(0.01)
        ended, status = os.waitpid(child, os.WNOHANG)
    with os.fdopen(reading, "rb") as answer:
        said = answer.read()
    if said:
        outcome = json.loads(said)
        assert isinstance(outcome, dict)
        return outcome
    return {"outcome": "refused", "seen": signal.strsignal(os.WTERMSIG(status)) or "ended"}


class _Log:
    """Says results on standard error, several a line: a unit's log has a budget of lines."""

    def __init__(self) -> None:
        """Begin an empty line."""
        self._line: list[dict[str, str]] = []

    def say(self, name: str, outcome: dict[str, str]) -> None:
        """Add a result, and write the line if it is full."""
        self._line.append({"attempt": name, **outcome, "seen": outcome["seen"][:_MOST_CHARACTERS]})
        if len(json.dumps(self._line)) > _LINE_BYTES:
            self.write()

    def write(self) -> None:
        """Write the line, and begin another."""
        sys.stderr.write(json.dumps(self._line) + "\n")
        sys.stderr.flush()
        self._line = []


def notify(state: str) -> None:
    """Tell systemd how we are, as vision does."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client, suppress(OSError):
            client.sendto(state.encode(), address)


def main(only: list[str]) -> int:
    """Try all ways, or those named."""
    notify("READY=1")
    log = _Log()
    for name in only or list(ATTEMPTS):
        notify("WATCHDOG=1")
        attempt = ATTEMPTS[name]
        log.say(name, try_one(attempt) if attempt.in_main else _in_child(attempt))
    log.say("end", {"outcome": "end", "seen": ""})
    log.write()
    # The judge looks while we are still there, and once more when we are gone.
    for _ in range(4 * 3600):
        notify("WATCHDOG=1")
        time.sleep(0.25)
    return 0
