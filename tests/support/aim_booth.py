"""A session of the aim page beside a real vision process that replays a rendered lane.

Vision is started anew whenever it ends, as systemd does; so a save has an effect.
"""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO

import cv2

from edge_lpr.core.settings import LaneSection, load_settings
from edge_lpr.handoff.aim_message import AimFrame, parse_aim_frame
from edge_lpr.handoff.diagnosis_desk import ask
from edge_lpr.handoff.diagnosis_message import AIM, Question
from edge_lpr.synthesis.lane import render_lane
from tests.support.waiting import wait_until

EMPTY_FRAMES = 240
FRAME_RATE_HZ = 2
"""Of the replay: slow, so that the minutes that a sketch needs are some hundred frames."""

START_S = 60.0

_VISION = """#!/bin/sh
while :; do
    {python} -m edge_lpr.vision --settings {settings} 2>>{log} &
    echo $! >{folder}/vision.pid
    wait $!
done
"""

_SETTINGS = """[booth]
tenant = "agency"
site = "north-crossing"
device = "booth-1"

[[lanes]]
number = 1

[vision]
readings_socket = "{folder}/readings.sock"
diagnosis_socket = "{folder}/vision.sock"
threads = 1

[vision.source]
kind = "folder"
address = "{folder}/frames"
frame_rate_hz = {rate}.0

[tokeniser]
readings_socket = "{folder}/readings.sock"
"""


class AimBooth:
    """Everything of it in one folder."""

    def __init__(self, folder: Path, passes: int = 6) -> None:
        self.folder = folder
        self.settings_file = folder / "booth.toml"
        self._children: list[subprocess.Popen[bytes]] = []
        self._write_lane(passes)
        self.settings_file.write_text(_SETTINGS.format(folder=folder, rate=FRAME_RATE_HZ))
        self._program("restart", f"#!/bin/sh\nkill $(cat {folder}/vision.pid)\n")
        self._program(
            "vision",
            _VISION.format(
                python=sys.executable,
                settings=self.settings_file,
                log=folder / "vision.log",
                folder=folder,
            ),
        )

    def start_vision(self) -> None:
        """Start vision, and again whenever it ends."""
        # A process group of its own, with all that it starts.
        self._children.append(subprocess.Popen([self.folder / "vision"], start_new_session=True))
        wait_until(self._answers, deadline_s=START_S)

    def begin_session(self, port: int, *options: str) -> tuple[str, subprocess.Popen[bytes]]:
        """Begin a session; return its code, and the process."""
        said = self.folder / "session.log"
        with said.open("wb") as output:
            process = self._aim(port, options, output)
        wait_until(lambda: "Ctrl-C" in said.read_text(), deadline_s=START_S)
        # By hand the page is a program that is still to start; on a booth systemd listens before.
        wait_until(lambda: _listens(port), deadline_s=START_S)
        (code,) = re.findall(r"^Code   (\S+)$", said.read_text(), re.MULTILINE)
        return code, process

    def _aim(
        self, port: int, options: tuple[str, ...], output: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        """Start a session."""
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "edge_lpr.aim", "--by-hand", str(self.folder)),
                *("--settings", str(self.settings_file), "--port", str(port)),
                *("--then", str(self.folder / "restart"), *options),
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        self._children.append(process)
        return process

    def lanes(self) -> tuple[LaneSection, ...]:
        """Return the lanes of the settings."""
        return load_settings(self.settings_file).lanes

    def vision_frame(self) -> AimFrame:
        """Ask vision itself."""
        answer = ask(self.folder / "vision.sock", "vision", Question(AIM))
        return parse_aim_frame(answer.body)

    def audit(self) -> str:
        """Return all that the audit's files hold."""
        files = sorted((self.folder / "audit").rglob("*"))
        return "".join(
            file.read_bytes().decode("utf-8", "replace") for file in files if file.is_file()
        )

    def stop(self) -> None:
        """End what is still there."""
        for child in reversed(self._children):
            if child.poll() is None:
                is_leader = os.getpgid(child.pid) == child.pid
                (os.killpg if is_leader else os.kill)(child.pid, signal.SIGTERM)
        for child in self._children:
            child.wait()

    def _answers(self) -> bool:
        try:
            return self.vision_frame().width_px >= 0
        except Exception:  # noqa: BLE001 (whatever it is, it is not there yet)
            return False

    def _program(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def _write_lane(self, passes: int) -> None:
        """Write a lane with traffic, and minutes without any behind it."""
        frames = self.folder / "frames"
        frames.mkdir()
        pictures_bgr, _ = render_lane(passes, seed=3)
        number = 0
        for number, picture_bgr in enumerate(pictures_bgr):
            assert cv2.imwrite(str(frames / f"{number:06}.jpg"), picture_bgr)  # noqa: TID251
        for empty in range(number + 1, number + 1 + EMPTY_FRAMES):
            os.link(frames / "000000.jpg", frames / f"{empty:06}.jpg")


def _listens(port: int) -> bool:
    """Return whether somebody takes connections at a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
