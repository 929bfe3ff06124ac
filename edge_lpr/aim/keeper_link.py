"""What page and keeper say to one another: one JSON object a packet, one answer a question."""

import json
import threading
from pathlib import Path
from typing import Any, Final, TypeAlias

from edge_lpr.core.errors import HandoffError, NeighbourAwayError
from edge_lpr.handoff.seqpacket import Connection, connect

Message: TypeAlias = dict[str, Any]
"""A question has ``ask``; an answer has what the question asks for."""

MAXIMUM_MESSAGE_BYTES: Final = 32_768
"""Sixteen lanes of 32 corners in numbers of four digits have half of it."""

ANSWER_S: Final = 570.0
"""More than the keeper's steps of a save may take together (``booths.py``), each of which has an
end of its own and says what went wrong; the browser waits longer still (``aim.js``)."""


def packed(message: Message) -> bytes:
    """Return a message as it crosses.

    Args:
        message: To be said.

    Raises:
        HandoffError: It is too long.
    """
    octets = json.dumps(message, separators=(",", ":")).encode("ascii")
    if len(octets) > MAXIMUM_MESSAGE_BYTES:
        raise HandoffError("a message between page and keeper is too long")
    return octets


def parsed(untrusted_message: bytes) -> Message:
    """Return what came across.

    Args:
        untrusted_message: At most ``MAXIMUM_MESSAGE_BYTES``.

    Raises:
        HandoffError: It is no JSON object.
    """
    try:
        message = json.loads(untrusted_message)
    except (ValueError, RecursionError) as error:
        raise HandoffError("a message between page and keeper is no JSON") from error
    if not isinstance(message, dict):
        raise HandoffError("a message between page and keeper is no object")
    return message


class KeeperLink:
    """The page's end; several threads may ask, one after the other."""

    def __init__(self, socket_path: Path) -> None:
        """Connect.

        Args:
            socket_path: Where the keeper listens.

        Raises:
            NeighbourAwayError: No session is open.
        """
        self._connection: Connection = connect(socket_path)
        self._lock = threading.Lock()

    def ask(self, question: str, **details: object) -> Message:
        """Ask, and wait for the answer.

        Args:
            question: What for.
            details: About it.

        Raises:
            NeighbourAwayError: The session is over.
            HandoffError: Question or answer is malformed.
        """
        with self._lock:
            self._connection.send(packed({"ask": question, **details}))
            answer = self._connection.receive(MAXIMUM_MESSAGE_BYTES, timeout_s=ANSWER_S)
        if answer is None:
            raise NeighbourAwayError("the keeper does not answer; begin a new session")
        return parsed(answer)

    def close(self) -> None:
        """Ask no more."""
        self._connection.close()
