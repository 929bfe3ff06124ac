"""Runs the torch engine in a process of its own, and prints all that it tried to do outside.

``python -m tests.support.network_watch`` prints a JSON object: every attempt to reach a network or
to start a program, and every file opened for writing. Python's audit hooks see attempts that fail
too, so this says more than a missing network does.
"""

import contextlib
import json
import os
import socket
import sys

REACHING_OUT = (
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.sendto",
    "urllib.Request",
    "http.client.connect",
)
STARTING = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn")
WRITING = os.O_WRONLY | os.O_RDWR

reached: list[str] = []
started: list[str] = []
written: list[str] = []


def watch(event: str, arguments: tuple[object, ...]) -> None:
    """Note what an audit event tells."""
    if event in REACHING_OUT:
        reached.append(f"{event} {arguments[1:]}")
    elif event in STARTING:
        started.append(f"{event} {arguments[0]}")
    elif event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING:
        written.append(str(arguments[0]))


def main() -> None:
    """Detect and read with the stock libraries, and print what they did besides."""
    sys.addaudithook(watch)
    if sys.argv[1:] == ["--reach-out"]:
        # So that a test can tell that the watch is awake.
        with contextlib.suppress(OSError):
            socket.getaddrinfo("example.org", 443)
    else:
        run_the_engine()
    print(json.dumps({"reached": reached, "started": started, "written": written}))  # noqa: T201 - the result


def run_the_engine() -> None:
    """Load the torch engine and use both of its parts."""
    # Imported under watch.
    import numpy as np  # noqa: PLC0415

    from tests.support.engines import open_engine  # noqa: PLC0415

    engine = open_engine("torch")
    engine.detector.detect(np.full((360, 640, 3), 90, np.uint8))
    (reading,) = engine.reader.read([np.zeros((64, 192, 3), np.uint8)])
    reading.wipe()


if __name__ == "__main__":
    main()
