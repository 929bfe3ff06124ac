"""What the command line of ``edge-lpr authority`` says; each task describes its own part."""

import argparse
from collections.abc import Sequence
from typing import Final, Protocol

from edge_lpr.authority.opening import SubParsers
from edge_lpr.authority.tasks import (
    approve,
    bundle,
    certify,
    certify_technician,
    decommission,
    destroy,
    enrol_file,
    initialise,
    issue,
    log,
    lookup,
    person,
    quota,
    refuse,
    requests,
    revoke,
    rotate,
    serve,
    status,
    ticket,
    watchlist,
)


class Task(Protocol):
    """A task module."""

    def add_parser(self, subparsers: SubParsers) -> None:
        """Add the task's parser, with ``run`` as its default."""
        ...


TASKS: Final[tuple[Task, ...]] = (
    initialise,
    status,
    bundle,
    ticket,
    requests,
    approve,
    refuse,
    serve,
    enrol_file,
    certify,
    certify_technician,
    revoke,
    issue,
    rotate,
    destroy,
    watchlist,
    lookup,
    quota,
    person,
    log,
    decommission,
)
"""In the order of the help."""


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; ends the program with a sentence where it makes no sense.

    Args:
        arguments: The words after ``edge-lpr authority``.

    Returns:
        The options, with ``task`` and the task's ``run``.
    """
    parser = argparse.ArgumentParser(
        prog="edge-lpr authority",
        description="Keep an agency's token keys: make, issue, and destroy them.",
        epilog="docs/authority.md shows the whole way, from nothing to a running authority.",
    )
    subparsers = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    for task in TASKS:
        task.add_parser(subparsers)
    return parser.parse_args(arguments)
