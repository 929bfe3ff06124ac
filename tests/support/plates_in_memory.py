"""The promise about memory, tested over many passages through live processes.

    python -m tests.support.plates_in_memory --passages 1000 --every 50

Vision's way is ``painted_vision.py``; tokeniser, publisher and broker are the real ones. Every so
many passages, two seconds after the tokeniser has answered the last of them, the memory of the
three processes is searched for every plate so far.
"""

import argparse
import functools
import operator
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np

from edge_lpr.demo.arguments import Source
from edge_lpr.demo.brokers import EmbeddedBroker, choose_broker, start_broker
from edge_lpr.demo.folders import DemoFolders, make_folders
from edge_lpr.vision.contracts import NANOSECONDS
from tests.support.fakes import paint_plate
from tests.support.memory_search import LEFT_READABLE, forms_found, numbered_plate
from tests.support.painted_vision import LANES, SIZE_PX, lane_region, plate_digest
from tests.support.readings import indices_of
from tests.support.waiting import wait_until
from tests.support.whole_booth import WholeBooth

KEPT_AFTER_THE_ANSWER_S = 2.0
START_S = 60.0
FRAMES_A_PASSAGE = 3
FRAME_NS = NANOSECONDS // 10
GONE_NS = 2 * NANOSECONDS
"""An empty frame this much later ends the passages."""

_START = "import sys; from edge_lpr.{}.__main__ import main; sys.exit(main(sys.argv[1:]))"

_VISION = "from tests.support.painted_vision import main; main()"


@dataclass
class MemoryRun:
    """What became of a run."""

    passages: int = 0
    searches: int = 0
    """Moments at which the three processes were searched."""
    found: set[tuple[str, str]] = field(default_factory=set)
    """Process and form of everything that should not have been there."""
    search_s: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.passages} passages, searched at {self.searches} moments in vision, tokeniser "
            f"and publisher ({self.search_s:.0f} s of searching): found {sorted(self.found)}"
        )


class PaintedVision:
    """The process of ``painted_vision.py``, and the frames for it."""

    def __init__(self, readings_socket: Path, log_file: Path, sabotage: str) -> None:
        self._frames = 0
        self._at_ns = 0
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", sabotage + _VISION, str(readings_socket)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout

    @property
    def process_id(self) -> int:
        return self._process.pid

    def show(self, plates: Sequence[str]) -> None:
        """Let one vehicle a lane drive past."""
        for step in range(FRAMES_A_PASSAGE):
            self._show_frame(plates, step)
        self._at_ns += GONE_NS
        self._show_frame((), 0)

    def answered(self) -> tuple[int, int]:
        """Wait until the tokeniser has answered everything; return how much, and its digest."""
        self._stdin.write(b"-\n")
        self._stdin.flush()
        taken, digest = map(int, self._stdout.readline().split())
        return taken, digest

    def stop(self) -> None:
        self._stdin.close()
        self._process.kill()
        self._process.wait()
        self._stdout.close()

    def _show_frame(self, plates: Sequence[str], step: int) -> None:
        width, height = SIZE_PX
        picture = np.full((height, width, 3), 20, np.uint8)
        for lane, plate in enumerate(plates):
            # Far from each other, or the corner finder takes two of them for one.
            left, top = lane * width // LANES + 32, 30 + 80 * lane + 4 * step
            paint_plate(picture, plate, (left, top, left + 96, top + 30))
        self._stdin.write(b"%d %d\n" % (self._frames, self._at_ns))
        self._stdin.write(picture.data.cast("B"))
        self._stdin.flush()
        self._frames += 1
        self._at_ns += FRAME_NS


def run_passages(
    root: Path,
    broker: EmbeddedBroker,
    passages: int,
    every: int,
    *,
    sabotage: Mapping[str, str] = MappingProxyType({}),
) -> MemoryRun:
    """Let vehicles drive past, and search the memory of three processes again and again.

    Args:
        root: Empty folder.
        broker: A running one.
        passages: How many, a multiple of the lanes.
        every: How many passages lie between two searches.
        sabotage: For a process, Python that runs before its program is imported.
    """
    run = MemoryRun()
    booth = WholeBooth(root, broker, Source("folder", "frames"))
    _add_lanes(booth.folders.settings_file)
    with booth:
        children = {
            process: booth.start(
                process,
                _command(process, booth.folders.settings_file, sabotage.get(process, "")),
            )
            for process in ("publisher", "tokeniser")
        }
        wait_until(booth.folders.readings_socket.exists, deadline_s=START_S)
        vision = PaintedVision(
            booth.folders.readings_socket,
            booth.folders.logs / "vision.log",
            sabotage.get("vision", ""),
        )
        processes = {name: child.process_id for name, child in children.items()}
        processes["vision"] = vision.process_id
        try:
            plates: set[str] = set()
            while run.passages < passages:
                shown = [numbered_plate(run.passages + lane) for lane in range(LANES)]
                plates.update(shown)
                vision.show(shown)
                run.passages += LANES
                if run.passages % every < LANES:
                    _search(run, vision, processes, plates)
        finally:
            vision.stop()
        for child in children.values():
            child.check()
    return run


def _search(
    run: MemoryRun, vision: PaintedVision, processes: dict[str, int], plates: set[str]
) -> None:
    """Search all three processes two seconds after the tokeniser's last answer."""
    digest = functools.reduce(
        operator.xor, (plate_digest(bytes(indices_of(plate.encode()))) for plate in plates)
    )
    taken, read = vision.answered()
    assert taken == run.passages, f"the tokeniser took {taken} passages of {run.passages}"
    assert read == digest, "other plates were read than shown"
    # The promise is about this time, so there is no condition to wait for instead.
    time.sleep(KEPT_AFTER_THE_ANSWER_S)
    started_s = time.monotonic()
    for name, process_id in processes.items():
        run.found |= {(name, form) for form in forms_found(process_id, plates)}
    run.search_s += time.monotonic() - started_s
    run.searches += 1


def _command(process: str, settings_file: Path, sabotage: str) -> list[str]:
    """Return the command of a real process that may be looked into."""
    program = LEFT_READABLE + sabotage + _START.format(process)
    return [sys.executable, "-c", program, "--settings", str(settings_file)]


def _add_lanes(settings_file: Path) -> None:
    """Give the booth the lanes of the painted road."""
    lanes = "".join(
        f"[[lanes]]\nnumber = {lane + 1}\nregion = {lane_region(lane)}\n" for lane in range(LANES)
    )
    one_lane = '[[lanes]]\nnumber = 1\ndirection = "in"\n'
    settings = settings_file.read_text()
    assert one_lane in settings
    settings_file.write_text(settings.replace(one_lane, lanes))


def main() -> int:
    """Run from the command line, with a broker of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=1000)
    parser.add_argument("--every", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        folders = DemoFolders(root / "broker", root)
        make_folders(folders)
        broker = choose_broker("mosquitto")
        process = start_broker(broker, folders)
        try:
            run = run_passages(root / "booth", broker, options.passages, options.every)
        finally:
            process.stop(10)
    sys.stdout.write(f"{run}\n")
    return bool(run.found)


if __name__ == "__main__":
    sys.exit(main())
