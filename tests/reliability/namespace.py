"""A network of two machines on one: a namespace, a cable to it, and the cable pulled.

Needs root and a kernel that allows it. Files and local sockets are shared with the namespace; only
the network is another one.
"""

import os
import shutil
import subprocess
from types import TracebackType
from typing import Final

from typing_extensions import Self

_SEARCH_PATH: Final = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


class NamespaceError(Exception):
    """This machine lets nobody make a namespace; the message says why."""


class Namespace:
    """A machine behind a cable; ours has ``address``."""

    def __init__(self) -> None:
        """Think of names; nothing is made yet."""
        number = os.getpid() % 10_000
        self.name = f"edge-lpr-{number}"
        self._cable = f"lpr{number}a"
        self._far_end = f"lpr{number}b"
        network = f"10.{200 + number // 256 % 50}.{number % 256}"
        self.address = f"{network}.1"
        self._far_address = f"{network}.2"
        self.command_prefix = (_ip(), "netns", "exec", self.name)

    def __enter__(self) -> Self:
        """Make the namespace and plug the cable in.

        Raises:
            NamespaceError: This machine does not allow it.
        """
        self._run("netns", "add", self.name)
        try:
            self._run("link", "add", self._cable, "type", "veth", "peer", "name", self._far_end)
            self._run("link", "set", self._far_end, "netns", self.name)
            self._run("addr", "add", f"{self.address}/24", "dev", self._cable)
            self._run("link", "set", self._cable, "up")
            inside = ("-n", self.name)
            self._run(*inside, "addr", "add", f"{self._far_address}/24", "dev", self._far_end)
            self._run(*inside, "link", "set", self._far_end, "up")
            self._run(*inside, "link", "set", "lo", "up")
        except NamespaceError:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        self._remove()

    def cut(self) -> None:
        """Pull the cable: packets vanish, and nobody is told."""
        self._run("link", "set", self._cable, "down")

    def mend(self) -> None:
        """Plug the cable in again."""
        self._run("link", "set", self._cable, "up")

    def _remove(self) -> None:
        """Remove the namespace; the cable goes with it."""
        subprocess.run([_ip(), "netns", "del", self.name], check=False, capture_output=True)
        subprocess.run([_ip(), "link", "del", self._cable], check=False, capture_output=True)

    def _run(self, *arguments: str) -> None:
        """Run one command of iproute2."""
        finished = subprocess.run([_ip(), *arguments], check=False, capture_output=True, text=True)
        if finished.returncode:
            raise NamespaceError(f"ip {' '.join(arguments)}: {finished.stderr.strip()}")


def _ip() -> str:
    """Return iproute2's program."""
    program = shutil.which("ip", path=_SEARCH_PATH)
    if program is None:
        raise NamespaceError("the program ip is missing; install it with: apt-get install iproute2")
    return program
