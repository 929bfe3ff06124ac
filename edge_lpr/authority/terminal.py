"""Asks the person at the terminal; a script may answer line by line on standard input instead."""

import getpass
import os
import sys
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import InputRefusedError, NotAllowedError
from edge_lpr.core.secret_file import read_secret_file

PIN_FILE_VARIABLE: Final = "EDGE_LPR_PIN_FILE"
"""Names a file, readable by its owner alone, with the token's PIN: for timers and services."""

_MAXIMUM_ANSWER: Final = 1024
_MAXIMUM_PIN_BYTES: Final = 256


def ask(question: str) -> str:
    """Return what the person types, without blanks around it.

    Args:
        question: Shown on standard error, so that a report on standard output stays clean.

    Raises:
        InputRefusedError: Nobody answers, or at endless length.
    """
    sys.stderr.write(f"{question}: ")
    sys.stderr.flush()
    line = sys.stdin.readline(_MAXIMUM_ANSWER + 1)
    return _checked(line)


def ask_secret(question: str) -> str:
    """Return what the person types, unseen.

    Args:
        question: What is asked for.

    Raises:
        InputRefusedError: Nobody answers, or at endless length.
    """
    if not sys.stdin.isatty():
        return ask(question)
    try:
        return _checked(getpass.getpass(f"{question}: ", sys.stderr) + "\n")
    except EOFError as error:
        raise InputRefusedError("there was no answer, so nothing was done") from error


def confirm(question: str, expected: str) -> None:
    """Go on only if the person types what is expected.

    Args:
        question: Says what will happen and what to type.
        expected: The answer that means yes.

    Raises:
        NotAllowedError: Anything else was typed; nothing was done.
    """
    if ask(question) != expected:
        raise NotAllowedError(f"not confirmed: {expected} was not typed, so nothing was done")


def ask_pin() -> str:
    """Return the token's PIN: from the file that the environment names, else asked.

    Raises:
        KeyFileError: The file is missing or readable by others.
        InputRefusedError: Nobody answers.
    """
    name = os.environ.get(PIN_FILE_VARIABLE)
    if not name:
        return ask_secret("PIN of the token")
    return read_secret_file(Path(name), _MAXIMUM_PIN_BYTES).decode("utf-8", "replace").strip()


def _checked(line: str) -> str:
    """Return an answer, or refuse none."""
    if not line.endswith("\n"):
        raise InputRefusedError("there was no answer, so nothing was done")
    return line.strip()
