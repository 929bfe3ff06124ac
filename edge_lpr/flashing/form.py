"""The installer's form: a few lines at a terminal, each with what Enter takes.

A bad answer is told and asked again; the others stay.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.errors import InstallationError
from edge_lpr.flashing.answers import installation_from
from edge_lpr.flashing.terminal import Terminal
from edge_lpr.flashing.ticket_note import TicketNote, read_ticket_note, require_same_booth
from edge_lpr.installation.model import Installation


@dataclass(frozen=True, slots=True)
class Question:
    """One line of the form."""

    key: str
    """Its key in ``installation.toml``."""
    label: str
    """What it is called."""
    default: str
    """What Enter takes; empty if there must be an answer, or if none is one."""
    help: str
    """What may be typed."""
    without: str = ""
    """What no answer means, where it is one."""


QUESTIONS: Final = (
    Question("site", "site", "", "the crossing, such as north-crossing: a to z, 0 to 9 and -"),
    Question("device", "device", "", "this booth, unique within the site, such as booth-1"),
    Question(
        "camera",
        "camera",
        "usb",
        "usb, usb:1 for the second one, csi, or rtsp://ADDRESS/PATH with the address in numbers",
    ),
    Question(
        "network",
        "network",
        "dhcp",
        "dhcp, or static ADDRESS/LENGTH GATEWAY NAME-SERVER; all else by file (docs/network.md)",
    ),
    Question(
        "time_server",
        "time server",
        "",
        "its address; a name needs a name server too. A board without a battery for its clock, "
        "such as a Raspberry Pi, needs one; - for none",
        without="none: the board's own clock keeps time",
    ),
)
"""In the order of asking; later ones are checked against earlier ones."""

_TICKET: Final = Question(
    "ticket",
    "ticket",
    "",
    "seven groups of four, from the key custodian; paste all that he sent",
    without="none yet: the booth waits for one",
)

_STAND_INS: Final = {"site": "site", "device": "device", "camera": "usb"}
"""Hold the place of what has not been asked yet, while an answer is checked."""


def ask_answers(terminal: Terminal, ticket: TicketNote | None) -> Installation:
    """Fill in the form with somebody.

    Args:
        terminal: Where he sits.
        ticket: The ticket, if it is known already.

    Returns:
        Answers that are allowed.

    Raises:
        InstallationError: Nobody answers.
    """
    terminal.say("Enter takes what stands in brackets; ? says what may be typed.")
    note = ticket or _ask_ticket(terminal)
    words = {_TICKET.key: note.code if note else ""}
    suggested = {"site": note.site, "device": note.device} if note else {}
    for question in QUESTIONS:
        default = suggested.get(question.key) or question.default
        words[question.key] = _ask_until_good(terminal, question, default, words)
    while True:
        while changed := _ask_what_to_change(terminal, words):
            if changed is _TICKET:
                note = _ask_ticket(terminal)
                words[_TICKET.key] = note.code if note else ""
            else:
                words[changed.key] = _ask_until_good(terminal, changed, words[changed.key], words)
        try:
            booth = installation_from(words, {})
            require_same_booth(note, booth)
        except InstallationError as error:
            # An answer was changed that a later one rests upon, or the ticket is another booth's.
            terminal.say(f"  {error}")
        else:
            return booth


def _ask_ticket(terminal: Terminal) -> TicketNote | None:
    """Return the ticket, or ``None`` if there is none yet."""
    while text := terminal.ask_note(f"{_TICKET.label}, typed or pasted [{_TICKET.without}]"):
        if text == "?":
            terminal.say(f"  {_TICKET.help}")
            continue
        try:
            return read_ticket_note(text)
        except InstallationError as error:
            terminal.say(f"  {error}")
    return None


def _ask_until_good(
    terminal: Terminal, question: Question, default: str, words: Mapping[str, str]
) -> str:
    """Return an answer that is allowed beside those before it."""
    while True:
        shown = f" [{default or question.without}]" if default or question.without else ""
        text = terminal.ask(f"{question.label}{shown}") or default
        if text == "?":
            terminal.say(f"  {question.help}")
            continue
        if text in ("", "-") and question.key not in _STAND_INS:
            return ""
        try:
            installation_from({**words, question.key: text}, _STAND_INS)
        except InstallationError as error:
            terminal.say(f"  {error}")
            continue
        if text:
            return text
        terminal.say(f"  {question.help}")


def _ask_what_to_change(terminal: Terminal, words: Mapping[str, str]) -> Question | None:
    """Show everything, and return what shall be asked again, or ``None`` if it is right."""
    terminal.say("")
    for question in QUESTIONS:
        terminal.say(f"  {question.label:<12}{words[question.key] or 'none'}")
    terminal.say(f"  {_TICKET.label:<12}{'on the card' if words[_TICKET.key] else _TICKET.without}")
    labels = {question.label: question for question in (*QUESTIONS, _TICKET)}
    while text := terminal.ask("right? Enter goes on; or the name of a line to change it"):
        if text in labels:
            return labels[text]
        terminal.say(f"  there are: {', '.join(labels)}")
    return None
