"""A technician aims the camera in a real browser: lanes drawn, saved and in force; no picture."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_lpr.handoff.aim_message import lanes_fingerprint
from tests.support.aim_booth import AimBooth
from tests.support.broker import free_port
from tests.support.node import need_node

BROWSER = Path(__file__).parents[1] / "browser"
LIMIT_S = 400
NOT_ANSWERED = "Failed to load resource:"
SIZES = {"phone", "desktop"}


def need_chromium() -> str:
    """Return the path of Chromium; skip or fail the test without it."""
    chromium = shutil.which("chromium")
    if chromium is not None:
        return chromium
    reason = "Chromium is missing; run scripts/check_contract"
    if os.environ.get("EDGE_LPR_REQUIRE_NODE") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


class Driver:
    """A script in Node.js that says what came of each step, a line each."""

    def __init__(self, script: str, folder: Path, port: int, code: str, *more: str) -> None:
        command: list[str | Path] = [need_node(BROWSER), BROWSER / script, need_chromium()]
        self._process = subprocess.Popen(
            [*command, f"http://127.0.0.1:{port}/", code, folder, *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._giving_up = threading.Timer(LIMIT_S, self._process.kill)
        self._giving_up.start()
        self.steps: list[dict[str, Any]] = []

    def until(self, step: str) -> dict[str, Any]:
        """Return what is said of a step, after all that is said before."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.steps.append(json.loads(line))
            if self.steps[-1]["step"] == step:
                return self.steps[-1]
        pytest.fail(f"the browser ended before {step}, after {self.steps[-3:]}")

    def go_on(self) -> None:
        """Let it go on where it waits."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """End it."""
        self._giving_up.cancel()
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()


@pytest.fixture
def booth(tmp_path: Path) -> Iterator[AimBooth]:
    need_node(BROWSER)
    need_chromium()
    booth = AimBooth(tmp_path)
    yield booth
    booth.stop()


def test_technician_aims_the_camera(booth: AimBooth, tmp_path: Path) -> None:
    port = free_port()
    shots = Path(os.environ.get("EDGE_LPR_SCREENSHOTS", tmp_path / "shots"))
    shots.mkdir(exist_ok=True)
    code, session = booth.begin_session(port)
    driver = Driver("aim_session.mjs", shots, port, code)
    try:
        driver.until("start vision")
        before = booth.lanes()
        booth.start_vision()
        driver.go_on()
        driver.until("end")
        told = booth.vision_frame()
        driver.go_on()
        done = driver.until("done")
        assert session.wait(60) == 0
    finally:
        driver.close()
    said = {step["step"]: step for step in driver.steps}
    # Wrong codes are counted, the right one is taken however it is typed; no script sees a cookie.
    assert "4 more tries" in said["wrong code"]["said"]
    assert said["entered"]["cookies"] == ""
    # Numbers came, and a sketch, from a real vision process.
    assert len(said["gauges"]["values"]) == 7
    assert all(said["gauges"]["values"])
    assert 4 <= said["sketch"]["cells"] <= 32 * 18
    # Mouse, finger and keys each moved a corner, and what was saved is what vision works with.
    assert said["dragged by mouse"]["shares"] == [25, 20]
    assert said["dragged by finger"]["shares"] == [80, 25]
    assert said["moved by keyboard"]["shares"] == [88, 85]
    assert (said["corner added"]["corners"], said["corner added"]["focused"]) == (5, "00-corner-03")
    (lane,) = booth.lanes()
    assert lane.region is not None
    assert lane.arrow is not None
    drawn = [[round(100 * share) for share in corner] for corner in lane.region]
    assert drawn[:3] == [[25, 20], [80, 25], [88, 85]]
    assert told.lanes_fingerprint == lanes_fingerprint([lane]) != lanes_fingerprint(before)
    # Nobody else was asked, or let in.
    assert done["origins"] == [f"http://127.0.0.1:{port}"]
    assert said["strangers"] == {"step": "strangers", "without_cookie": 401, "from_elsewhere": 403}
    # The browser complains of nothing but that nobody answers it before and after the session.
    assert [each for each in done["complaints"] if not each.startswith(NOT_ANSWERED)] == []
    layouts = [step for step in driver.steps if step["step"] == "layout"]
    assert {step["size"] for step in layouts} == SIZES
    assert [step for step in layouts if step["overflow"] > 0] == []
    judged = [step for step in driver.steps if step["step"] == "axe"]
    assert [step["name"] for step in judged] == ["entry", "work", "saved", "over"]
    assert [step["violations"] for step in judged] == [[], [], [], []]
    # The audit has it, and not the code.
    audit = booth.audit()
    assert [word in audit for word in ("aim_began", "lanes_saved", "aim_ended")] == [True] * 3
    assert '"reason":"asked_for"' in audit
    assert code not in audit


def test_five_wrong_codes_end_the_session(booth: AimBooth, tmp_path: Path) -> None:
    port = free_port()
    code, session = booth.begin_session(port)
    driver = Driver("aim_door.mjs", tmp_path, port, code, "wrong")
    try:
        assert driver.until("fifth")["entry"] == "over"
        assert "closed" in driver.until("told")["said"]
        assert driver.until("right code")["entry"] in {"over", "nobody answers"}
        assert session.wait() == 0
    finally:
        driver.close()
    assert '"reason":"wrong_codes"' in booth.audit()


def test_session_ends_by_itself(booth: AimBooth, tmp_path: Path) -> None:
    port = free_port()
    # Chromium may take most of it to start.
    code, session = booth.begin_session(port, "--minutes", "2")
    driver = Driver("aim_door.mjs", tmp_path, port, code, "late")
    try:
        assert driver.until("entered")["entry"] == "welcome"
        assert driver.until("over")["said"] == "The session is over"
        assert session.wait() == 0
    finally:
        driver.close()
    assert '"reason":"time_is_over"' in booth.audit()
