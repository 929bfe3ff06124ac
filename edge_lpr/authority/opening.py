"""How every task opens the authority: the same arguments, and a journal of every call.

A task module has ``add_parser(subparsers)``, which sets ``run`` as its default, and
``run(options, clock)``, which returns the text to print, or an ``Outcome`` with an exit status.
"""

import argparse
import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.journal import Journal
from edge_lpr.authority.places import configuration_of, open_store, open_wrapping
from edge_lpr.authority.terminal import ask_pin
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import EdgeLprError

DEFAULT_FOLDER: Final = Path("/var/lib/edge-lpr-authority")
"""Where the authority is, if nobody says."""

FOLDER_VARIABLE: Final = "EDGE_LPR_AUTHORITY"
"""Names another folder, so that it need not be typed every time."""

SubParsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name
"""Where a task module adds its parser."""


class Outcome(NamedTuple):
    """What a task has to say, where success is not the only end."""

    text: str
    """To be printed."""
    exit_status: int
    """0 if all is well."""


def add_task(subparsers: SubParsers, name: str, help_text: str) -> argparse.ArgumentParser:
    """Add a task with the arguments that all share.

    Args:
        subparsers: Of the command line.
        name: The word that picks the task.
        help_text: One line.

    Returns:
        Its parser, for the task's own arguments.
    """
    parser = subparsers.add_parser(
        name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}."
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER),
        metavar="DIR",
        help=f"the authority's folder; {FOLDER_VARIABLE} or {DEFAULT_FOLDER} if left out",
    )
    parser.add_argument(
        "--wrapping",
        type=Path,
        metavar="DIR",
        help="where the folder of wrapping keys is, if not where authority.toml says",
    )
    return parser


@contextmanager
def opened(options: argparse.Namespace, clock: Clock) -> Iterator[Authority]:
    """Open the authority that the command line names, and journal the call and its refusal.

    Args:
        options: With ``folder``, ``wrapping`` and ``task``.
        clock: Tells the time.

    Yields:
        The authority, closed afterwards.
    """
    call = str(options.task)
    with opened_quietly(options, clock) as authority:
        authority.journal.record("call", task=call, by=caller())
        try:
            yield authority
        except EdgeLprError as error:
            authority.journal.record("refused", task=call, why=f"{type(error).__name__}: {error}")
            raise


@contextmanager
def opened_quietly(options: argparse.Namespace, clock: Clock) -> Iterator[Authority]:
    """Open the authority for a look that needs no journal: status and the journal itself."""
    with Authority.open(
        options.folder, ask_pin, clock, wrapping_folder=options.wrapping
    ) as authority:
        yield authority


@contextmanager
def opened_journal(options: argparse.Namespace, clock: Clock) -> Iterator[Journal]:
    """Open the journal alone, which outlives the authority's keys.

    Args:
        options: With ``folder`` and ``wrapping``.
        clock: Tells the time.

    Yields:
        The journal; its data base is closed afterwards.
    """
    configuration = configuration_of(options.folder, options.wrapping)
    with (
        closing(open_wrapping(configuration, ask_pin)) as wrapping,
        closing(open_store(options.folder)) as store,
    ):
        yield Journal(store, wrapping, clock)


def caller() -> str:
    """Return who runs this program, for the journal; advisory, since root may be anybody."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.geteuid())
    behind = os.environ.get("SUDO_USER")
    return f"{user} ({behind})" if behind else user


def say(text: str) -> None:
    """Tell the person at the terminal something at once, before the task is done."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


Options: TypeAlias = Any
"""An ``argparse.Namespace``, whose members have no types."""
