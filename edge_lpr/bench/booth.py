"""Runs a whole booth, with a real broker and a consumer, and watches what it takes.

The parts are the demo's: throw-away keys, a broker of its own on loopback, folders that vanish.
"""

import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from edge_lpr.bench.arguments import EngineName
from edge_lpr.bench.clip import Clip
from edge_lpr.bench.figures import Figure, Goal
from edge_lpr.bench.process_memory import ProcessMemory, memory_of
from edge_lpr.bench.progress import say
from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import EdgeLprError, SettingsError
from edge_lpr.demo.arguments import Source
from edge_lpr.demo.brokers import EmbeddedBroker, choose_broker, start_broker
from edge_lpr.demo.children import Child, booth_command
from edge_lpr.demo.consumer import Consumer
from edge_lpr.demo.folders import DemoFolders, demo_folders
from edge_lpr.demo.keys import make_keys
from edge_lpr.demo.settings_file import write_settings
from edge_lpr.subscriber import VerifiedSighting

_PROCESSES: Final = ("vision", "tokeniser", "publisher")

_BROKER_PATIENCE_S: Final = 20.0
_STOP_PATIENCE_S: Final = 10.0
_RUN_PATIENCE_S: Final = 300.0
"""Nothing hangs for longer: the torch engine on a small board takes a minute to load."""

_SAMPLE_S: Final = 0.1

_VISION_GOAL: Final = Goal(220.0, "at_most")
_ALL_GOAL: Final = Goal(350.0, "at_most")
_START_GOAL: Final = Goal(3.0, "at_most")

_NOT_MEASURED: Final = "not measured (mosquitto missing)"


@dataclass(slots=True)
class BoothRun:
    """What was seen of a booth."""

    first_sighting_s: float | None = None
    """From the start of the vision process to the first sighting, received and verified."""
    sightings: int = 0
    """How many came."""
    memory: list[Mapping[str, ProcessMemory]] = field(default_factory=list)
    """Memory by process, one after the other while all three were running."""


def measure_booth(clip: Clip, engine: EngineName = "onnx") -> list[Figure]:
    """Run a booth on a video, and report its memory and how soon the first sighting came.

    Args:
        clip: A vehicle can be read in it from the first frame on.
        engine: What runs the models.

    Returns:
        Figures; without values if mosquitto is not installed.

    Raises:
        EdgeLprError: A process failed, or no sighting came.
        OSError: A file cannot be written.
    """
    say(f"running a booth, engine {engine}")
    try:
        broker = choose_broker("mosquitto")
    except SettingsError:
        return _figures(None, clip, engine)
    with demo_folders(None) as folders, ExitStack() as stack:
        run = _run_booth(clip, engine, (folders, broker), stack)
    if run.first_sighting_s is None or not run.memory:
        raise EdgeLprError("the booth ended without a sighting; edge-lpr demo may show why")
    return _figures(run, clip, engine)


def _run_booth(
    clip: Clip, engine: EngineName, place: tuple[DemoFolders, EmbeddedBroker], stack: ExitStack
) -> BoothRun:
    """Start everything, the vision process last, and watch until the video has ended."""
    folders, broker = place

    authority_key = make_keys(folders, SystemClock())
    write_settings(folders, Source("video", str(clip.file)), broker, engine)
    consumer = Consumer(broker, authority_key)

    def start(process: str) -> Child:
        command = booth_command(process, folders.settings_file, "INFO")
        child = Child(process, command, folders.logs / f"{process}.log")
        stack.callback(child.stop, _STOP_PATIENCE_S)
        return child

    broker_process = start_broker(broker, folders)
    stack.callback(broker_process.stop, _STOP_PATIENCE_S)
    stack.callback(consumer.close)
    consumer.connect(_BROKER_PATIENCE_S, broker_process.check)
    children = {process: start(process) for process in ("publisher", "tokeniser")}
    _wait_until_they_listen(folders, children)
    start_s = time.perf_counter()
    children["vision"] = start("vision")
    return _watch(children, consumer, start_s)


def _wait_until_they_listen(folders: DemoFolders, children: Mapping[str, Child]) -> None:
    """Wait for the sockets of the other two, which on a booth were started earlier."""
    deadline_s = time.perf_counter() + _BROKER_PATIENCE_S
    sockets = (folders.readings_socket, folders.sightings_socket)
    while not all(socket.exists() for socket in sockets):
        for child in children.values():
            child.check()
        if time.perf_counter() > deadline_s:
            raise EdgeLprError("the tokeniser or the publisher does not listen")
        time.sleep(_SAMPLE_S)


def _watch(children: Mapping[str, Child], consumer: Consumer, start_s: float) -> BoothRun:
    """Take note of memory and of what arrives, until the vision process has ended."""
    run = BoothRun()
    while children["vision"].exit_status() is None:
        for child in children.values():
            child.check()
        if time.perf_counter() - start_s > _RUN_PATIENCE_S:
            raise EdgeLprError("the booth does not come to the end of its video")
        _receive(consumer, run, start_s)
        memory = {name: memory_of(children[name].process_id) for name in _PROCESSES}
        present = {name: value for name, value in memory.items() if value is not None}
        if len(present) == len(_PROCESSES):
            run.memory.append(present)
    for child in children.values():
        child.check()
    while _receive(consumer, run, start_s):
        pass
    return run


def _receive(consumer: Consumer, run: BoothRun, start_s: float) -> bool:
    """Wait a moment for an arrival, and say whether there was one."""
    arrival = consumer.next_arrival(_SAMPLE_S)
    if arrival is None:
        return False
    if not isinstance(arrival, VerifiedSighting):
        raise EdgeLprError("a sighting of the booth did not verify")
    if run.first_sighting_s is None:
        run.first_sighting_s = time.perf_counter() - start_s
    run.sightings += 1
    return True


def _figures(run: BoothRun | None, clip: Clip, engine: EngineName) -> list[Figure]:
    """Report a booth; one that could not run has no values."""
    suffix = "" if engine == "onnx" else f", engine {engine}"
    is_goal = engine == "onnx"
    # The first half of the run still loads and warms up.
    steady = [] if run is None else run.memory[len(run.memory) // 2 :]
    replay = f"replaying {clip.codec}, 1280x720"

    def memory_figure(
        name: str, values: Sequence[float], goal: Goal | None = None, remark: str = ""
    ) -> Figure:
        if run is None:
            return Figure("booth", name + suffix, None, "MB", goal, _NOT_MEASURED)
        return Figure("booth", name + suffix, statistics.median(values), "MB", goal, remark)

    figures = []
    for process in _PROCESSES:
        goal = _VISION_GOAL if process == "vision" and is_goal else None
        resident = [sample[process].resident_mb for sample in steady]
        proportional = [sample[process].proportional_mb for sample in steady]
        figures += [
            memory_figure(f"memory of {process}, RSS", resident, goal, replay),
            memory_figure(f"memory of {process}, PSS", proportional),
        ]
    all_goal = _ALL_GOAL if is_goal else None
    resident = [sum(one.resident_mb for one in sample.values()) for sample in steady]
    proportional = [sum(one.proportional_mb for one in sample.values()) for sample in steady]
    peaks = [] if run is None else [max(sample["vision"].peak_mb for sample in run.memory)]
    figures += [
        memory_figure("memory of all three, RSS", resident, all_goal, "shared pages three times"),
        memory_figure("memory of all three, PSS", proportional, None, "shared pages once"),
        memory_figure("memory of vision, peak RSS", peaks),
        Figure(
            "booth",
            f"start to first sighting{suffix}",
            None if run is None else run.first_sighting_s,
            "s",
            _START_GOAL if is_goal else None,
            _NOT_MEASURED
            if run is None
            else "from the start of the vision process, the others being up, to a consumer that "
            f"has it from the broker and verified it; {run.sightings} sightings",
        ),
    ]
    return figures
