"""What may stand on a plate besides its text: separators, seals and stacked small characters.

A printed line is written as it looks, ``"HH*K 7431"`` or ``"2861[WC]"``; only A-Z and 0-9
outside brackets are the plate's text. Authorities do the same: a seal has no name, and American
labels leave small stacked prefixes out.
"""

import re
from typing import Final

CHARACTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
"""What a plate's text is made of."""

SEPARATORS: Final = {" ": 0.45, "-": 0.50, ".": 0.35, "~": 0.40}
"""Printed separators and their advance in letter heights; ``~`` is a dot at half height."""

SEAL: Final = "*"
"""Stands for a seal, a coat of arms or another small picture between groups."""

_STACK: Final = re.compile(r"\[[A-Z0-9]{1,5}\]")
"""Small characters one above the other, in brackets; they are not read."""

_MOST_LINES: Final = 2


def plate_text(printed: str) -> str:
    """Say what a reader should read.

    Args:
        printed: What is printed.

    Returns:
        Characters A-Z and 0-9 in reading order, without stacked ones.
    """
    return "".join(mark for mark in _STACK.sub("", printed) if mark in CHARACTERS)


def plain(printed: str) -> str:
    """Leave out seals and stacked characters, and set everything on one line.

    Args:
        printed: What is printed.

    Returns:
        Characters and separators alone.
    """
    return _STACK.sub("", printed).replace(SEAL, " ").replace("\n", " ").strip(" -.~")


def split_marks(line: str) -> list[str]:
    """Split a printed line into characters, separators, seals and whole stacks.

    Args:
        line: One printed line.

    Returns:
        Marks in order; a stack keeps its brackets.
    """
    return re.findall(r"\[[A-Z0-9]+\]|.", line)


def halves(line: str) -> tuple[str, str] | None:
    """Split a line at the separator or seal that is nearest to its middle.

    Args:
        line: One printed line.

    Returns:
        What is left and right of it; ``None`` where there is none between two characters.
    """
    marks = split_marks(line)
    gaps = [
        index
        for index in range(1, len(marks) - 1)
        if marks[index] in SEPARATORS or marks[index] == SEAL
    ]
    if not gaps:
        return None
    gap = min(gaps, key=lambda index: abs(2 * index + 1 - len(marks)))
    return "".join(marks[:gap]), "".join(marks[gap + 1 :])


def checked_lines(printed: str) -> list[str]:
    """Split what is printed into lines, refusing what no plate can show.

    Args:
        printed: One or two lines.

    Returns:
        The lines.

    Raises:
        ValueError: There are other characters, no characters, or more than two lines.
    """
    lines = printed.split("\n")
    allowed = set(CHARACTERS) | set(SEPARATORS) | {SEAL}
    if len(lines) > _MOST_LINES or not all(
        set(_STACK.sub("", line)) <= allowed and plate_text(line) for line in lines
    ):
        raise ValueError(
            "A plate is one or two lines of A-Z, 0-9, space, hyphen and dot, with seals (*) and "
            "stacked characters in brackets."
        )
    return lines
