"""What sshd runs for a technician: it hands his request and his three streams through the door.

It has no right of its own, decides nothing, and starts nothing: what it was asked for is judged on
the other side (``door.py``), by a process that it cannot reach into.
"""

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import HandoffError

DOOR: Final = Path("/run/edge-lpr/technician.sock")
"""Where the door listens (``systemd/edge-lpr-technician.socket``)."""

MAXIMUM_COMMAND_CHARACTERS: Final = 200
"""Longer than any word: what is cut off here is refused there."""

_MAXIMUM_EXPOSED_BYTES: Final = 8192
_MAXIMUM_ANSWER_BYTES: Final = 16
_STREAMS: Final = (0, 1, 2)
_PUBLIC_KEY: Final = "publickey "


def request_of(environment: Mapping[str, str]) -> bytes:
    """Return what sshd says about this login, as the door takes it.

    Args:
        environment: Of this process, as sshd has made it.

    Raises:
        HandoffError: sshd has not said how the technician showed who he is.
    """
    return json.dumps(
        {
            "command": environment.get("SSH_ORIGINAL_COMMAND", "")[:MAXIMUM_COMMAND_CHARACTERS],
            "address": environment.get("SSH_CONNECTION", "").partition(" ")[0],
            "certificate": _certificate(environment.get("SSH_USER_AUTH", "")),
        }
    ).encode("ascii")


def ask(request: bytes, door: Path = DOOR) -> int:
    """Hand a request and the standard streams over, and wait for its end.

    Args:
        request: As ``request_of`` makes it.
        door: Where the door listens.

    Returns:
        Exit status of what was run.

    Raises:
        HandoffError: Nobody is behind the door, or it gave no answer.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as end:
            end.connect(str(door))
            socket.send_fds(end, [request], list(_STREAMS))
            answer = end.recv(_MAXIMUM_ANSWER_BYTES)
    except OSError as error:
        raise HandoffError(
            f"{door}: {error.strerror}; see systemctl status edge-lpr-technician.socket"
        ) from error
    if not answer.isdigit():
        raise HandoffError("was ended before its end; journalctl -u 'edge-lpr-technician@*'")
    return int(answer)


def _certificate(exposed_file: str) -> str:
    """Return the certificate in the file that sshd writes for this login (ExposeAuthInfo)."""
    try:
        descriptor = os.open(exposed_file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, encoding="ascii") as file:
            lines = file.read(_MAXIMUM_EXPOSED_BYTES).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise HandoffError("sshd does not say who logged in; see ExposeAuthInfo") from error
    certificates = [line for line in lines if line.startswith(_PUBLIC_KEY)]
    return certificates[-1].removeprefix(_PUBLIC_KEY) if certificates else ""
