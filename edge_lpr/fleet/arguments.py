"""What the command line of ``edge-lpr fleet`` says."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import SettingsError
from edge_lpr.fleet.faults import FaultRates
from edge_lpr.subscriber.broker_url import BrokerUrl, parse_broker_url
from edge_lpr.wire.birth import Mode
from edge_lpr.wire.topics import NAME_PATTERN

MAXIMUM_BOOTHS: Final = 50_000
"""Numbers of booths have five digits."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which of the fleet's booths one process plays."""

    number: int
    """From 0."""
    of: int
    """In how many parts the fleet is divided."""

    def numbers(self, booths: int) -> range:
        """Return the numbers of this part's booths, from 1."""
        return range(self.number + 1, booths + 1, self.of)


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """Everything that the command line decides."""

    broker: BrokerUrl
    """Where the booths connect."""
    booths: int
    """How many there are in the whole fleet."""
    rate_hz: float
    """Sightings a second of the whole fleet."""
    sightings: int | None
    """Stop after this many; ``None`` for no such limit."""
    seconds: float | None
    """Stop after this time; ``None`` for no such limit."""
    seed: int
    """Keys, vehicles and faults follow from it."""
    tenant: str
    """Of all booths."""
    faults: FaultRates
    """What goes wrong."""
    hit_only: int | None
    """One booth in so many publishes hits alone; ``None`` for none."""
    health_s: float
    """Seconds between two health records of a booth."""
    keep: int
    """Sightings that each booth keeps to be asked for."""
    drain_s: float
    """Longest wait for the broker at the end."""
    linger_s: float
    """How long requests are answered after that."""
    certificates: Path | None
    """A laboratory's folder, for TLS."""
    consumers: Path | None
    """Who may ask for sightings."""
    authority: Path | None
    """Where the authority's public key goes."""
    truth: Path | None
    """Where the truth goes."""
    processes: int
    """How many processes share the booths."""
    part: Part | None
    """Play only these booths; ``None`` in the process that starts the others."""
    is_json: bool
    """Whether figures are printed as JSON lines."""
    is_list: bool
    """Whether only the booths' names are printed, for the broker's list."""

    def mode_of(self, number: int) -> Mode:
        """Return what a booth publishes.

        Args:
            number: Of the booth, from 1.
        """
        return "stream" if self.hit_only is None or number % self.hit_only else "hit-only"


def parse_arguments(arguments: Sequence[str]) -> FleetOptions:
    """Read the command line; ends the program with a sentence where it makes no sense.

    Args:
        arguments: The words after ``edge-lpr fleet``.

    Returns:
        The options.

    Raises:
        SettingsError: The broker's URL is none, or the faults make no sense.
    """
    chosen = _parser().parse_args(arguments)
    broker = parse_broker_url(chosen.broker)
    if broker.is_tls and chosen.certificates is None and not chosen.list:
        raise SettingsError(
            "mqtts:// needs --certificates: a folder that edge-lpr broker laboratory made; "
            "edge-lpr fleet --list says for whom"
        )
    return FleetOptions(
        broker=broker,
        booths=chosen.booths,
        rate_hz=chosen.rate,
        sightings=chosen.sightings,
        seconds=chosen.seconds,
        seed=chosen.seed,
        tenant=chosen.tenant,
        faults=FaultRates(
            drop=chosen.drop,
            lose=chosen.lose,
            delay=chosen.delay,
            duplicate=chosen.duplicate,
            reorder=chosen.reorder,
            reconnect_storms=chosen.reconnect_storm,
            restarts=chosen.restart,
        ),
        hit_only=chosen.hit_only,
        health_s=chosen.health,
        keep=chosen.keep,
        drain_s=chosen.drain,
        linger_s=chosen.linger,
        certificates=chosen.certificates,
        consumers=chosen.consumers,
        authority=chosen.authority,
        truth=chosen.truth,
        processes=min(chosen.processes, chosen.booths),
        part=chosen.part,
        is_json=chosen.json,
        is_list=chosen.list,
    )


def _parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="edge-lpr fleet",
        description="Virtual booths that speak the real contract, to try servers and brokers.",
        epilog="Everything that they sign says that it is a test. Ctrl-C ends in order.",
    )
    _add_fleet(parser)
    _add_faults(parser.add_argument_group("faults (a SHARE of 0.01 is one sighting in a hundred)"))
    _add_files(parser.add_argument_group("files"))
    _add_ends(parser.add_argument_group("beginning and end"))
    return parser


def _add_fleet(parser: argparse.ArgumentParser) -> None:
    """Add what the fleet is."""
    parser.add_argument(
        "--broker",
        default="mqtt://127.0.0.1",
        metavar="URL",
        help="mqtts://HOST[:PORT]; or mqtt://HOST[:PORT] on this machine, as if left out",
    )
    parser.add_argument("--booths", type=_booths, default=10, metavar="N", help="10 if left out")
    parser.add_argument(
        "--rate",
        type=_positive,
        default=5.0,
        metavar="R",
        help="sightings a second of all booths together; 5 if left out",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        help="keys, vehicles and faults follow from it; 1 if left out",
    )
    parser.add_argument("--tenant", type=_name, default="fleet", help="of all booths")
    parser.add_argument(
        "--hit-only",
        type=_count,
        metavar="N",
        help="one booth in N publishes hits alone: one passage in twenty, with an entry",
    )
    parser.add_argument(
        "--health", type=_positive, default=60.0, metavar="S", help="seconds between health records"
    )
    parser.add_argument(
        "--keep",
        type=_count,
        default=100_000,
        metavar="N",
        help="sightings that each booth keeps to be asked for; 100000 if left out",
    )


def _add_faults(group: "argparse._ArgumentGroup") -> None:
    """Add what goes wrong."""
    for name, help_text in (
        ("drop", "kept, and not sent until somebody asks"),
        ("lose", "not kept; a signed gap says so"),
        ("delay", "sent up to 30 s late"),
        ("duplicate", "sent twice"),
        ("reorder", "sent after the booth's next one"),
    ):
        group.add_argument(f"--{name}", type=float, default=0.0, metavar="SHARE", help=help_text)
    group.add_argument(
        "--reconnect-storm",
        type=float,
        default=0.0,
        metavar="N",
        help="times a minute that all connections are cut at once",
    )
    group.add_argument(
        "--restart",
        type=float,
        default=0.0,
        metavar="N",
        help="booths that begin a new boot, a minute",
    )


def _add_files(group: "argparse._ArgumentGroup") -> None:
    """Add what is read and written."""
    for name, help_text in (
        ("truth", "write down every signed sighting, as CSV; a single --part appends"),
        ("authority", "write the authority's public key, which consumers pin"),
        ("consumers", "existing file: who may ask for sightings, as in publisher.consumers_file"),
        ("certificates", "folder of edge-lpr broker laboratory, for mqtts://"),
    ):
        group.add_argument(f"--{name}", type=Path, metavar="PATH", help=help_text)


def _add_ends(group: "argparse._ArgumentGroup") -> None:
    """Add when it begins and ends, and in how many processes."""
    group.add_argument("--sightings", type=_count, metavar="N", help="stop after so many")
    group.add_argument("--seconds", type=_positive, metavar="S", help="stop after so long")
    group.add_argument(
        "--drain",
        type=float,
        default=60.0,
        metavar="S",
        help="longest wait at the end until the broker has taken everything; 60 if left out",
    )
    group.add_argument(
        "--linger",
        type=float,
        default=0.0,
        metavar="S",
        help="answer requests for so long after the last sighting",
    )
    group.add_argument(
        "--processes", type=_count, default=2, metavar="N", help="share the booths; 2 if left out"
    )
    group.add_argument(
        "--part", type=_part, metavar="K/N", help="play only the K-th of N parts, in this process"
    )
    group.add_argument("--json", action="store_true", help="figures as JSON lines")
    group.add_argument(
        "--list",
        action="store_true",
        help="print the booths as edge-lpr broker wants them, and do nothing else",
    )


def _booths(text: str) -> int:
    """Return a number of booths."""
    booths = _count(text)
    if booths > MAXIMUM_BOOTHS:
        raise argparse.ArgumentTypeError(f"at most {MAXIMUM_BOOTHS}")
    return booths


def _count(text: str) -> int:
    """Return a whole number that is at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _positive(text: str) -> float:
    """Return a number above 0."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return number


def _name(text: str) -> str:
    """Return a name that a topic can hold."""
    if NAME_PATTERN.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(f"must have the form {NAME_PATTERN.pattern}")
    return text


def _part(text: str) -> Part:
    """Return which part of how many."""
    number, _, of = text.partition("/")
    part = Part(int(number) - 1, int(of))
    if not 0 <= part.number < part.of:
        raise argparse.ArgumentTypeError("must be like 1/2, the first of two")
    return part
