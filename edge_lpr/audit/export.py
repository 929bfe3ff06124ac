"""The file that an auditor takes home: the log, who the booth is, and the newest checkpoint.

Lines of text, the same for the same log::

    edge-lpr audit 1
    certificate eyJ…            the authority's word for the booth's event key
    level 12                    a segment has two to the power of this many entries
    subtree 5f08…               hash of each segment that has left, the oldest first
    {"number":…                 entries, as they are in the log
    checkpoint                  and from here on the signed note, as it left the booth
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.audit.merkle import HASH_BYTES
from edge_lpr.audit.segments import Segments, Shape, locked
from edge_lpr.core.errors import AuditError
from edge_lpr.wire.checkpoint import MAXIMUM_CHECKPOINT_BYTES
from edge_lpr.wire.device_certificate import MAXIMUM_CERTIFICATE_BYTES

MAXIMUM_FILE_BYTES: Final = 268_435_456
"""256 MiB: more than a booth keeps."""

_HEAD: Final = b"edge-lpr audit 1"
_CERTIFICATE: Final = b"certificate "
_LEVEL: Final = re.compile(rb"level ([0-9]|1[0-9]|20)")
_SUBTREE: Final = b"subtree "
_CHECKPOINT: Final = b"checkpoint"


@dataclass(frozen=True, slots=True)
class Export:
    """What the file holds; nothing of it is checked."""

    certificate: bytes
    """The booth's certificate."""
    level: int
    """Of the subtrees: how many levels of nodes are below one."""
    subtrees: tuple[bytes, ...]
    """Hashes of what has left, 32 bytes each."""
    lines: tuple[bytes, ...]
    """Entries."""
    checkpoint: bytes
    """The newest one."""

    def parts(self) -> Iterator[bytes]:
        """Yield the file's content piece by piece: a year of entries is not copied for it."""
        yield _HEAD + b"\n"
        yield _CERTIFICATE + self.certificate + b"\n"
        yield b"level %d\n" % self.level
        for each in self.subtrees:
            yield _SUBTREE + each.hex().encode("ascii") + b"\n"
        for line in self.lines:
            yield line + b"\n"
        yield _CHECKPOINT + b"\n"
        yield self.checkpoint

    def content(self) -> bytes:
        """Return the file's content."""
        return b"".join(self.parts())


def collect(
    folder: Path, certificate: Path, checkpoint: Path, shape: Shape | None = None
) -> Export:
    """Return what a booth has to show.

    Args:
        folder: Of the log.
        certificate: File of the booth's certificate.
        checkpoint: File of the newest checkpoint.
        shape: For tests alone.

    Raises:
        AuditError: Something cannot be read.
    """
    shape = shape or Shape()
    segments = Segments(folder, shape)
    try:
        document = certificate.read_bytes().strip()
        note = checkpoint.read_bytes()
        with locked(folder):
            firsts = segments.firsts()
            lines = tuple(line for first in firsts for line in segments.lines_of(first))
            subtrees = segments.subtrees()
    except OSError as error:
        raise AuditError(
            f"{error.filename}: cannot be read ({error.strerror}); this is for the booth itself, "
            "as root or by `export-audit`; the tokeniser must run, and before the first five "
            "minutes are over there is no checkpoint"
        ) from error
    left = (firsts[0] - 1) >> shape.level if firsts else len(subtrees)
    return Export(document, shape.level, tuple(subtrees[:left]), lines, note)


def parse_export(untrusted_content: bytes) -> Export:
    """Take a file apart without believing it.

    Args:
        untrusted_content: Of any length.

    Returns:
        Its parts.

    Raises:
        AuditError: It is no such file.
    """
    if len(untrusted_content) > MAXIMUM_FILE_BYTES:
        raise AuditError(f"an audit file has at most {MAXIMUM_FILE_BYTES} bytes")
    before, separator, checkpoint = untrusted_content.partition(b"\n" + _CHECKPOINT + b"\n")
    lines = iter(before.split(b"\n"))
    head, certificate, level = next(lines, b""), next(lines, b""), next(lines, b"")
    found = _LEVEL.fullmatch(level)
    is_whole = head == _HEAD and certificate.startswith(_CERTIFICATE) and found is not None
    if not separator or not is_whole or found is None:
        raise AuditError("this is no audit file, or half of one; export it again")
    if (
        len(certificate) > len(_CERTIFICATE) + MAXIMUM_CERTIFICATE_BYTES
        or len(checkpoint) > MAXIMUM_CHECKPOINT_BYTES
    ):
        raise AuditError("the certificate or checkpoint of the audit file is too long")
    subtrees, entries = _subtrees_and_entries(lines)
    return Export(
        certificate.removeprefix(_CERTIFICATE), int(found[1]), subtrees, entries, checkpoint
    )


def _subtrees_and_entries(lines: Iterator[bytes]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return the hashes, which come first, and the entries behind them."""
    subtrees: list[bytes] = []
    entries: list[bytes] = []
    for line in lines:
        if not line.startswith(_SUBTREE):
            entries.append(line)
            continue
        text = line.removeprefix(_SUBTREE)
        if entries or not re.fullmatch(rb"[0-9a-f]{%d}" % (2 * HASH_BYTES), text):
            raise AuditError("a subtree of the audit file is none, or not where it belongs")
        subtrees.append(bytes.fromhex(text.decode("ascii")))
    return tuple(subtrees), tuple(entries)
