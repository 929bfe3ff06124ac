"""What the command line of ``edge-lpr ingest`` says."""

import argparse
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.subscriber.arguments import add_broker_arguments, broker_keywords
from edge_lpr.subscriber.options import SubscriberOptions

_EPILOG: Final = "docs/ingest.md shows the whole way: database, workers, hits, metrics, restore."
_NAME: Final = re.compile(r"[0-9A-Za-z_-]{1,32}")


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """Everything that the command line decides."""

    subscriber: SubscriberOptions
    """Broker, pinned key, TLS files, watch-list; its ``name`` is the worker's client identifier,
    where the broker does not take it from the certificate."""
    group: str
    """Workers of one group share the sightings."""
    database: str | None
    """How to reach PostgreSQL, without a password."""
    sqlite: Path | None
    """A SQLite file instead."""
    retention_days: int
    """Days that sightings are kept."""
    batch: int
    """Most messages of a batch."""
    away_s: int
    """How long the broker keeps this worker's place while it is away."""
    metrics_port: int | None
    """Where Prometheus asks, on 127.0.0.1."""
    webhook: str | None
    """Where hits are posted."""
    webhook_secret: Path | None
    """What they are signed with."""
    log_level: str
    """Least important events that are logged."""


def parse_arguments(arguments: Sequence[str]) -> IngestOptions:
    """Read the command line; ends the program with a sentence where it makes no sense.

    Args:
        arguments: The words after ``edge-lpr ingest``.

    Returns:
        What to do.
    """
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if (chosen.webhook is None) != (chosen.webhook_secret is None):
        parser.error("--webhook and --webhook-secret belong together: give both or neither")
    subscriber = SubscriberOptions(
        **broker_keywords(chosen),
        name=f"ingest.{chosen.group}.{socket.gethostname()}.{chosen.worker}",
    )
    return IngestOptions(
        subscriber,
        group=chosen.group,
        database=chosen.database,
        sqlite=chosen.sqlite,
        retention_days=chosen.retention_days,
        batch=chosen.batch,
        away_s=chosen.away,
        metrics_port=chosen.metrics_port,
        webhook=chosen.webhook,
        webhook_secret=chosen.webhook_secret,
        log_level=chosen.log_level,
    )


def _parser() -> argparse.ArgumentParser:
    """Return what knows the options."""
    parser = argparse.ArgumentParser(
        prog="edge-lpr ingest",
        description="Stores verified sightings, each once; finds what is missing and asks for it. "
        "`edge-lpr ingest find --help` looks for stored sightings of a plate instead.",
        epilog=_EPILOG,
    )
    add_broker_arguments(parser)
    add_database_arguments(parser)
    parser.add_argument(
        "--retention-days",
        type=_between(1, 3650),
        default=30,
        metavar="R",
        help="sightings older than this are dropped, and refused; default 30",
    )
    parser.add_argument(
        "--group",
        type=_name,
        default="ingest",
        metavar="NAME",
        help="workers of one group share the sightings; default ingest",
    )
    parser.add_argument(
        "--worker",
        type=_name,
        default="1",
        metavar="NAME",
        help="name of this worker on this machine, which also needs a certificate of its own; "
        "default 1",
    )
    parser.add_argument(
        "--batch",
        type=_between(1, 1000),
        default=500,
        metavar="N",
        help="most messages committed at once; default 500",
    )
    parser.add_argument(
        "--away",
        type=_between(0, 604_800),
        default=3600,
        metavar="S",
        help="how long the broker keeps this worker's share while it is away; default 3600",
    )
    parser.add_argument(
        "--metrics-port",
        type=_between(1, 65_535),
        metavar="PORT",
        help="answer Prometheus on this port of 127.0.0.1; one for each worker",
    )
    parser.add_argument(
        "--webhook",
        metavar="URL",
        help="post hits there: by --watchlist, and by the lists of booths of hits alone",
    )
    parser.add_argument(
        "--webhook-secret", type=Path, metavar="FILE", help="what they are signed with"
    )
    parser.add_argument(
        "--log-level", choices=("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO"
    )
    return parser


def add_database_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says where the database is.

    Args:
        parser: Of ``edge-lpr ingest`` or of one of its other tasks.
    """
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument(
        "--database",
        metavar="DSN",
        help="PostgreSQL, as libpq takes it: 'host=db.example dbname=lpr user=ingest "
        "sslmode=verify-full'; the password comes from libpq's password file",
    )
    place.add_argument(
        "--sqlite", type=Path, metavar="FILE", help="SQLite file, for one booth and one worker"
    )


def _name(text: str) -> str:
    """Check a name that stands in a subscription or a client identifier."""
    if _NAME.fullmatch(text):
        return text
    raise argparse.ArgumentTypeError(f"must have the form {_NAME.pattern}")


def _between(least: int, most: int) -> Callable[[str], int]:
    """Return what reads a whole number between two others."""

    def read(text: str) -> int:
        if text.isascii() and text.isdecimal() and least <= int(text) <= most:
            return int(text)
        raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {most}")

    return read
