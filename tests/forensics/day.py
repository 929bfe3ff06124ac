"""A day of traffic at a booth whose only disk is an image of ours, and all that is left of it.

The three processes are the real ones, each in a process of its own, with a real broker and a real
consumer. Time is compressed: cars drive past as fast as they can be read.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge_lpr.demo.arguments import Source
from edge_lpr.demo.brokers import EmbeddedBroker, choose_broker, start_broker
from edge_lpr.demo.children import Child
from edge_lpr.demo.folders import DemoFolders, make_folders
from edge_lpr.synthesis.lane import MAXIMUM_PASSES, PASSAGE_GAP_S
from tests.forensics.booth_disk import (
    DISK,
    SCRATCH,
    make_disk,
    make_the_rest_read_only,
    take_out_disk,
)
from tests.forensics.bundle import write_bundle
from tests.forensics.canary_lane import canary_frames, write_canary_lane
from tests.forensics.memory_image import write_memory
from tests.support.memory_search import LEFT_READABLE
from tests.support.waiting import wait_until
from tests.support.whole_booth import STOP_PATIENCE_S, Recorder, WholeBooth

KEPT_AFTER_THE_ANSWER_S: Final = 2.0
"""How long a plate may lie in memory after the tokeniser's answer (SECURITY.md)."""

_REMAINS: Final = "remains.json"
_FILES: Final = ("evidence", "before")
_DECOYS_SEED: Final = 1_000_000
"""Farther from a day's first lane than any day has lanes."""
_START_S: Final = 120.0
_ANSWERS_S: Final = 600.0
_SECONDS_A_PASSAGE: Final = 30.0
_PROGRAM: Final = "import sys; from edge_lpr.{}.__main__ import main; sys.exit(main(sys.argv[1:]))"


@dataclass
class Remains:
    """All that is left of a day."""

    evidence: dict[str, Path] = field(default_factory=dict)
    """Name and file of everything that is to be searched."""
    before: dict[str, Path] = field(default_factory=dict)
    """Of the memories: what was in there before anything drove past."""
    plates: list[str] = field(default_factory=list)
    """What drove past."""
    counters: dict[str, int] = field(default_factory=dict)
    """How far the passages came."""
    writable: list[str] = field(default_factory=list)
    """Mounts besides the disk that could not be made read-only."""
    driving_s: float = 0.0


def live_through(passages: int, scratch: Path, *, seed: int = 0, leaking: bool) -> Remains:
    """Let a day's traffic drive past, and collect what is left.

    Args:
        passages: How many.
        scratch: Folder of the laboratory; lanes that lie there already are not rendered again.
        seed: Of the first lane; another number is other cars.
        leaking: Whether all processes leak on purpose.
    """
    image = make_disk(scratch)
    for variable in ("TMPDIR", "HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        os.environ[variable] = str(DISK / ("tmp" if variable == "TMPDIR" else "home"))
    tempfile.tempdir = None
    remains = Remains(writable=make_the_rest_read_only())
    with _running_broker() as broker, _capture(broker) as capture:
        root = DISK / "booth"
        booth = WholeBooth(root, broker, Source("video", str(SCRATCH / "lane.avi")))
        _complete_settings(booth.folders)
        with booth, Recorder(broker, booth, must_be_valid=not leaking) as recorder:
            pair = {
                name: _start(booth, name, leaking=leaking) for name in ("publisher", "tokeniser")
            }
            wait_until(booth.folders.readings_socket.exists, deadline_s=_START_S)
            for name, child in pair.items():
                remains.before[memory_of(name)] = SCRATCH / f"{name}-before.mem"
                write_memory(child.process_id, SCRATCH / f"{name}-before.mem")
            began_s = time.monotonic()
            remains.plates = _drive_all(
                booth, passages, seed, pair, remains.counters, leaking=leaking
            )
            _wait_for_answers(recorder)
            remains.driving_s = time.monotonic() - began_s
            # The promise is about this time, so there is no condition to wait for instead.
            time.sleep(KEPT_AFTER_THE_ANSWER_S)
            for name, child in pair.items():
                remains.evidence[memory_of(name)] = SCRATCH / f"{name}.mem"
                write_memory(child.process_id, SCRATCH / f"{name}.mem")
            remains.evidence["diagnostics bundle"] = SCRATCH / "bundle"
            write_bundle(booth, SCRATCH / "bundle", leaking=leaking)
            for name in ("tokeniser", "publisher"):
                assert pair[name].stop(STOP_PATIENCE_S), name
                pair[name].check()
            remains.counters["published"] = booth.counters("publisher")["published"]
            remains.counters["received"] = len(recorder.sightings)
            remains.counters["refused"] = len(recorder.refusals)
            remains.evidence["MQTT payloads"] = SCRATCH / "payloads"
            (SCRATCH / "payloads").write_bytes(
                b"\n".join(topic.encode() + b"\n" + payload for topic, payload in recorder.messages)
            )
    remains.evidence["capture of loopback"] = capture
    take_out_disk()
    remains.evidence["disk"] = image
    return remains


def write_remains(remains: Remains) -> None:
    """Write down what is left of a day, so that it can be searched again."""
    files = {
        kind: {name: file.name for name, file in getattr(remains, kind).items()} for kind in _FILES
    }
    (SCRATCH / _REMAINS).write_text(json.dumps(vars(remains) | files))


def remains_in(scratch: Path) -> Remains:
    """Return what an earlier day left in a folder."""
    remains = Remains(**json.loads((scratch / _REMAINS).read_text()))
    for kind in _FILES:
        files = {name: scratch / file for name, file in getattr(remains, kind).items()}
        setattr(remains, kind, files)
    return remains


def memory_of(process: str) -> str:
    """Return what the memory of a process is called as evidence."""
    return f"memory of the {process}"


def decoys_for(passages: int, seed: int) -> list[str]:
    """Return as many plates of the same making as a day has; none of them drives past in it."""
    parts = range(0, passages, MAXIMUM_PASSES)
    return [
        plate
        for number, _ in enumerate(parts)
        for plate in canary_frames(MAXIMUM_PASSES, seed + _DECOYS_SEED + number)[1]
    ][:passages]


def _drive_all(
    booth: WholeBooth,
    passages: int,
    seed: int,
    pair: dict[str, Child],
    counters: dict[str, int],
    *,
    leaking: bool,
) -> list[str]:
    """Let all cars drive past, one video after the other; return their plates."""
    plates: list[str] = []
    parts = [min(MAXIMUM_PASSES, passages - n) for n in range(0, passages, MAXIMUM_PASSES)]
    with ThreadPoolExecutor(1) as laboratory:
        next_part: Future[list[str]] = laboratory.submit(_render, parts[0], seed)
        for number, cars in enumerate(parts):
            plates += next_part.result()
            (SCRATCH / "lane.avi").unlink(missing_ok=True)
            (SCRATCH / "lane.avi").symlink_to(_lane_file(cars, seed + number))
            if number + 1 < len(parts):
                next_part = laboratory.submit(_render, parts[number + 1], seed + number + 1)
            vision = _start(booth, "vision", leaking=leaking)
            ends_s = time.monotonic() + _START_S + cars * _SECONDS_A_PASSAGE
            while vision.exit_status() is None and time.monotonic() < ends_s:
                _start_again(booth, pair, counters, leaking=leaking)
                time.sleep(0.5)
            assert vision.exit_status() is not None, "vision has not come to the lane's end"
            vision.check()
            for name, count in booth.counters("vision").items():
                counters[name] = counters.get(name, 0) + count
            sys.stderr.write(f"{len(plates)} of {passages} passages\n")
    return plates


def _start_again(
    booth: WholeBooth, pair: dict[str, Child], counters: dict[str, int], *, leaking: bool
) -> None:
    """Start what has ended, as systemd does: on a busy machine the watchdog ends a process."""
    for name, child in pair.items():
        if child.exit_status() is not None:
            pair[name] = _start(booth, name, leaking=leaking)
            counters["started again"] = counters.get("started again", 0) + 1


def _render(cars: int, seed: int) -> list[str]:
    """Render a lane unless it is there; return its plates."""
    file = _lane_file(cars, seed)
    if file.exists():
        return canary_frames(cars, seed)[1]
    half_done = SCRATCH / "next.avi"
    plates = write_canary_lane(half_done, cars, seed)
    half_done.replace(file)
    return plates


def _lane_file(cars: int, seed: int) -> Path:
    return SCRATCH / f"lane-{cars}-{seed}.avi"


def _wait_for_answers(recorder: Recorder) -> None:
    """Wait until all that was handed over has reached the consumer, and nothing more comes."""
    seen = -1
    ends_s = time.monotonic() + _ANSWERS_S
    while len(recorder.sightings) != seen and time.monotonic() < ends_s:
        seen = len(recorder.sightings)
        time.sleep(2.5)


def _start(booth: WholeBooth, process: str, *, leaking: bool) -> Child:
    """Start a real process, or one that leaks besides; both may be looked into by this user."""
    settings = ("--settings", str(booth.folders.settings_file), "--log-level", "DEBUG")
    program: Sequence[str] = ("-c", LEFT_READABLE + _PROGRAM.format(process))
    if leaking:
        program = ("-m", "tests.support.leaking_booth", process)
    return booth.start(process, (sys.executable, *program, *settings))


def _complete_settings(folders: DemoFolders) -> None:
    """Say how the rendered cars follow each other, and where the processes answer questions."""
    text = folders.settings_file.read_text()
    for process in ("vision", "tokeniser", "publisher"):
        section = f"[{process}]\n"
        assert section in text
        line = f'diagnosis_socket = "{folders.sockets}/{process}.sock"\n'
        if process == "vision":
            line += f"passage_gap_s = {PASSAGE_GAP_S}\n"
        text = text.replace(section, section + line)
    folders.settings_file.write_text(text)


@contextmanager
def _running_broker() -> Iterator[EmbeddedBroker]:
    """Run a broker whose files are not on the booth's disk: it stands in the data centre."""
    folders = DemoFolders(SCRATCH / "broker", SCRATCH)
    make_folders(folders)
    broker = choose_broker("mosquitto")
    process = start_broker(broker, folders)
    try:
        yield broker
    finally:
        process.stop(STOP_PATIENCE_S)


@contextmanager
def _capture(broker: EmbeddedBroker) -> Iterator[Path]:
    """Record every packet between booth, broker and consumer."""
    program = shutil.which("tcpdump") or "/usr/bin/tcpdump"
    file = SCRATCH / "loopback.pcap"
    command = [program, "-i", "lo", "-U", "-Z", "root", "-w", str(file), f"tcp port {broker.port}"]
    # On a leash: it ends with this process, whatever becomes of it.
    process = Child("tcpdump", command, SCRATCH / "tcpdump.log")
    try:
        wait_until(file.exists, deadline_s=_START_S)
        yield file
    finally:
        process.stop(STOP_PATIENCE_S)
