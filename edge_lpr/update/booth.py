"""The booth that this program runs on: its image, its loader, and what it remembers."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.update.backend import slots_of
from edge_lpr.update.records import UpdateRecords
from edge_lpr.update.running import RunningImage, read_running_image
from edge_lpr.update.slots import SlotSwitch

INSTALLATION_FILE: Final = Path("/etc/edge-lpr/installation.toml")
"""The installer's answers that are in force; of root alone."""


@dataclass(frozen=True, slots=True)
class Booth:
    """What every task begins with."""

    image: RunningImage
    """What runs."""
    slots: SlotSwitch
    """The board's loader."""
    records: UpdateRecords
    """On the state partition."""


def this_booth() -> Booth:
    """Return the booth that this program runs on.

    Raises:
        UpdateError: This is no booth's image.
    """
    image = read_running_image()
    return Booth(image, slots_of(image.board), UpdateRecords())


def say(text: str) -> None:
    """Tell whoever reads, at once.

    Args:
        text: One or more lines.
    """
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
