"""``edge-lpr aim``: a page to point the camera and to draw the lanes, on this machine alone."""

import argparse
import datetime as dt
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge_lpr.aim.booths import HandBooth, HandPage, UnitBooth, UnitPage
from edge_lpr.aim.entry import SESSION_S
from edge_lpr.aim.keeper import Booth, Keeper
from edge_lpr.aim.keeper_link import KeeperLink
from edge_lpr.aim.page_server import PageServer
from edge_lpr.aim.session import (
    KEEPER_SOCKET,
    PAGE_USER,
    Page,
    closing_listener,
    gone_watcher,
    listening,
    run_session,
)
from edge_lpr.audit import record as audit
from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import EdgeLprError
from edge_lpr.core.service import forbid_core_dumps

PORT: Final = 8470
"""Of the loopback address; sshd lets a technician's connection lead to it and nowhere else."""

_FIRST_SOCKET: Final = 3
"""Where systemd puts the one on which it listens (sd_listen_fds)."""

_SETTINGS: Final = Path("/etc/edge-lpr/booth.toml")
_BACKLOG: Final = 8


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one session, or the page of one.

    Args:
        arguments: The words after ``edge-lpr aim``; those of the process if left out.

    Returns:
        0 at the end of a session; 1 if there could be none.
    """
    forbid_core_dumps()
    chosen = _parser().parse_args(arguments)
    try:
        if chosen.page is not None:
            return _serve_page(chosen.page, chosen.keeper or KEEPER_SOCKET)
        return _hold_session(chosen)
    except EdgeLprError as error:
        sys.stderr.write(f"edge-lpr aim: {error}\n")
        return 1


def _hold_session(chosen: argparse.Namespace) -> int:
    """Hold one session, under systemd or by hand."""
    booth: Booth = UnitBooth(chosen.settings)
    page: Page = UnitPage()
    keeper_socket, port = KEEPER_SOCKET, PORT
    user: str | None = PAGE_USER
    if chosen.by_hand is not None:
        keeper_socket, user, port = chosen.by_hand / "keeper.sock", None, chosen.port
        booth = HandBooth(chosen.settings, chosen.by_hand / "vision.sock", chosen.then)
        page = HandPage(port, keeper_socket)
        audit.RECORD_FOLDER = chosen.by_hand / "audit"
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopped.set())
    # The page's first question, which would end the session once the code is used.
    booth.lanes()
    # Nobody there any more is seen by the poll; a line that nobody reads must not end us before.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    with closing_listener(listening(keeper_socket, user)) as listener:
        keeper = Keeper(booth, audit.record, SystemClock(), 60 * chosen.minutes)
        reason = "failed"
        try:
            _tell(keeper, port)
            gone = gone_watcher(sys.stdout.fileno(), stopped.is_set)
            reason = run_session(keeper, page, listener, gone)
        finally:
            keeper.end(reason)
    _say(f"The session is over: {reason.replace('_', ' ')}.")
    return 0


def _tell(keeper: Keeper, port: int) -> None:
    """Tell the technician where to go."""
    until = dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=keeper.left_s())
    _say(
        f"Page   http://127.0.0.1:{port}/\n"
        f"Code   {keeper.code}\n"
        f"Until  {until:%H:%M} UTC; the code is good once, and five wrong ones end it.\n"
        "The page opens where you called from with: "
        f"ssh -L {port}:127.0.0.1:{port} technician@BOOTH aim\n"
        "Ctrl-C ends the session."
    )


def _say(text: str) -> None:
    """Say something to whoever is still there."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        return


def _serve_page(port: int, keeper_socket: Path) -> int:
    """Be the page: on systemd's socket, or on a port of this machine."""
    if port == 0:
        listening_socket = socket.socket(fileno=_FIRST_SOCKET)
    else:
        listening_socket = socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
    with PageServer(listening_socket, KeeperLink(keeper_socket)) as server:
        server.serve_forever()
    return 0


def _minutes(text: str) -> float:
    """Return how long a session lasts."""
    minutes = float(text)
    if not 0 < minutes <= SESSION_S / 60:
        raise ValueError
    return minutes


def _parser() -> argparse.ArgumentParser:
    """Return what knows the options."""
    parser = argparse.ArgumentParser(
        prog="edge-lpr aim",
        description="Point the camera and draw the lanes, on a page without a picture. Shows where "
        "the page is and the code that opens it, once; ends after half an hour. As root.",
        epilog="docs/aim.md shows the way from a laptop.",
    )
    parser.add_argument(
        "--settings", type=Path, default=_SETTINGS, metavar="FILE", help="default: the booth's"
    )
    parser.add_argument(
        "--minutes",
        type=_minutes,
        default=SESSION_S / 60,
        metavar="N",
        help=f"how long it lasts, {SESSION_S / 60:.0f} at most, which is the default",
    )
    parser.add_argument(
        "--by-hand",
        type=Path,
        metavar="DIR",
        help="for developers: no units, but processes started by hand, whose "
        "vision.diagnosis_socket is DIR/vision.sock; the audit goes to DIR/audit",
    )
    parser.add_argument(
        "--port", type=int, default=PORT, metavar="N", help=f"with --by-hand; default: {PORT}"
    )
    parser.add_argument(
        "--then", type=Path, metavar="PROGRAM", help="with --by-hand: starts them anew after a save"
    )
    parser.add_argument(
        "--page", type=int, metavar="N", help="(unit) be the page, on port N; 0: systemd's socket"
    )
    parser.add_argument("--keeper", type=Path, metavar="SOCKET", help="(unit) of --page")
    return parser


if __name__ == "__main__":
    sys.exit(main())
