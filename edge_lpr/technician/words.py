"""What a technician may ask for: whole words, each with what it runs and for how long.

A command is one of these words and nothing else: no argument, no option, no shell. ``HELP`` is what
is run where nothing is asked for. ``diagnose --card`` is one word too.
"""

from dataclasses import dataclass
from typing import Final

_EDGE_LPR: Final = "/opt/edge-lpr/bin/edge-lpr"
_SYSTEMCTL: Final = "/usr/bin/systemctl"
_MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Word:
    """One thing that can be asked for."""

    name: str
    """As it is typed."""
    meaning: str
    """One line for people."""
    commands: tuple[tuple[str, ...], ...]
    """All are run, in this order, and the first that fails gives the exit status; none where this
    version does not have it yet."""
    limit_s: int
    """All of it is ended after so long."""
    takes_input: bool = False
    """Whether the technician's standard input is handed on."""


WORDS: Final[tuple[Word, ...]] = (
    Word(
        "status",
        "which version runs, and whether each process does",
        (
            (_EDGE_LPR, "--version"),
            (_EDGE_LPR, "update", "status"),
            (_EDGE_LPR, "diagnose", "--processes"),
        ),
        _MINUTE_S,
    ),
    Word(
        "diagnose",
        "what is wrong, what comes first, and what to do about it",
        # The second shows how far the enrolment is, and the fingerprint for the custodian.
        ((_EDGE_LPR, "diagnose"), (_EDGE_LPR, "progress", "--once")),
        2 * _MINUTE_S,
    ),
    Word(
        "diagnose --card",
        "show the printed test card to the camera: pass or fail",
        ((_EDGE_LPR, "diagnose", "--card"),),
        2 * _MINUTE_S,
    ),
    Word(
        "restart",
        "start vision, tokeniser and publisher again, if enrolled",
        # Before that the target is not active, and nothing is started that has no keys.
        (
            (_SYSTEMCTL, "--no-pager", "try-restart", "edge-lpr.target"),
            (_SYSTEMCTL, "is-active", "edge-lpr.target"),
        ),
        5 * _MINUTE_S,
    ),
    Word(
        "update",
        "install the next system: ssh ... update < FILE.raucb",
        ((_EDGE_LPR, "update", "install", "-"),),
        60 * _MINUTE_S,
        takes_input=True,
    ),
    Word(
        "aim",
        "a page to aim by: ssh -L 8470:127.0.0.1:8470 ... aim",
        ((_EDGE_LPR, "aim"),),
        # It ends by itself after half an hour, or after the save that was begun just before.
        43 * _MINUTE_S,
    ),
    Word(
        "export-bundle",
        "a signed report: ssh ... export-bundle > booth.bundle",
        ((_EDGE_LPR, "export-bundle"),),
        2 * _MINUTE_S,
    ),
    Word(
        "export-audit",
        "the audit log: ssh ... export-audit > booth.audit",
        ((_EDGE_LPR, "audit", "export", "-"),),
        # 96 MiB at most, and a cable may be slow.
        15 * _MINUTE_S,
    ),
    Word(
        "metrics",
        "numbers, if switched on: ssh ... metrics > booth.prom",
        ((_EDGE_LPR, "metrics"),),
        _MINUTE_S,
    ),
    Word("help", "this", (), _MINUTE_S),
)
"""In the order of the help."""

HELP: Final = WORDS[-1]

_BY_NAME: Final = {word.name: word for word in WORDS}


def word_of(untrusted_command: str) -> Word | None:
    """Return the word that a command is, byte for byte; none of them for anything else.

    Args:
        untrusted_command: What was typed after ``ssh technician@BOOTH``; empty for nothing.
    """
    return _BY_NAME.get(untrusted_command) if untrusted_command else HELP


def help_text() -> str:
    """Return what there is, for people."""
    lines = [f"  {word.name:<17}{word.meaning}" for word in WORDS]
    return "\n".join(("ssh technician@BOOTH WORD", *lines, "Every call is recorded.", ""))
