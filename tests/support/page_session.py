"""Runs the commands of a documentation page as its reader would: one shell, one after another."""

import re
import secrets
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from typing_extensions import Self

_FENCE: Final = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATIENCE_S: Final = 300.0
"""A page takes half a minute on an idle machine; one that hangs must fail."""

_PROMPT: Final = "$ "
_HERE_DOCUMENT: Final = re.compile(r"<< (\w+)$")
_CHANGING: Final = re.compile(
    r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){4,6}"  # tickets and fingerprints
    r"|\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2})?"  # moments
    r"|(?<=authority )[\w-]{16}|(?<=fingerprint      )[\w-]{16}"  # the authority's key
)


@dataclass(frozen=True)
class PageCommand:
    """What the page has the reader type, and what it shows then."""

    text: str
    shown: tuple[str, ...]

    def without_what_changes(self) -> list[str]:
        """Return the lines shown, but for codes and moments."""
        return [masked(line) for line in self.shown if line]


def masked(line: str) -> str:
    """Return a line but for codes and moments."""
    return _CHANGING.sub("*", line)


def page_commands(section: str) -> Iterator[PageCommand]:
    """Yield the commands of a section in order."""
    for block in _FENCE.findall(section):
        lines = block.splitlines()
        while lines:
            typed = [lines.pop(0)]
            assert typed[0].startswith(_PROMPT), typed[0]
            here = _HERE_DOCUMENT.search(typed[0])
            while here is not None and typed[-1] != here[1]:
                typed.append(lines.pop(0))
            shown = []
            while lines and not lines[0].startswith(_PROMPT):
                shown.append(lines.pop(0))
            yield PageCommand("\n".join(typed).removeprefix(_PROMPT), tuple(shown))


class PageSession:
    """A shell in a folder."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Start it."""
        self._folder = folder
        self._log = (folder / "session.log").open("wb")
        self._shell = subprocess.Popen(
            ["/bin/bash", "--noprofile", "--norc"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._limit = threading.Timer(_PATIENCE_S, self._shell.kill)
        self._limit.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        """End what the shell has started, and the shell."""
        self._limit.cancel()
        if self._shell.poll() is None:
            self.run("kill $(jobs -p); wait")
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.close()
        self._shell.wait(timeout=20)
        self._shell.stdout.close()
        self._log.close()

    def run(self, command: str) -> str:
        """Type a command, and return what it printed."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        mark = f"mark-{secrets.token_hex(8)}"
        self._shell.stdin.write(f"{command}\necho {mark}\n")
        self._shell.stdin.flush()
        printed: list[str] = []
        for line in self._shell.stdout:
            if line.rstrip("\n").endswith(mark):
                return "".join([*printed, line.rstrip("\n").removesuffix(mark)])
            printed.append(line)
        message = f"the shell ended in the middle of: {command}"
        raise AssertionError(message)

    def start(self, command: str) -> subprocess.Popen[str]:
        """Run a command that does not end by itself beside the shell."""
        return subprocess.Popen(
            command.split(),
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
