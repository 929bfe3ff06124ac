"""What the command line of ``edge-lpr flash`` says."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_EPILOG: Final = (
    "docs/flashing.md shows the whole way, from an empty card to a booth at work. Interrupted, run "
    "the same words again; a batch goes on where it stopped."
)


@dataclass(frozen=True, slots=True, repr=False)
class FlashOptions:
    """Everything that the command line decides. No ``repr``: it may hold a ticket."""

    deployment: Path
    """The custodian's bundle."""
    image: Path | None
    """The image; ``None`` for the only one that lies here."""
    to: Path | None
    """A disk, a file to be, or in a batch a folder; ``None`` asks."""
    answers: Path | None
    """Answers by file: of the one booth, or what holds for all of a batch."""
    batch: Path | None
    """Table of many booths."""
    ticket: str | None
    """A code, or a file with the custodian's note."""
    files_only: Path | None
    """Write the two files onto this card, or into this folder, and no image."""
    label: Path | None
    """Where the label goes: a file, in a batch a folder."""
    label_only: bool
    """Only the label."""
    device: str | None
    """``SITE/DEVICE`` of that label."""
    fingerprint: str | None
    """The booth's, on that label."""
    yes: str | None
    """Serial number of the disk that may be overwritten without asking."""


def parse_arguments(arguments: Sequence[str]) -> FlashOptions:
    """Read the command line; ends the program with a sentence where it makes no sense.

    Args:
        arguments: The words after ``edge-lpr flash``.

    Returns:
        What to do.
    """
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.label_only and (chosen.device is None or chosen.label is None):
        parser.error("--label-only needs --device SITE/DEVICE and --label FILE")
    if not chosen.label_only and (chosen.device or chosen.fingerprint):
        parser.error("--device and --fingerprint go with --label-only")
    if chosen.batch and chosen.ticket:
        parser.error("in a batch every booth has a ticket of its own: in the table, column ticket")
    if chosen.files_only and (chosen.to or chosen.image or chosen.batch):
        parser.error("--files-only writes no image; leave --to, --image and --batch out")
    if chosen.batch and not chosen.to:
        parser.error("--batch needs --to: a disk, card after card, or a folder")
    if chosen.yes and not chosen.to:
        parser.error("--yes needs --to")
    return FlashOptions(**vars(chosen))


def _parser() -> argparse.ArgumentParser:
    """Return what knows the options."""
    parser = argparse.ArgumentParser(
        prog="edge-lpr flash",
        description="Write a booth's card, with the installer's answers on it.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "--deployment",
        type=Path,
        required=True,
        metavar="FILE",
        help="deployment.lpr, from the key custodian",
    )
    parser.add_argument(
        "--image",
        type=Path,
        metavar="FILE",
        help="the image, raw or ending in .xz or .zst, with FILE.sha256 beside it; default: the "
        "only edge-lpr-*.img here or in build/",
    )
    parser.add_argument(
        "--to",
        type=Path,
        metavar="DEVICE|FILE",
        help="a card or NVMe such as /dev/sdb, or a file that is to be made; in a batch also a "
        "folder. Default: shows what there is, and asks",
    )
    parser.add_argument(
        "--answers",
        type=Path,
        metavar="FILE",
        help="an installation.toml instead of the form; in a batch, what holds for all booths",
    )
    parser.add_argument(
        "--batch", type=Path, metavar="CSV", help="a table with a line for each booth"
    )
    parser.add_argument(
        "--ticket", metavar="CODE|FILE", help="from the key custodian: the code, or a file with it"
    )
    parser.add_argument(
        "--label",
        type=Path,
        metavar="FILE",
        help="write the label as PDF, 62 mm wide; in a batch a folder",
    )
    parser.add_argument(
        "--files-only",
        type=Path,
        metavar="DEVICE|FOLDER",
        help="write only the two files, onto a card that was flashed before, or into its boot "
        "partition as it is mounted",
    )
    parser.add_argument(
        "--label-only", action="store_true", help="write only the label, once the booth is enrolled"
    )
    parser.add_argument("--device", metavar="SITE/DEVICE", help="whose label")
    parser.add_argument(
        "--fingerprint", metavar="CODE", help="the booth's, as it was approved; for its label"
    )
    parser.add_argument(
        "--yes",
        metavar="SERIAL",
        help="do not ask, if the disk of --to has this serial number",
    )
    return parser
