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


_THIN_CABLE: Final = ("rate", "24kbit", "burst", "2kb", "latency", "3s")
"""Less than a telephone line; a sighting with everything around it has 6 kbit."""


class NamespaceError(Exception):
    """This machine lets nobody make a namespace; the message says why."""


class Namespace:
    """A machine behind a cable; ours has ``address``, that one ``far_address``."""

    def __init__(self) -> None:
        """Think of names; nothing is made yet."""
        number = os.getpid() % 10_000
        self.name = f"edge-lpr-{number}"
        self._cable = f"lpr{number}a"
        # Named as a wired port is; the booth's firewall asks.
        self._far_end = f"en{number}b"
        network = f"10.{200 + number // 256 % 50}.{number % 256}"
        self.address = f"{network}.1"
        self.far_address = f"{network}.2"
        self.command_prefix = (_program("ip"), "netns", "exec", self.name)

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
            self._run(*inside, "addr", "add", f"{self.far_address}/24", "dev", self._far_end)
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

    def speak_ipv6(self) -> str:
        """Give both sides an address of IPv6 besides; return that of the far side."""
        near, far = "fd00:9::1", "fd00:9::2"
        # Without asking first whether somebody has it, which takes a second.
        self._run("addr", "add", f"{near}/64", "dev", self._cable, "nodad")
        self._run("-n", self.name, "addr", "add", f"{far}/64", "dev", self._far_end, "nodad")
        return far

    def rename_cable(self, name: str) -> None:
        """Give the far side's port another name, as if it were another kind of port."""
        inside = ("-n", self.name)
        self._run(*inside, "link", "set", self._far_end, "down")
        self._run(*inside, "link", "set", self._far_end, "name", name)
        self._far_end = name
        self._run(*inside, "link", "set", name, "up")

    def throttle(self) -> None:
        """Let so little through from the far side that a queue forms there, and packets vanish."""
        self._shape("add", self._far_end, "root", "tbf", *_THIN_CABLE)

    def open_up(self) -> None:
        """Let everything through again."""
        self._shape("del", self._far_end, "root")

    def _shape(self, verb: str, device: str, *arguments: str) -> None:
        """Change how much passes a device inside the namespace."""
        command = [_program("tc"), "-n", self.name, "qdisc", verb, "dev", device, *arguments]
        _run(command)

    def _remove(self) -> None:
        """Remove the namespace; the cable goes with it."""
        for words in (("netns", "del", self.name), ("link", "del", self._cable)):
            subprocess.run([_program("ip"), *words], check=False, capture_output=True)

    def _run(self, *arguments: str) -> None:
        """Run one command of iproute2."""
        _run([_program("ip"), *arguments])


def _run(command: list[str]) -> None:
    """Run one command of iproute2."""
    finished = subprocess.run(command, check=False, capture_output=True, text=True)
    if finished.returncode:
        raise NamespaceError(f"{' '.join(command)}: {finished.stderr.strip()}")


def _program(name: str) -> str:
    """Return where one of iproute2's programs is."""
    program = shutil.which(name, path=_SEARCH_PATH)
    if program is None:
        raise NamespaceError(f"{name} is missing; install it with: apt-get install iproute2")
    return program
