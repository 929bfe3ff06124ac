"""Kills an enrolment before each single change of its files, and looks at what is left.

A program of its own, because it forks:
``python -m tests.support.enrolment_kills FOLDER WAY STRIDE``, with ``first``, ``again`` or
``renew`` for the way, and 1 for every change, 3 for every third. It prints how often it has
killed, and ends with an error where a booth was left with half an identity or did not go on.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.devices import DeviceState
from edge_lpr.authority.enrolment import EnrolmentDesk
from edge_lpr.core.errors import EnrolmentError
from edge_lpr.provisioning.service_link import Silence
from edge_lpr.tokens.key_ring import read_key_state
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.key_delivery import open_delivery
from tests.support.authority import Folders
from tests.support.clock import SetClock
from tests.support.enrolment import PLAN, DeskLink, TrialBooth, require_whole

HALF_TIME_S: Final = 16 * 86_400
_RENEWALS_APART_S: Final = 6 * 3600
_WRITING: Final = os.O_WRONLY | os.O_RDWR
_CHANGES: Final = frozenset(
    {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.chown", "os.chmod"}
)


def require_ready(booth: TrialBooth) -> None:
    """The identity is whole, and the tokeniser can take the first delivery."""
    require_whole(booth)
    key = TransportKey.from_octets(read_key_state(booth.files.key_ring).transport_key)
    (delivery,) = booth.files.incoming.glob("*.lprkeys")
    open_delivery(delivery.read_bytes(), booth.authority.deployment.authority, key)


def contents(booth: TrialBooth) -> list[bytes]:
    """Return the identity that the booth's processes see, whatever it is."""
    files = booth.files
    paths = (files.event_key, files.key_ring, files.certificate, files.tls_key, files.authority)
    return [path.read_bytes() if path.exists() else b"" for path in paths]


def kill_at(step: int, root: Path) -> Callable[[], int]:
    """Kill this process before its so many-eth change below a folder; return the count so far."""
    count = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        is_write = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING
        name = str(arguments[0])
        # A bare name is one in a folder that was opened before.
        is_below = name.startswith(str(root)) or not name.startswith("/")
        if (is_write or event in _CHANGES) and is_below:
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    return lambda: count


def approve(desk: EnrolmentDesk) -> None:
    """Approve what waits, in place of an earlier identity."""
    authority = desk._authority
    for row in authority.devices.all():
        if row.state is DeviceState.ACTIVE and desk.waiting():
            authority.devices.revoke(row.address)
    for request in desk.waiting():
        desk.approve(request.fingerprint)


class Way:
    """One way of changing an identity, tried from the same beginning again and again."""

    def __init__(self, folder: Path, way: str) -> None:
        """Prepare the beginning."""
        self._folders, self._way, self.root = Folders(folder), way, folder / "booth"
        self._clock = SetClock()
        with self._folders.create(self._clock, plan=PLAN) as authority:
            booth = self._booth(authority)
            if way != "first":
                self._enrol(booth, "--ticket", booth.ticket())
            self.before = contents(booth)
        self._beginning = folder / "beginning"
        shutil.copytree(self.root, self._beginning)
        if way == "renew":
            self._clock.advance_s(HALF_TIME_S)

    def in_child(self, work: Callable[[], None]) -> int:
        """Do something in a process of its own, and return its wait status."""
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - the child must not go on as a parent
                sys.stderr.write(f"{error!r}\n")
                os._exit(1)
            os._exit(0)
        return os.waitpid(child, 0)[1]

    def killed(self, step: int) -> bool:
        """Begin anew, kill before one change, and return whether there was such a change."""
        shutil.rmtree(self.root)
        shutil.copytree(self._beginning, self.root)
        if self._way == "renew":
            # Only so many renewals a day.
            self._clock.advance_s(_RENEWALS_APART_S)
        status = self.in_child(lambda: self._run(step))
        assert os.WIFSIGNALED(status) or status == 0, f"step {step}: it failed"
        return os.WIFSIGNALED(status)

    def require_sound(self) -> None:
        """Nothing has changed yet, or it goes on alone: without network, ticket and custodian."""
        with self._folders.open(self._clock) as authority:
            booth = self._booth(authority)
            is_decided = (booth.files.state / "asking" / "answer").exists()
            is_unchanged = contents(booth) == self.before
            if is_decided:
                booth.enrol(link=Silence("no network"))
            elif is_unchanged:
                self._finish(booth)
            if self._way != "renew":
                require_ready(booth)

    def _finish(self, booth: TrialBooth) -> None:
        """Run the same words again."""
        if self._way == "renew":
            self._enrol(booth, "--renew")
            return
        # The first request may have used its ticket, or may never have been kept.
        self._enrol(booth, *self._words(), "--ticket", booth.ticket())

    def _run(self, step: int) -> None:
        """Enrol, until killed."""
        with self._folders.open(self._clock) as authority:
            booth = self._booth(authority)
            words = self._words()
            if self._way != "renew":
                words = (*words, "--ticket", booth.ticket())
            kill_at(step, self.root)
            self._enrol(booth, *words)

    def _words(self) -> tuple[str, ...]:
        """Return what an installer types."""
        return {"first": (), "again": ("--again",), "renew": ("--renew",)}[self._way]

    def _enrol(self, booth: TrialBooth, *words: str) -> None:
        """Run the program with a custodian who approves."""
        link = DeskLink(EnrolmentDesk(booth.authority), booth.authority, approve)
        bundle = () if "--renew" in words else ("--deployment", str(booth.bundle))
        booth.enrol(*bundle, *words, link=link)

    def _booth(self, authority: Authority) -> TrialBooth:
        """Return the booth."""
        return TrialBooth(self.root, authority, self._clock)


def main(folder: str, name: str, stride: str) -> None:
    """Kill before the changes."""
    way = Way(Path(folder), name)
    kills, step = 0, 1
    while way.killed(step):
        if way.in_child(way.require_sound) != 0:
            raise EnrolmentError(f"killed before change {step}: half an identity is left")
        kills, step = kills + 1, step + int(stride)
    sys.stdout.write(f"{kills}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
