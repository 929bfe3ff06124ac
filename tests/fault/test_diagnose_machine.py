"""Faults of board, disk, clock, models and processes: each is named as the first cause."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_lpr.core.clock import SystemClock, epoch_of
from edge_lpr.demo.arguments import Source
from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.demo.keys import event_key_file, key_ring_file
from edge_lpr.tokens.key_ring import KeyPurpose, write_key_ring
from tests.support.broker import running_mosquitto
from tests.support.disks import without_disks
from tests.support.faulty_booth import (
    FaultyBooth,
    code_of,
    lane_frames,
    with_systemctl,
    write_frames,
)

pytestmark = pytest.mark.broker

DUTY_S = (0.02, 0.18)
"""A slow board runs for so long, and then rests for so long: a tenth of a core."""

TMPFS_BYTES = 24 * 1024 * 1024


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    with running_mosquitto(tmp_path_factory.mktemp("broker")) as mosquitto:
        yield EmbeddedBroker("mosquitto", "", "5", mosquitto.port)


@pytest.fixture(scope="module")
def empty_lane(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Frames without a vehicle, so that nothing is told of optics or speed."""
    empty = np.asarray(lane_frames()[0])
    return write_frames(tmp_path_factory.mktemp("lane") / "frames", lambda _: empty)


def all_answer(checks: Mapping[str, Any]) -> bool:
    """Tell whether all processes have answered, and the broker has taken the booth."""
    return {"camera_present", "keys", "broker"} <= checks.keys() and checks["broker"][
        "verdict"
    ] == "good"


def replace_keys(booth: FaultyBooth, *days: int) -> None:
    """Give a booth other keys: for days from today on."""
    today = epoch_of(SystemClock().unix_s())
    file = key_ring_file(booth.folders)
    file.unlink()
    keys = {today + day: (bytes(range(32)), bytes(range(1, 33))) for day in days}
    write_key_ring(file, KeyPurpose.TEST, keys)


@contextmanager
def slowed(process_id: int) -> Iterator[None]:
    """Let a process have a tenth of a core, as a control group's quota does."""
    done = threading.Event()
    group = os.getpgid(process_id)

    def work() -> None:
        runs_s, rests_s = DUTY_S
        while not done.is_set():
            os.killpg(group, signal.SIGSTOP)
            time.sleep(rests_s)
            os.killpg(group, signal.SIGCONT)
            time.sleep(runs_s)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_slow_board_is_the_first_cause(broker: EmbeddedBroker, tmp_path: Path) -> None:
    source = write_frames(tmp_path / "frames")
    with FaultyBooth(tmp_path, broker, source) as booth:
        booth.start("publisher")
        booth.start("tokeniser")
        vision = booth.start("vision")
        booth.diagnose_until(all_answer)
        with slowed(vision.process_id):
            said = booth.diagnose_until(lambda checks: checks["speed"]["verdict"] == "bad")
    assert code_of(said) == "LPR-M02"


def test_hot_board_is_the_first_cause(
    broker: EmbeddedBroker, empty_lane: Source, tmp_path: Path
) -> None:
    sensor = tmp_path / "machine/sys/class/thermal/thermal_zone0/temp"
    sensor.parent.mkdir(parents=True)
    sensor.write_text("86500\n")
    with FaultyBooth(tmp_path, broker, empty_lane) as booth:
        booth.start_all()
        said = booth.diagnose_until(all_answer)
    assert code_of(said) == "LPR-B01"
    assert "86 degrees" in said["first_cause"]["evidence"]


def test_clock_that_lags_by_days_is_the_first_cause(
    broker: EmbeddedBroker, empty_lane: Source, tmp_path: Path
) -> None:
    wrong = (sys.executable, "-m", "tests.support.wrong_clock_program", "-3600")
    with FaultyBooth(tmp_path, broker, empty_lane) as booth:
        # The authority, whose clock is right, lives two days later.
        replace_keys(booth, 2, 3)
        for process in ("publisher", "tokeniser", "vision"):
            settings = ("--settings", str(booth.folders.settings_file))
            booth.start(process, [*wrong, process, *settings])
        said = booth.diagnose_until(all_answer, program=wrong)
    assert code_of(said) == "LPR-B07"


def test_disk_that_is_nearly_full_is_the_first_cause(
    broker: EmbeddedBroker, empty_lane: Source, tmp_path: Path
) -> None:
    with FaultyBooth(tmp_path, broker, empty_lane) as booth:
        disk = booth.folders.outbox_file.parent
        small = f"size={TMPFS_BYTES}"
        mount = ["mount", "-t", "tmpfs", "-o", small, "tmpfs", str(disk)]
        if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
            without_disks("a small file system cannot be mounted here")
        try:
            booth.start_all()
            booth.diagnose_until(all_answer)
            (disk / "filler").write_bytes(bytes(shutil.disk_usage(disk).free - 200_000))
            said = booth.diagnose()
        finally:
            subprocess.run(["/bin/umount", "--lazy", str(disk)], check=True)
    assert code_of(said) == "LPR-B03"


def test_keys_that_end_today_are_the_first_cause(
    broker: EmbeddedBroker, empty_lane: Source, tmp_path: Path
) -> None:
    with FaultyBooth(tmp_path, broker, empty_lane) as booth:
        replace_keys(booth, 0)
        booth.start_all()
        said = booth.diagnose_until(all_answer)
    assert code_of(said) == "LPR-K02"


def test_replaced_model_is_the_first_cause(
    broker: EmbeddedBroker, empty_lane: Source, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    shutil.copytree(Path(str(resources.files("edge_lpr.models"))), models)
    content = bytearray((models / "reader.onnx").read_bytes())
    content[1000] ^= 1
    (models / "reader.onnx").write_bytes(content)
    more = {"vision": f'models_folder = "{models}"'}
    with FaultyBooth(tmp_path, broker, empty_lane, more=more) as booth:
        booth.start_all()
        said = booth.diagnose_until(lambda checks: "keys" in checks and "broker" in checks)
    assert code_of(said) == "LPR-M03"
    assert "reader.onnx" in said["first_cause"]["evidence"]


def test_process_that_crashes_again_and_again_is_the_first_cause(
    broker: EmbeddedBroker, empty_lane: Source, tmp_path: Path
) -> None:
    with FaultyBooth(tmp_path, broker, empty_lane) as booth:
        event_key_file(booth.folders).write_bytes(b"garbage")
        command = booth.command("tokeniser")
        ended = [
            subprocess.run(command, check=False, capture_output=True).returncode for _ in range(3)
        ]
        assert all(ended)
        booth.start("publisher")
        booth.start("vision")
        runs: dict[str, str | int] = {
            "ActiveState": "active",
            "SubState": "running",
            "NRestarts": 0,
        }
        crashes: dict[str, str | int] = {
            "ActiveState": "activating",
            "SubState": "auto-restart",
            "NRestarts": len(ended),
            "ExecMainStatus": ended[-1],
        }
        units = {"vision": runs, "publisher": runs, "tokeniser": crashes}
        prefix = with_systemctl(tmp_path, units)
        said = booth.diagnose_until(lambda checks: "camera_present" in checks, prefix=prefix)
    assert code_of(said) == "LPR-U01"
    assert said["first_cause"]["check"] == "tokeniser"
