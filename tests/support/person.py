"""Somebody at a terminal, who reads before he types."""

import codecs
import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path


class Person:
    """Sits at a real terminal, reads what stands there, and types."""

    def __init__(self, command: list[str], folder: Path, patience_s: float = 30.0) -> None:
        self._patience_s = patience_s
        self._controller, terminal = pty.openpty()
        self._process = subprocess.Popen(
            command, stdin=terminal, stdout=terminal, stderr=terminal, cwd=folder
        )
        os.close(terminal)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.seen = ""
        self.typed_fields = 0

    def reads(self, pattern: str) -> None:
        """Wait until something new stands on the screen."""
        give_up_at = time.monotonic() + self._patience_s
        while not (found := re.search(pattern, self.seen)):
            assert time.monotonic() < give_up_at, self.seen
            if select.select([self._controller], [], [], 0.2)[0]:
                # A read may end within a character.
                self.seen += self._decoder.decode(os.read(self._controller, 65_536))
        self.seen = self.seen[found.end() :]

    def types(self, text: str) -> None:
        """Type a line; Enter alone is no field."""
        self.typed_fields += bool(text)
        os.write(self._controller, f"{text}\n".encode())

    def pastes(self, text: str) -> None:
        """Paste, which is a field too."""
        self.typed_fields += 1
        os.write(self._controller, f"{text}\n".encode())

    def leaves(self) -> int:
        """Return the exit status."""
        try:
            return self._process.wait(self._patience_s)
        finally:
            self._process.kill()
            self._process.wait()
            os.close(self._controller)
