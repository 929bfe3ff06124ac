"""The publisher with a dependency that breaks: it blocks, for ever, once a file is there.

``python -m tests.support.hanging_publisher HOW THREAD FILE`` and then the publisher's own options.
HOW is ``politely``, waiting as for a disk that does not answer, or ``alone``, in C code that lets
no other thread of the process run.
"""

import ctypes
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from edge_lpr.publisher.__main__ import main
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.outbox_rows import StoredBirth


def wait_politely() -> None:
    """Wait for what never comes, and let others run meanwhile."""
    threading.Event().wait()


def wait_alone() -> None:
    """Wait for a signal while holding the interpreter's lock: ``PyDLL`` does not let go of it."""
    ctypes.PyDLL(None).pause()


WAYS: dict[str, Callable[[], None]] = {"politely": wait_politely, "alone": wait_alone}


def break_outbox(how: str, thread: str, flag: Path) -> None:
    """Let the outbox block the session's thread or the relay's."""
    good_look, good_insert = Outbox.latest_birth, Outbox.add_sighting

    def look(outbox: Outbox) -> StoredBirth | None:
        if thread == "session" and flag.exists():
            WAYS[how]()
        return good_look(outbox)

    def insert(outbox: Outbox, boot: str, seq: int, document: bytes) -> bool:
        if thread == "relay" and flag.exists():
            WAYS[how]()
        return good_insert(outbox, boot, seq, document)

    broken: dict[str, Callable[..., object]] = {"latest_birth": look, "add_sighting": insert}
    for name, method in broken.items():
        setattr(Outbox, name, method)


if __name__ == "__main__":
    break_outbox(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
    sys.exit(main(sys.argv[4:]))
