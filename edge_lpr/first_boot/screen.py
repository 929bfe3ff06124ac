"""Draws the steps as plain text of 80 columns, for a screen that nobody can log in at.

While something is missing it shows every step. Once all is well it stays calm: who the booth is,
that it works, when the last sighting was taken; nothing that tells how many have passed.
"""

import textwrap
from collections.abc import Sequence
from typing import Final

from edge_lpr.first_boot.facts import Facts
from edge_lpr.first_boot.steps import State, Step

COLUMNS: Final = 80
"""What every console has, and at 16 points can be read from two metres."""

_WORDS: Final[dict[State, str]] = {
    "done": "ok",
    "working": "...",
    "waiting": "WAITS",
    "failed": "FAILED",
}
_BEGIN: Final = " {number:>2} {name:<10}{word:<7}"
_INDENT: Final = len(_BEGIN.format(number=1, name="", word=""))


def draw(facts: Facts, steps: Sequence[Step]) -> str:
    """Return the screen.

    Args:
        facts: What was seen of the machine.
        steps: How far each step is.

    Returns:
        Lines of printable ASCII, at most ``COLUMNS`` wide, each ended by a line feed.
    """
    lines = _calm(facts, steps) if is_well(steps) else _busy(facts, steps)
    return "".join(f"{line[:COLUMNS].rstrip()}\n" for line in lines)


def is_well(steps: Sequence[Step]) -> bool:
    """Return whether nothing is missing.

    Args:
        steps: How far each step is.
    """
    return all(step.state == "done" for step in steps)


def _busy(facts: Facts, steps: Sequence[Step]) -> list[str]:
    """Return every step, and what the custodian compares."""
    name = facts.booth or "a booth without a name"
    lines = [f" {name}", f" edge-lpr {facts.version}", *_update(facts, " "), ""]
    for number, step in enumerate(steps, 1):
        begin = _BEGIN.format(number=number, name=step.name, word=_WORDS[step.state])
        lines += textwrap.wrap(
            step.sentence,
            COLUMNS,
            initial_indent=begin,
            subsequent_indent=" " * _INDENT,
            break_on_hyphens=False,
        ) or [begin]
    standing = facts.standing
    if standing is not None and standing.fingerprint and standing.stage != "enrolled":
        groups = [" ".join(group) for group in standing.fingerprint.split("-")]
        lines += [
            "",
            " FINGERPRINT, for the key custodian:",
            "",
            "    " + "     ".join(groups),
            "",
            f" authority: {standing.authority} - the same as on the custodian's note?",
        ]
    return [*lines, *_ssh_key(facts, " ")]


def _calm(facts: Facts, steps: Sequence[Step]) -> list[str]:
    """Return that all is well."""
    found = {step.name: step.sentence for step in steps}
    has_test_keys = "keys_for_tests" in facts.tokeniser.said
    return [
        "",
        f"   {facts.booth}",
        "",
        "   This booth works.",
        "   Test keys: what it sees is not for use." if has_test_keys else "",
        f"   {found['sighting']}",
        "",
        f"   {found['network']}",
        f"   edge-lpr {facts.version}",
        *_update(facts, "   "),
        *_ssh_key(facts, "   "),
    ]


def _ssh_key(facts: Facts, indent: str) -> list[str]:
    """Return what a technician compares at the first login, if anybody can log in."""
    return ["", f"{indent}SSH key {facts.ssh_key}"] if facts.ssh_key else []


def _update(facts: Facts, indent: str) -> list[str]:
    """Return how the last update went, if there was one."""
    return textwrap.wrap(
        facts.last_update, COLUMNS, initial_indent=indent, subsequent_indent=indent
    )
