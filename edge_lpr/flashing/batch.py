"""Many booths from one table, and a report beside it from which an interrupted batch goes on.

The table (CSV) has a line for each booth, under a line with the names of columns, which are keys of
``installation.toml``. Everything in it is checked before the first card is written. The report
holds no ticket.
"""

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import InstallationError
from edge_lpr.flashing.answers import KEYS, installation_from
from edge_lpr.installation.model import Installation

_MAXIMUM_BYTES: Final = 1024 * 1024
_MAXIMUM_BOOTHS: Final = 2000
_REPORT_HEAD: Final = "site,device,state,at,target,image_sha256"


class CardState(Enum):
    """How far a booth's card has got; the last line of the report about it counts."""

    BEGUN = "begun"
    """It is being written; after an interruption it is not whole."""
    DONE = "done"
    """It was written and read back."""


def read_batch(path: Path, base: Mapping[str, object]) -> list[Installation]:
    """Return the answers of all booths of a table.

    Args:
        path: The table, as LibreOffice or Excel writes it: UTF-8, parted by commas or semicolons.
        base: Answers that hold for all, as read from ``installation.toml``.

    Returns:
        In the order of the table.

    Raises:
        InstallationError: The table cannot be read, or something in it is not allowed; the message
            names every line with a fault.
    """
    rows = list(_rows(path))
    if not 1 <= len(rows) <= _MAXIMUM_BOOTHS:
        raise InstallationError(f"{path}: must have 1 to {_MAXIMUM_BOOTHS} booths")
    booths: list[Installation] = []
    faults = []
    lines: dict[object, int] = {}
    for line, words in rows:
        try:
            booth = installation_from(words, base)
        except InstallationError as error:
            faults.append(f"line {line}: {error}")
            continue
        booths.append(booth)
        for what, value in (("booth", (booth.site, booth.device)), ("ticket", booth.ticket)):
            first = lines.setdefault((what, value), line) if value is not None else line
            if first != line:
                faults.append(f"line {line}: has the {what} of line {first}")
    if faults:
        raise InstallationError(f"{path}: " + "; ".join(faults))
    return booths


@dataclass(frozen=True, slots=True)
class Report:
    """Which cards of a batch are done: ``booths.report.csv`` beside ``booths.csv``."""

    path: Path
    """The report."""

    @classmethod
    def beside(cls, batch: Path) -> "Report":
        """Return the report of a table.

        Args:
            batch: The table.
        """
        return cls(batch.with_name(f"{batch.stem}.report.csv"))

    def states(self) -> dict[tuple[str, str], CardState]:
        """Return how far every booth in it has got, by site and device.

        Raises:
            InstallationError: It cannot be read.
        """
        if not self.path.exists():
            return {}
        known = {state.value: state for state in CardState}
        try:
            return {
                (words["site"], words["device"]): known[words["state"]]
                # A line that a power cut has torn before its state says nothing.
                for words in csv.DictReader(_lines(_text(self.path)))
                if words.get("state") in known
            }
        except (csv.Error, KeyError) as error:
            raise InstallationError(
                f"{self.path}: is no report of ours; move it away to begin the batch anew"
            ) from error

    def add(
        self, booth: Installation, state: CardState, *, at: str, target: Path, image_sha256: str
    ) -> None:
        """Add a line, and wait until it is on the disk.

        Args:
            booth: Whose card.
            state: How far it has got.
            at: UTC, for people.
            target: Where it was written.
            image_sha256: Checksum of the image.

        Raises:
            InstallationError: It cannot be written.
        """
        is_new = not self.path.exists()
        text = io.StringIO()
        if is_new:
            text.write(f"{_REPORT_HEAD}\n")
        csv.writer(text, lineterminator="\n").writerow(
            (booth.site, booth.device, state.value, at, target, image_sha256)
        )
        try:
            with self.path.open("a+b") as file:
                if file.seek(0, os.SEEK_END) and not _ends_a_line(file):
                    file.write(b"\n")
                file.write(text.getvalue().encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InstallationError(
                f"{self.path}: cannot be written ({error.strerror}); without it an interrupted "
                "batch could not go on"
            ) from error


def _ends_a_line(file: io.BufferedRandom) -> bool:
    """Return whether a file that is not empty ends with a line feed."""
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the number of each line that is not empty, and its words by column."""
    text = _text(path)
    head = text.partition("\n")[0]
    # Excel parts by semicolons where a comma parts whole numbers from the rest.
    delimiter = ";" if ";" in head else ","
    reader = csv.DictReader(_lines(text), delimiter=delimiter, restkey="", restval="")
    try:
        reader.fieldnames = _columns(path, reader.fieldnames or ())
        for row in reader:
            if row.get(""):
                raise InstallationError(
                    f"{path}: line {reader.line_num}: has more words than columns"
                )
            words = {key: text.strip() for key, text in row.items() if key}
            if any(words.values()):
                yield reader.line_num, words
    except csv.Error as error:
        raise InstallationError(f"{path}: line {reader.line_num}: is no CSV ({error})") from error


def _columns(path: Path, names: Sequence[str]) -> list[str]:
    """Return the names of a table's columns, each one of ours and there once."""
    columns = [name.strip() for name in names]
    unknown = [name for name in columns if name not in KEYS]
    if unknown or len(set(columns)) != len(columns):
        wrong = f" ({', '.join(repr(name[:32]) for name in unknown)})" if unknown else ""
        raise InstallationError(
            f"{path}: the first line must name columns, each once{wrong}; there are "
            f"{', '.join(KEYS)}"
        )
    return columns


def _lines(text: str) -> io.StringIO:
    """Return a text with the line ends of any system."""
    return io.StringIO(text, newline=None)


def _text(path: Path) -> str:
    """Return the content of a table."""
    try:
        with path.open("rb") as file:
            untrusted_bytes = file.read(_MAXIMUM_BYTES + 1)
        if len(untrusted_bytes) > _MAXIMUM_BYTES:
            raise InstallationError(f"{path}: longer than {_MAXIMUM_BYTES} bytes")
        return untrusted_bytes.decode("utf-8-sig")
    except OSError as error:
        raise InstallationError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InstallationError(f"{path}: is no UTF-8; save it again with that encoding") from error
