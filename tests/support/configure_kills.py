"""Kills ``edge-lpr configure`` before each single change of a file, and runs it again.

A program of its own, because it forks: ``python -m tests.support.configure_kills FOLDER``. It
prints how often it has killed, and ends with an error where the next run did not complete the work,
or where the answers were for a moment neither on the boot partition nor in their place.
"""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from edge_lpr.installation.reading import find_installation, read_installation
from tests.support.enrolment_kills import kill_at
from tests.support.installed_booth import ANSWERS, TICKET, InstalledBooth, bundle

NEW = f'{ANSWERS}ticket = "{TICKET}"\n[network]\nvlan = 20\n'


def in_child(work: Callable[[], None]) -> int:
    """Do something in a process of its own, and return its wait status."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - the child must not go on as a parent
            sys.stderr.write(f"{error!r}\n")
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def snapshot(root: Path) -> dict[str, bytes]:
    """Return every file below a folder but those that programs wait at."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def require_answers(booth: InstalledBooth) -> None:
    """The new answers are whole, on the boot partition or in their place, with their ticket."""
    brought = find_installation(booth.boot)
    places = [booth.places.installation] if brought is None else [brought]
    if not any(read_installation(path).ticket == TICKET for path in places):
        sys.exit("the ticket is lost")
    # What is in force is whole too: the old answers or the new ones.
    read_installation(booth.places.installation)


def main(folder: str) -> None:
    """Kill before every change."""
    root = Path(folder) / "booth"
    booth = InstalledBooth(root)
    booth.bring(ANSWERS, bundle(booth.key))
    booth.configure()
    shutil.rmtree(root / "run")
    booth.bring(NEW, bundle(booth.key, made_at=1_790_000_001))
    beginning, step = Path(folder) / "beginning", 0
    shutil.copytree(root, beginning, symlinks=True)
    booth.configure()
    end = snapshot(root)
    is_killed = True
    while is_killed:
        step += 1
        shutil.rmtree(root)
        shutil.copytree(beginning, root, symlinks=True)

        def configure_until_killed(step: int = step) -> None:
            kill_at(step, root)
            booth.configure()

        status = in_child(configure_until_killed)
        is_killed = os.WIFSIGNALED(status)
        if not is_killed and status != 0:
            sys.exit(f"step {step}: it failed")
        require_answers(booth)
        # The power was away: nothing is left in memory.
        shutil.rmtree(root / "run", ignore_errors=True)
        if booth.configure() or snapshot(root) != end:
            sys.exit(f"killed before change {step}: the next run did not complete")
    sys.stdout.write(f"{step - 1}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
