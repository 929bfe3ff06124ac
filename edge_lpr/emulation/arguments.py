"""What the command line of ``edge-lpr emulate`` says."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_lpr.emulation.boards import BOARDS

_EPILOG = (
    "Everything is real but the camera and the key custodian, who approves whatever asks. The keys "
    "are test keys, and every sighting says so. docs/emulated-booth.md tells more."
)


@dataclass(frozen=True, slots=True)
class EmulateOptions:
    """Everything that the command line decides."""

    image: Path
    """What ``scripts/build_image`` made."""
    board: str
    """A key of ``BOARDS``."""
    lane: Path | None
    """A video file; ``None`` for a rendered lane."""
    folder: Path | None
    """Where card, authority and logs go, and stay; ``None`` for a temporary one."""
    sightings: int
    """How many sightings to wait for; 0 goes on until Ctrl-C."""
    has_tpm: bool
    """Give the board a TPM in software."""
    has_console: bool
    """Show the booth's serial console instead of sightings."""


def parse_arguments(arguments: Sequence[str]) -> EmulateOptions:
    """Read the command line; ends the program with a sentence where it makes no sense.

    Args:
        arguments: The words after ``edge-lpr emulate``.

    Returns:
        What to do.
    """
    parser = argparse.ArgumentParser(
        prog="edge-lpr emulate",
        description="Boot a booth's image in QEMU, enrol it, and show what it says.",
        epilog=_EPILOG,
    )
    parser.add_argument("image", type=Path, metavar="IMAGE", help="*.img of scripts/build_image")
    parser.add_argument("--board", choices=tuple(BOARDS), help="default: from the image's name")
    parser.add_argument(
        "--lane", type=Path, metavar="VIDEO", help="what its camera sees; default: a rendered lane"
    )
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="keep card, authority and logs here"
    )
    parser.add_argument(
        "--sightings", type=int, default=0, metavar="N", help="end after N; default: Ctrl-C"
    )
    parser.add_argument(
        "--tpm", action="store_true", help="a board with a TPM, in software; needs swtpm"
    )
    parser.add_argument(
        "--console", action="store_true", help="show the booth's console, not its sightings"
    )
    chosen = parser.parse_args(arguments)
    board = chosen.board or next((name for name in BOARDS if name in chosen.image.name), None)
    if board is None:
        parser.error(f"the image's name does not say its board; --board {', '.join(BOARDS)}")
    if chosen.sightings < 0:
        parser.error("--sightings must be 0 or more")
    return EmulateOptions(
        image=chosen.image,
        board=board,
        lane=chosen.lane,
        folder=chosen.folder,
        sightings=chosen.sightings,
        has_tpm=chosen.tpm,
        has_console=chosen.console,
    )
