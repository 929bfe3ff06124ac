"""Cuts the power of a first boot before each single change of a file, and starts the booth again.

A program of its own, because it forks:
``python -m tests.support.first_boot_kills FOLDER WAY STRIDE``, with ``service`` or ``files``
for the way. It prints how often it has cut, and ends with an
error where the next start did not come to the end by itself, with nothing but what it found.
"""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from edge_lpr.authority.enrolment import EnrolmentDesk
from edge_lpr.core.errors import EnrolmentError
from edge_lpr.first_boot.first_boot import ByFilesError
from edge_lpr.first_boot.standing import STANDING_FILE
from edge_lpr.provisioning.service_link import Silence
from tests.support.authority import PLAN as FILES_PLAN
from tests.support.authority import Folders
from tests.support.clock import SetClock
from tests.support.enrolment import PLAN, DeskLink
from tests.support.enrolment_kills import approve, kill_at, require_ready
from tests.support.flashed_booth import FlashedBooth

NO_NETWORK = Silence("no network")


class Cuts:
    """One way, gone again and again, a little farther each time."""

    def __init__(self, folder: Path, way: str) -> None:
        """Make the authority."""
        self._folders, self._root = Folders(folder), folder / "booth"
        self._is_by_files, self._clock = way == "files", SetClock()
        with self._folders.create(self._clock, plan=FILES_PLAN if self._is_by_files else PLAN):
            pass

    def cut(self, step: int) -> bool:
        """Flash a booth, start it, cut the power before one change; return whether there was one.

        The ticket is in the answers alone; nobody types it a second time.
        """
        shutil.rmtree(self._root, ignore_errors=True)
        in_child(self._flash)
        status = in_child(lambda: self._start(step), may_be_killed=True)
        # What was in memory is gone with the power.
        shutil.rmtree(self._root / "run")
        return os.WIFSIGNALED(status)

    def require_end(self) -> None:
        """Start the booth again, as it is: it is enrolled in the end, and has no ticket left."""
        in_child(lambda: self._start(None))

    def _flash(self) -> None:
        """Put the answers there."""
        with self._folders.open(self._clock) as authority:
            booth = FlashedBooth(self._root, authority, self._clock)
            booth.answer(ticket=booth.trial.ticket())

    def _start(self, step: int | None) -> None:
        """Start the booth, and cut the power before a change."""
        with self._folders.open(self._clock) as authority:
            booth = FlashedBooth(self._root, authority, self._clock)
            count = None if step is None else kill_at(step, self._root)
            del count
            if self._is_by_files:
                self._carry(booth)
            else:
                booth.first_boot(link=DeskLink(EnrolmentDesk(authority), authority, approve))
            require_ready(booth.trial)
            assert booth.answers.ticket is None
            assert not list(booth.places.boot.iterdir())
            assert booth.places.below(STANDING_FILE).exists()

    def _carry(self, booth: FlashedBooth) -> None:
        """Carry the request to the custodian, and his answer back, if the booth asks for it."""
        try:
            booth.first_boot(link=NO_NETWORK)
        except ByFilesError:
            desk, (request,) = EnrolmentDesk(booth.authority), booth.places.boot.glob("*.request")
            identifier = desk.submit(request.read_bytes(), "a stick")
            approve(desk)
            answer = desk.standing(identifier).answer
            assert answer is not None
            (booth.places.boot / "booth-1.answer").write_bytes(answer)
            booth.first_boot(link=NO_NETWORK)


def in_child(work: Callable[[], None], *, may_be_killed: bool = False) -> int:
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
    status = os.waitpid(child, 0)[1]
    if status != 0 and not (may_be_killed and os.WIFSIGNALED(status)):
        raise EnrolmentError("a booth did not come to the end")
    return status


def main(folder: str, way: str, stride: str) -> None:
    """Cut before the changes."""
    cuts, step, count = Cuts(Path(folder), way), 1, 0
    while cuts.cut(step):
        try:
            cuts.require_end()
        except EnrolmentError as error:
            raise EnrolmentError(f"cut before change {step}: {error}") from error
        count, step = count + 1, step + int(stride)
    sys.stdout.write(f"{count}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
