"""``edge-lpr audit``: what happened at a booth, for an auditor; and the service that records it."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from edge_lpr.audit.export import MAXIMUM_FILE_BYTES, Export, collect, parse_export
from edge_lpr.audit.kept_checkpoints import read_kept
from edge_lpr.audit.log import RECORD_FOLDER
from edge_lpr.audit.recorder import serve
from edge_lpr.audit.story import sentences, tell
from edge_lpr.audit.verify import verify
from edge_lpr.core.errors import AuditError, EdgeLprError, WireError
from edge_lpr.core.log import start_logging
from edge_lpr.core.service import forbid_core_dumps, stopping_on_signals
from edge_lpr.core.told_to_audit import CERTIFICATE_COPY, CHECKPOINT_COPY, TOLD_FOLDER
from edge_lpr.subscriber.key_files import read_authority_key
from edge_lpr.wire.checkpoint import MAXIMUM_CHECKPOINT_BYTES, parse_checkpoint
from edge_lpr.wire.device_certificate import decode_unverified_certificate
from edge_lpr.wire.topics import DeviceAddress

BROKEN: Final = 1
"""Exit status: a link does not hold, or it could not be done."""

WRONG_INPUT: Final = 2
"""Exit status: what was given is no checkpoint, so nothing was said about the booth."""

TO_LOOK_AT: Final = 3
"""Exit status: nothing is broken, but a link is open or something should be looked at."""

_MOST_LINE_ENDS: Final = 16
_TOKENISER_FOLDER: Final = Path("/var/lib/edge-lpr/tokeniser")
_CERTIFICATE: Final = "device-certificate"
_CHECKPOINT: Final = "checkpoint"


def main(arguments: Sequence[str] | None = None) -> int:
    """Export, verify, or record.

    Args:
        arguments: The words after ``edge-lpr audit``; those of the process if left out.

    Returns:
        0; 1 if a link is broken or it could not be done, 2 for wrong words or a file that is no
        checkpoint, 3 if something is to be looked at.
    """
    chosen = _parser().parse_args(arguments)
    try:
        status: int = chosen.run(chosen)
    except EdgeLprError as error:
        sys.stderr.write(f"edge-lpr audit: {error}\n")
        return BROKEN
    return status


def _parser() -> argparse.ArgumentParser:
    """Return what understands the command line."""
    parser = argparse.ArgumentParser(
        prog="edge-lpr audit",
        description="What happened at a booth, for an auditor. docs/audit.md shows the way.",
        epilog="Exit status of verify: 0 all holds, 1 a link is broken, 2 wrong words or files, "
        "3 something to look at.",
    )
    tasks = parser.add_subparsers(required=True, metavar="TASK")
    export = tasks.add_parser("export", help="on the booth, as root: write the file to take home")
    export.add_argument("file", type=Path, help="where to, replaced if it exists; - for the output")
    export.add_argument("--folder", type=Path, default=RECORD_FOLDER, help="of the log")
    export.add_argument(
        "--tokeniser",
        type=Path,
        help="folder of the booth's certificate and newest checkpoint, if not the usual ones",
    )
    export.set_defaults(run=_export)
    check = tasks.add_parser("verify", help="anywhere, offline: what ran, what it could and did")
    check.add_argument("file", type=Path, help="what export wrote")
    check.add_argument(
        "--authority", type=Path, help="the authority's public key, or the deployment bundle"
    )
    check.add_argument(
        "--checkpoint",
        type=Path,
        action="append",
        default=[],
        help="one that left the booth before, kept by a server; may be given often",
    )
    check.add_argument(
        "--checkpoints",
        action="append",
        default=[],
        metavar="STORE",
        help="all that a server kept: its SQLite file, PostgreSQL as `edge-lpr ingest` has it, or "
        "a file of `edge-lpr audit checkpoints`",
    )
    check.set_defaults(run=_verify)
    listed = tasks.add_parser("checkpoints", help="at the server: what its store has of a booth")
    listed.add_argument("booth", type=_booth, metavar="TENANT/SITE/DEVICE")
    listed.add_argument("store", metavar="STORE", help="as verify's --checkpoints")
    listed.set_defaults(run=_checkpoints)
    record = tasks.add_parser("record", help="(unit) record what happens, until told to stop")
    record.set_defaults(run=_record)
    return parser


def _export(chosen: argparse.Namespace) -> int:
    """Write the file."""
    export = collect(chosen.folder, *_proof(chosen.tokeniser))
    if str(chosen.file) == "-":
        sys.stdout.buffer.writelines(export.parts())
        return 0
    try:
        with chosen.file.open("wb") as file:
            file.writelines(export.parts())
    except OSError as error:
        raise AuditError(f"{chosen.file}: cannot be written ({error.strerror})") from error
    sys.stdout.write(f"{len(export.lines):,} entries in {chosen.file}\n")
    return 0


def _proof(tokeniser: Path | None) -> tuple[Path, Path]:
    """Return the files of certificate and checkpoint: the copies that a running tokeniser puts out.

    The unit of a technician's words cannot look into the folder of the originals, with the keys.
    """
    if tokeniser is None and not (TOLD_FOLDER / CERTIFICATE_COPY).exists():
        tokeniser = _TOKENISER_FOLDER if _TOKENISER_FOLDER.exists() else None
    if tokeniser is None:
        return TOLD_FOLDER / CERTIFICATE_COPY, TOLD_FOLDER / CHECKPOINT_COPY
    return tokeniser / _CERTIFICATE, tokeniser / _CHECKPOINT


def _verify(chosen: argparse.Namespace) -> int:
    """Say what holds and what the log tells."""
    authority = None if chosen.authority is None else read_authority_key(chosen.authority)
    try:
        outside = [_kept_checkpoint(path) for path in chosen.checkpoint]
    except AuditError as error:
        # A file of the auditor's own, so no finding about the booth.
        sys.stderr.write(f"edge-lpr audit: {error}\n")
        return WRONG_INPUT
    export = parse_export(_read(chosen.file, MAXIMUM_FILE_BYTES))
    by_server = _kept_by_servers(chosen.checkpoints, export)
    verified = verify(export, authority, outside, by_server)
    story = tell(verified.entries)
    lines: Iterator[str] = sentences(story, verified.entries, verified.loose)
    for link in verified.links:
        sys.stdout.write(f"{link.state.value:<7} {link.name}: {link.finding}\n")
    sys.stdout.writelines(f"{line}\n" for line in lines)
    if verified.is_broken:
        return BROKEN
    return TO_LOOK_AT if verified.is_open or story.flags else 0


def _kept_by_servers(places: Sequence[str], export: Export) -> list[bytes]:
    """Return what servers kept of the booth that a file says it is of."""
    if not places:
        return []
    try:
        address = decode_unverified_certificate(export.certificate).address
    except WireError as error:
        raise AuditError(f"the file names no booth to ask a server about ({error})") from error
    return [note for place in places for note in read_kept(place, address)]


def _checkpoints(chosen: argparse.Namespace) -> int:
    """Print what a server kept, a line each."""
    for note in read_kept(chosen.store, chosen.booth):
        line = {"event": "checkpoint", "note": note.decode("utf-8", "replace")}
        sys.stdout.write(f"{json.dumps(line, ensure_ascii=True)}\n")
    return 0


def _booth(text: str) -> DeviceAddress:
    """Return the booth that a word names."""
    try:
        return DeviceAddress(*text.split("/"))
    except (TypeError, WireError) as error:
        raise argparse.ArgumentTypeError("must be TENANT/SITE/DEVICE") from error


def _kept_checkpoint(path: Path) -> bytes:
    """Return a checkpoint that somebody kept, without what editors and shells do to line ends.

    Raises:
        AuditError: It cannot be read, or is none.
    """
    content = _read(path, MAXIMUM_CHECKPOINT_BYTES + _MOST_LINE_ENDS)
    note = content.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n"
    try:
        parse_checkpoint(note)
    except WireError as error:
        raise AuditError(
            f"{path}: is no checkpoint ({error}); each is the whole `note` of one line of "
            "`edge-lpr subscribe --json`: jq -r .note"
        ) from error
    return note


def _record(_chosen: argparse.Namespace) -> int:
    """Be the service."""
    start_logging()
    forbid_core_dumps()
    with stopping_on_signals() as stop:
        serve(stop)
    return 0


def _read(path: Path, maximum_bytes: int) -> bytes:
    """Return a file's content, bounded."""
    try:
        with path.open("rb") as file:
            content = file.read(maximum_bytes + 1)
    except OSError as error:
        raise AuditError(f"{path}: cannot be read ({error.strerror})") from error
    if len(content) > maximum_bytes:
        raise AuditError(f"{path}: has more than {maximum_bytes} bytes, so it is another file")
    return content


if __name__ == "__main__":
    sys.exit(main())
