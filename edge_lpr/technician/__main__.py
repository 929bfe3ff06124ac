"""``edge-lpr technician``: what sshd runs for whoever logs in at a booth.

The two options are for units; sshd gives none, and nothing that a technician types becomes one.
"""

import argparse
import os
import socket
import sys
from collections.abc import Sequence

from edge_lpr.audit.log import RECORD_FOLDER, AuditLog
from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import EdgeLprError
from edge_lpr.core.log import Log, start_logging
from edge_lpr.core.secret_file import write_secret_file
from edge_lpr.technician.asking import ask, request_of
from edge_lpr.technician.door import Door
from edge_lpr.technician.host_key import FINGERPRINT_FILE, HOST_KEY_FILE, ensure_host_key
from edge_lpr.technician.login_files import LOGIN_FOLDER

_FIRST_SOCKET = 3
"""Where systemd puts what it has accepted (sd_listen_fds)."""

_PUBLIC = 0o644


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask for what the technician typed, or be the door, or make the host key.

    Args:
        arguments: The words after ``edge-lpr technician``; those of the process if left out.

    Returns:
        Exit status of what was asked for; 1 if it could not be asked, 2 if it is refused.
    """
    parser = argparse.ArgumentParser(
        prog="edge-lpr technician",
        description="What a technician may do: sshd starts it, and the words come from there.",
        epilog="docs/technicians.md shows the way, from a certificate to a booth's answer.",
    )
    role = parser.add_mutually_exclusive_group()
    role.add_argument("--door", action="store_true", help="(unit) serve one request, as root")
    role.add_argument("--host-key", action="store_true", help="(unit) make the booth's SSH key")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.door:
            return _serve()
        if chosen.host_key:
            return _make_host_key()
        return ask(request_of(os.environ))
    except EdgeLprError as error:
        sys.stderr.write(f"edge-lpr technician: {error}\n")
        return 1


def _serve() -> int:
    """Serve the request that systemd has accepted."""
    start_logging()
    clock = SystemClock()
    door = Door(LOGIN_FOLDER, AuditLog(RECORD_FOLDER, clock), clock, Log("technician"))
    with socket.socket(fileno=_FIRST_SOCKET) as connection:
        door.serve(connection)
    return 0


def _make_host_key() -> int:
    """Make the host key unless there is one, and show its fingerprint."""
    fingerprint = ensure_host_key(HOST_KEY_FILE)
    write_secret_file(FINGERPRINT_FILE, f"{fingerprint}\n".encode("ascii"))
    FINGERPRINT_FILE.chmod(_PUBLIC)
    sys.stdout.write(f"SSH host key {fingerprint}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
