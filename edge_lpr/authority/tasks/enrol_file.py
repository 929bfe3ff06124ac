"""``edge-lpr authority enrol-file``: enrol or renew a booth that has no network to here."""

from pathlib import Path

from edge_lpr.authority.enrolment import EnrolmentDesk, EnrolmentState
from edge_lpr.authority.opening import Options, SubParsers, add_task, opened
from edge_lpr.certificates.certificate_authority import write_public
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import InputRefusedError, NotAllowedError, WireError
from edge_lpr.wire.enrolment import MAXIMUM_ENROLMENT_BYTES
from edge_lpr.wire.ticket import fingerprint


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(subparsers, "enrol-file", "take a booth's request from a file, and answer it")
    parser.add_argument(
        "request", type=Path, metavar="FILE", help="what edge-lpr enrol --request-file wrote"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write the answer there, once it is approved"
    )
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> str:
    """Take the request; write the answer if there is one."""
    untrusted_document = _read(options.request)
    with opened(options, clock) as authority:
        desk = EnrolmentDesk(authority)
        try:
            digest = desk.take_file(untrusted_document, f"file {options.request.name}")
        except WireError as error:
            raise InputRefusedError(f"{options.request}: {error}") from error
        standing = desk.standing(digest)
        if standing.state is EnrolmentState.REFUSED:
            raise NotAllowedError(f"this request was refused: {standing.reason}")
        if standing.answer is None:
            return (
                f"taken, fingerprint {fingerprint(untrusted_document)}: compare it with the "
                "booth's; then edge-lpr authority approve FINGERPRINT, and this again with --out"
            )
        if options.out is None:
            return "approved; write the answer with --out FILE"
        write_public(options.out, standing.answer)
    return f"{options.out}: bring it to the booth; there: edge-lpr enrol --answer-file FILE"


def _read(path: Path) -> bytes:
    """Return the file's content, bounded."""
    try:
        with path.open("rb") as file:
            untrusted_content = file.read(MAXIMUM_ENROLMENT_BYTES + 2)
    except OSError as error:
        raise InputRefusedError(f"{path}: cannot be read ({error.strerror})") from error
    return untrusted_content.rstrip(b"\r\n")
