"""``edge-lpr metrics``: how this booth is, as Prometheus reads it; and the two services for it."""

import argparse
import os
import select
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import EdgeLprError, SettingsError
from edge_lpr.core.log import Log, start_logging
from edge_lpr.core.notify import ServiceNotifier
from edge_lpr.core.service import forbid_core_dumps, stopping_on_signals
from edge_lpr.core.settings import DEFAULT_SETTINGS_FILE, load_settings
from edge_lpr.core.wake_up import WakeUp
from edge_lpr.diagnostics.diagnosis import Place, diagnose
from edge_lpr.metrics.collector import LOOK_EVERY_S, METRICS_FILE, Collector, model_digests
from edge_lpr.metrics.server import MAXIMUM_BYTES, PORT, MetricsServer

_FIRST_DESCRIPTOR: Final = 3
"""sd_listen_fds(3)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Show, collect or serve.

    Args:
        arguments: The words after ``edge-lpr metrics``; those of the process if left out.

    Returns:
        0, or 1 where there are none to show.
    """
    chosen = _parser().parse_args(sys.argv[1:] if arguments is None else arguments)
    if chosen.collect:
        return _collect(chosen)
    if chosen.serve:
        return _serve(chosen)
    return _show(chosen.file)


def _show(file: Path) -> int:
    """Print what whoever scrapes gets."""
    try:
        with file.open("rb") as opened:
            sys.stdout.write(opened.read(MAXIMUM_BYTES).decode())
    except OSError as error:
        sys.stderr.write(
            f"edge-lpr metrics: {file}: {error.strerror}. A booth has metrics only where its "
            "installation.toml says metrics = true, and only root reads them here; "
            "docs/metrics.md\n"
        )
        return 1
    return 0


def _collect(chosen: argparse.Namespace) -> int:
    """Look once a minute until told to stop."""
    forbid_core_dumps()
    start_logging("INFO")
    log, clock, notifier, wake_up = Log("metrics"), SystemClock(), ServiceNotifier(), WakeUp()
    folder = None
    with suppress(SettingsError):
        # Without settings there is little to tell, and the diagnosis says why.
        folder = load_settings(chosen.settings).vision.models_folder
    place = Place(chosen.root, chosen.settings)
    collector = Collector(
        lambda is_judging: diagnose(place, clock, judges_units=is_judging),
        clock,
        chosen.file,
        model_digests(folder, log),
    )
    with stopping_on_signals() as stop:
        stop.tell(wake_up.set)
        log.info("started")
        while not stop.event.is_set():
            try:
                collector.collect()
            except EdgeLprError as error:
                log.failure(error)
            notifier.ready()
            # Once a look: one that hangs starves the unit's watchdog.
            notifier.alive()
            select.select([wake_up], [], [], chosen.every)
            wake_up.clear()
    log.info("stopped")
    return 0


def _serve(chosen: argparse.Namespace) -> int:
    """Answer at the socket that the service manager has handed over, or at one of its own."""
    forbid_core_dumps()
    if os.environ.pop("LISTEN_PID", "") == str(os.getpid()):
        listening = socket.socket(fileno=_FIRST_DESCRIPTOR)
    else:
        listening = socket.create_server(("127.0.0.1", chosen.port))
    server = MetricsServer(listening, chosen.file, SystemClock())
    with stopping_on_signals() as stop, server:
        # Not in a signal handler: it waits for the loop that it ends.
        stop.tell(lambda: threading.Thread(target=server.shutdown, daemon=True).start())
        server.serve_forever()
    return 0


def _parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="edge-lpr metrics",
        description="How this booth is, as Prometheus reads it: what stands at "
        f"http://127.0.0.1:{PORT}/metrics, where that is switched on. What a vehicle could change "
        "changes once an hour.",
        epilog="docs/metrics.md has every name, and rules for alerts.",
    )
    task = parser.add_mutually_exclusive_group()
    task.add_argument("--collect", action="store_true", help="(unit) ask once a minute, write it")
    task.add_argument("--serve", action="store_true", help="(unit) serve it over HTTP")
    parser.add_argument("--file", type=Path, default=METRICS_FILE, help="where it is written")
    parser.add_argument("--settings", type=Path, default=DEFAULT_SETTINGS_FILE, metavar="FILE")
    parser.add_argument("--root", type=Path, default=Path("/"), help="another machine's files")
    parser.add_argument(
        "--every", type=float, default=LOOK_EVERY_S, metavar="S", help="seconds between two looks"
    )
    parser.add_argument(
        "--port", type=int, default=PORT, metavar="N", help="of --serve without systemd"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
