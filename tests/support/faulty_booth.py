"""A whole booth with one fault in it, and what ``edge-lpr diagnose`` says of it.

The three real processes and a real broker run; the fault is in what the camera shows, in a file,
in the broker or in the machine. Lanes are rendered, and the fault's optics are done to each frame.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.demo.arguments import Source
from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.demo.children import booth_command
from edge_lpr.synthesis.lane import render_lane
from tests.support.whole_booth import WholeBooth

Picture = NDArray[np.uint8]
Fault = Callable[[Picture], Picture]

PASSES = 4
SEED = 3
TIMES = 40
"""How often the lane is repeated: longer than a diagnosis takes."""

EDGE_LPR = (sys.executable, "-m", "edge_lpr")

PATIENCE_S = 150
PLATES = 12


@cache
def lane_frames() -> tuple[Picture, ...]:
    """Return the frames of a rendered lane, 1280 x 720, without a fault."""
    frames, _ = render_lane(PASSES, SEED)
    return tuple(np.asarray(frame, np.uint8) for frame in frames)


def in_float(fault: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Fault:
    """Return what does something to each colour of a frame, in float32."""

    def of_frame(frame_bgr: Picture) -> Picture:
        colours = [fault(frame_bgr[:, :, each].astype(np.float32)) for each in range(3)]
        return np.clip(np.stack(colours, axis=-1), 0, 255).astype(np.uint8)

    return of_frame


def write_frames(folder: Path, fault: Fault | None = None) -> Source:
    """Write the lane with a fault, again and again, as a folder of frames."""
    folder.mkdir()
    for number, frame in enumerate(lane_frames()):
        shown = frame if fault is None else fault(frame)
        coded = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, 92])[1]  # noqa: TID251
        (folder / f"00-{number:04}.jpg").write_bytes(coded.tobytes())
    for again in range(1, TIMES):
        for number in range(len(lane_frames())):
            os.link(folder / f"00-{number:04}.jpg", folder / f"{again:02}-{number:04}.jpg")
    return Source("folder", str(folder))


class FaultyBooth(WholeBooth):
    """The three processes, with desks to ask at."""

    def __init__(
        self,
        root: Path,
        broker: EmbeddedBroker,
        source: Source,
        *,
        more: Mapping[str, str] | None = None,
    ) -> None:
        """Make keys and settings.

        Args:
            root: Existing folder.
            broker: Where sightings go.
            source: Where frames come from.
            more: Further lines of sections of the settings, by their names.
        """
        # The demo's own folder is to be empty.
        super().__init__(root / "booth", broker, source)
        self._root = root
        text = self.folders.settings_file.read_text()
        lines = dict.fromkeys(("vision", "tokeniser", "publisher"), "") | dict(more or {})
        for name, line in lines.items():
            header = "[[lanes]]" if name == "lanes" else f"[{name}]"
            desk = "" if name == "lanes" else f'diagnosis_socket = "{self._sockets / name}"\n'
            text = text.replace(f"{header}\n", f"{header}\n{desk}{line}\n")
        self.folders.settings_file.write_text(text)

    def diagnose(
        self, *, prefix: Sequence[str] = (), program: Sequence[str] = EDGE_LPR
    ) -> dict[str, Any]:
        """Run ``edge-lpr diagnose --json`` and return what it says.

        Args:
            prefix: A program to start it by.
            program: Another one that is ``edge-lpr``.
        """
        root = self._root / "machine"
        root.mkdir(exist_ok=True)
        done = subprocess.run(
            [
                *prefix,
                *program,
                *("diagnose", "--json", "--root", str(root)),
                *("--settings", str(self.folders.settings_file)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == "", done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == {"good": 0, "warning": 1, "bad": 3}[said["verdict"]]
        return said

    def diagnose_until(
        self,
        is_told: Callable[[Mapping[str, Any]], bool],
        *,
        prefix: Sequence[str] = (),
        program: Sequence[str] = EDGE_LPR,
        patience_s: float = PATIENCE_S,
    ) -> dict[str, Any]:
        """Diagnose until enough was seen to tell."""
        give_up_at = time.monotonic() + patience_s
        while True:
            said = self.diagnose(prefix=prefix, program=program)
            if is_told(by_check(said)) or time.monotonic() > give_up_at:
                return said
            time.sleep(1)

    def command(self, process: str, *prefix: str) -> list[str]:
        """Return the command of a process, behind another program."""
        return [*prefix, *booth_command(process, self.folders.settings_file, "INFO")]


def by_check(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return findings by the names of their checks."""
    return {finding["check"]: finding for finding in said["findings"]}


def has_seen_plates(checks: Mapping[str, Any]) -> bool:
    """Tell whether the optics have seen enough plates."""
    return "focus" in checks and checks["focus"]["numbers"]["samples"] >= PLATES


def code_of(said: Mapping[str, Any]) -> str:
    """Return the code of the first cause, or nothing."""
    return str(said["first_cause"]["code"]) if said["first_cause"] else ""


def with_systemctl(folder: Path, units: Mapping[str, Mapping[str, str | int]]) -> list[str]:
    """Install a ``systemctl`` that says what systemd would of units; return what finds it.

    Args:
        folder: Where to put it.
        units: Properties of processes, by their names.
    """
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    blocks = []
    for process, properties in units.items():
        lines = {"Id": f"edge-lpr-{process}.service", "LoadState": "loaded"} | dict(properties)
        blocks.append("".join(f"{name}={value}\n" for name, value in lines.items()))
    (programs / "said").write_text("\n".join(blocks))
    program = programs / "systemctl"
    program.write_text(f"#!/bin/sh\nexec cat {programs / 'said'}\n")
    program.chmod(0o755)
    return ["env", f"PATH={programs}:{os.environ['PATH']}"]
