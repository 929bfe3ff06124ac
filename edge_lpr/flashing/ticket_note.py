"""Takes a ticket from whatever the custodian sent: the code alone, or what the authority printed.

The code is random and says nothing. But ``edge-lpr authority ticket`` prints beside it for which
booth it is, and so the installer need not type that.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import InputRefusedError, InstallationError
from edge_lpr.installation.model import Installation
from edge_lpr.wire.ticket import read_ticket_code, ticket_code

_CODE: Final = re.compile(r"\b[0-9A-Za-z]{4}(?:[ -][0-9A-Za-z]{4}){6}\b")
_BOOTH: Final = re.compile(r"\bTicket for ([a-z0-9-]{1,32})/([a-z0-9-]{1,32})(?![a-z0-9-])")
_MAXIMUM_BYTES: Final = 4096


@dataclass(frozen=True, slots=True, repr=False)
class TicketNote:
    """A ticket, and for whom it is where the note says so. No ``repr``: the code is a secret."""

    code: str
    """Seven groups of four."""
    site: str | None
    """Where the booth will be."""
    device: str | None
    """What it will be called."""


def read_ticket_note(untrusted_text: str) -> TicketNote:
    """Return what a note says.

    Args:
        untrusted_text: Typed, pasted, or the content of a file.

    Raises:
        InstallationError: There is no ticket in it, or it is mistyped.
    """
    found = _CODE.search(untrusted_text)
    try:
        secret = read_ticket_code(found[0] if found else untrusted_text)
    except InputRefusedError as error:
        raise InstallationError(str(error)) from None
    booth = _BOOTH.search(untrusted_text)
    site, device = (booth[1], booth[2]) if booth else (None, None)
    return TicketNote(ticket_code(secret), site, device)


def require_same_booth(note: TicketNote | None, booth: Installation) -> None:
    """Refuse answers for another booth than the one that a note names.

    Args:
        note: The ticket, if there is one.
        booth: The answers.

    Raises:
        InstallationError: The authority would refuse this booth, once it stands at its pole.
    """
    if note is None or note.site is None:
        return
    if (note.site, note.device) != (booth.site, booth.device):
        raise InstallationError(
            f"the ticket is for {note.site}/{note.device}, but the answers are for "
            f"{booth.site}/{booth.device}; change them, or ask for another ticket"
        )


def ticket_from(words: str) -> TicketNote:
    """Return the ticket that an option names.

    Args:
        words: A code, or the path of a file with a note.

    Raises:
        InstallationError: There is no ticket in it, or the file cannot be read.
    """
    path = Path(words)
    try:
        with path.open("rb") as file:
            untrusted_text = file.read(_MAXIMUM_BYTES).decode("utf-8-sig", "replace")
    except FileNotFoundError:
        untrusted_text = words
    except OSError as error:
        raise InstallationError(f"{path}: cannot be read ({error.strerror})") from error
    return read_ticket_note(untrusted_text)
