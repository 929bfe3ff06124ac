"""What the command line of ``edge-lpr subscribe`` says, and what it shares with other consumers."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edge_lpr.core.errors import KeyFileError
from edge_lpr.subscriber.key_files import DeploymentFile, read_deployment_file
from edge_lpr.subscriber.options import SubscriberOptions

_MAXIMUM_LANE: Final = 16

_EPILOG: Final = (
    "docs/server.md shows the whole way, from nothing to matched sightings. Example beside a demo "
    "that was started with --keep DIR: edge-lpr subscribe mqtt://127.0.0.1:PORT "
    "--authority DIR/keys/authority.pub"
)


@dataclass(frozen=True, slots=True)
class SubscribeOptions:
    """Everything that the command line decides."""

    subscriber: SubscriberOptions
    """Whom to believe and where to listen."""
    lane: int | None
    """Show only sightings of this lane."""
    only_hits: bool
    """Show only sightings that are on the watch-list, or on that of a booth of hits alone."""
    is_fleet: bool
    """Show the booths instead of what they say."""
    is_json: bool
    """JSON lines instead of a table."""
    seconds: float | None
    """End after this time."""


def add_broker_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every consumer has to be told: broker, pinned key, TLS files, which booths.

    Args:
        parser: Gets the arguments; ``broker_keywords`` reads them.
    """
    parser.add_argument(
        "broker",
        nargs="?",
        metavar="BROKER",
        help="mqtts://HOST[:PORT]; mqtt:// only for a broker on this machine; default: the "
        "bundle's",
    )
    trust = parser.add_mutually_exclusive_group(required=True)
    trust.add_argument(
        "--deployment",
        type=_deployment,
        metavar="FILE",
        help="deployment.lpr, which the key custodian gives you: broker, its authority, and the "
        "key that alone is trusted",
    )
    trust.add_argument(
        "--authority",
        type=Path,
        metavar="FILE",
        help="the authority's public key instead; only it is trusted",
    )
    for option, text in (
        ("--ca", "PEM certificates of the broker's authority; default: what this machine trusts"),
        ("--certificate", "PEM certificate of this consumer for the broker"),
        ("--key", "its private key, PEM without a password"),
        ("--request-key", "key that signs requests for what is missing (edge-lpr broker)"),
        (
            "--watchlist",
            "compiled watch-list, or the folder that the authority compiles its lists to",
        ),
    ):
        parser.add_argument(option, type=Path, metavar="FILE", help=text)
    for option, text in (
        ("--tenant", "only booths of this agency"),
        ("--site", "only booths of this crossing"),
        ("--device", "only booths of this name"),
    ):
        parser.add_argument(option, default="+", metavar="NAME", help=text)
    parser.add_argument(
        "--mqtt-version", choices=("5", "3.1.1"), default="5", help="what the broker speaks"
    )


def broker_keywords(chosen: argparse.Namespace) -> dict[str, Any]:
    """Return what ``add_broker_arguments`` has read, as arguments of ``SubscriberOptions``.

    Args:
        chosen: The parsed command line.
    """
    bundle: DeploymentFile | None = chosen.deployment
    return {
        # Without either, the URL's own reader says what is missing.
        "broker": chosen.broker or (bundle.broker_url if bundle else ""),
        "authority_key": bundle.deployment.authority if bundle else chosen.authority,
        "ca_file": chosen.ca or (bundle.path if bundle else None),
        "certificate_file": chosen.certificate,
        "key_file": chosen.key,
        "request_key_file": chosen.request_key,
        "watchlist": chosen.watchlist,
        "tenant": chosen.tenant,
        "site": chosen.site,
        "device": chosen.device,
        "mqtt_version": chosen.mqtt_version,
    }


def parse_arguments(arguments: Sequence[str]) -> SubscribeOptions:
    """Read the command line; ends the program with a sentence where it makes no sense.

    Args:
        arguments: The words after ``edge-lpr subscribe``.

    Returns:
        What to do.
    """
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.memory is not None and chosen.name is None:
        parser.error("--memory needs --name")
    # Whoever watches does not want what came while he was away; a program with a name does.
    place: dict[str, Any] = {
        "keeps_place": chosen.name is not None,
        "memory_file": chosen.memory,
    }
    if chosen.name is not None:
        place["name"] = chosen.name
    return SubscribeOptions(
        SubscriberOptions(**broker_keywords(chosen), **place),
        lane=chosen.lane,
        only_hits=chosen.hits,
        is_fleet=chosen.fleet,
        is_json=chosen.json,
        seconds=chosen.seconds,
    )


def _parser() -> argparse.ArgumentParser:
    """Return what knows the options."""
    parser = argparse.ArgumentParser(
        prog="edge-lpr subscribe",
        description="Shows what booths say: verified, each once, in order.",
        epilog=_EPILOG,
    )
    add_broker_arguments(parser)
    parser.add_argument("--lane", type=_lane, metavar="N", help="only sightings of this lane")
    parser.add_argument(
        "--hits",
        action="store_true",
        help="only what is on --watchlist, or on the own list of a booth that publishes hits alone",
    )
    parser.add_argument(
        "--fleet", action="store_true", help="the booths and how they are, instead of what they say"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--seconds", type=_positive, metavar="S", help="end after this time; default: Ctrl-C"
    )
    parser.add_argument(
        "--name",
        help="under this name the broker keeps what comes while this program is away, for a week; "
        "two programs must not share one",
    )
    parser.add_argument(
        "--memory",
        type=Path,
        metavar="FILE",
        help="keep in FILE which numbers came, so that a restart misses nothing and doubles little",
    )
    return parser


def _deployment(text: str) -> DeploymentFile:
    """Read a bundle."""
    try:
        return read_deployment_file(Path(text))
    except KeyFileError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _positive(text: str) -> float:
    """Check a time."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    # A comparison with NaN is never true.
    if seconds > 0:
        return seconds
    raise argparse.ArgumentTypeError("must be more than 0 seconds")


def _lane(text: str) -> int:
    """Check the number of a lane."""
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= _MAXIMUM_LANE:
        return int(text)
    raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {_MAXIMUM_LANE}")
