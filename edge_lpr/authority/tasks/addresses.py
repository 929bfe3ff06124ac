"""Names with their IP addresses on the command line, for ``init`` and ``bundle``."""

import argparse
from collections.abc import Sequence


def add_addresses(parser: argparse.ArgumentParser) -> None:
    """Add the option that gives a name an address.

    Args:
        parser: Of the task.
    """
    parser.add_argument(
        "--address",
        action="append",
        type=_named,
        metavar="NAME=ADDRESS",
        help="IP address of the broker, the enrolment service, time or updates, so that booths "
        "need no name server; may stand several times",
    )


def addresses_of(
    named: Sequence[tuple[str, str]] | None,
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return addresses by name, in the order of the command line.

    Args:
        named: What ``--address`` has collected; ``None`` for nothing.
    """
    by_name: dict[str, tuple[str, ...]] = {}
    for name, address in named or ():
        by_name[name] = (*by_name.get(name, ()), address)
    return tuple(by_name.items())


def _named(text: str) -> tuple[str, str]:
    """Return name and address; whether they can be ones is the bundle's to say."""
    name, equals, address = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError("write NAME=ADDRESS, such as broker.example=192.0.2.7")
    return name, address
