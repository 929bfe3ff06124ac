"""A person at a terminal: shown lines, asked for lines."""

import select
import sys
from typing import Final, TextIO

from edge_lpr.core.errors import InstallationError
from edge_lpr.flashing.progress import Progress

_MAXIMUM_LINE: Final = 1024
_PASTED_WITHIN_S: Final = 0.05
"""Lines of one paste come together; a person needs longer for the next one."""


class Terminal:
    """Asks a person, a line at a time."""

    def __init__(self, source: TextIO | None = None, out: TextIO | None = None) -> None:
        """Use a terminal.

        Args:
            source: Where answers come from; standard input if left out.
            out: Where questions go; standard output if left out.
        """
        self._source = source or sys.stdin
        self.out = out or sys.stdout
        """Where everything is shown."""

    def say(self, text: str) -> None:
        """Show a line.

        Args:
            text: Without its line feed.
        """
        self.out.write(f"{text}\n")
        self.out.flush()

    def ask(self, question: str) -> str:
        """Return what the person types, without blanks around it.

        Args:
            question: Shown before the cursor.

        Raises:
            InstallationError: There is nobody, or he types without end.
        """
        self.out.write(f"{question}: ")
        self.out.flush()
        line = self._source.readline(_MAXIMUM_LINE)
        if not line.endswith("\n"):
            raise InstallationError("there was no answer, so nothing was written")
        return line.strip()

    def ask_note(self, question: str) -> str:
        """Return what the person types, or all lines of what he pastes.

        Args:
            question: Shown before the cursor.

        Raises:
            InstallationError: There is nobody, or he types without end.
        """
        lines = [self.ask(question)]
        # A terminal hands over one line at a time, so what is left of a paste is still there.
        while self._source.isatty() and select.select([self._source], [], [], _PASTED_WITHIN_S)[0]:
            lines.append(self._source.readline(_MAXIMUM_LINE))
        return "\n".join(lines)

    def progress(self, what: str, total_bytes: int) -> Progress:
        """Return what shows how far something long is.

        Args:
            what: What is being done, one word.
            total_bytes: How much there is to do.
        """
        return Progress(what, total_bytes, self.out)
