"""Two seconds after the tokeniser's answer, no plate is in the memory of the vision process.

Searched with the shipped models over a rendered lane, so the inference library's memory is in it
too. Pixels are not text, and are not searched for.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.handoff.reading_message import READING_TAKEN, parse_reading
from edge_lpr.handoff.seqpacket import Listener
from edge_lpr.handoff.vision_report import REPORT_BYTES
from tests.support.memory_search import LEFT_READABLE, memory_of
from tests.support.scenes import write_lane_folder
from tests.support.waiting import DEADLINE_S

PASSES = 1
KEPT_AFTER_THE_ANSWER_S = 2.0

NO_WIPING = """
import sys
from edge_lpr.vision import contracts
from edge_lpr.vision.ballots import Ballots
contracts.Reading.wipe = lambda reading: kept.append(reading)
contracts.Consensus.wipe = lambda consensus: kept.append(consensus)
Ballots.wipe = lambda ballots: kept.append(ballots)
kept = []
"""
START = "import sys; from edge_lpr.vision.__main__ import main; sys.exit(main(sys.argv[1:]))"


@contextmanager
def _vision(tmp_path: Path, sabotage: str = "") -> Iterator[tuple[int, list[str]]]:
    """Run vision over a lane and an empty road; give its process and the plates it handed over."""
    frames = tmp_path / "frames"
    frames.mkdir()
    write_lane_folder(frames, PASSES, seed=3, empty_frames=500)
    settings_file = tmp_path / "booth.toml"
    settings_file.write_text(
        "[booth]\ntenant = 't'\nsite = 's'\ndevice = 'd'\n[[lanes]]\nnumber = 1\n"
        f"[tokeniser]\nreadings_socket = '{tmp_path}/readings.sock'\n"
        f"[vision]\nreadings_socket = '{tmp_path}/readings.sock'\npassage_gap_s = 0.5\n"
        "motion_gate = false\n"  # an empty road would be over before it is searched
        f"[vision.source]\nkind = 'folder'\naddress = '{frames}'\n"
    )
    command = [
        sys.executable,
        "-c",
        LEFT_READABLE + sabotage + START,
        "--settings",
        str(settings_file),
    ]
    listener = Listener(tmp_path / "readings.sock", allowed_user_id=os.geteuid())
    with closing(listener), subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield process.pid, _take_readings(listener)
        finally:
            process.kill()


def _take_readings(listener: Listener) -> list[str]:
    """Answer readings and reports as the tokeniser does, and return the plates."""
    connection = listener.accept(timeout_s=DEADLINE_S)
    assert connection is not None
    plates: list[str] = []
    with closing(connection):
        while len(plates) < PASSES:
            message = connection.receive(REPORT_BYTES, timeout_s=DEADLINE_S)
            assert message is not None
            if len(message) == REPORT_BYTES:
                connection.send(READING_TAKEN)
                continue
            reading = parse_reading(memoryview(message))
            plates.append(bytes(PLATE_ALPHABET[index] for index in reading.class_indices).decode())
            connection.send(READING_TAKEN)
    return plates


def _forms(plate: str) -> dict[str, bytes]:
    """Return every form in which a plate may lie in memory."""
    forms = {
        encoding: plate.encode(encoding)
        for encoding in ("ascii", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
    }
    for name, first in (("indices", 0), ("classes", 1)):
        numbers = [PLATE_ALPHABET.index(character) + first for character in plate.encode()]
        for element_bytes in (1, 4, 8):
            forms[f"{name} of {8 * element_bytes} bits"] = b"".join(
                number.to_bytes(element_bytes, "little") for number in numbers
            )
    return forms


def _forms_found(process_id: int, plates: list[str]) -> set[str]:
    """Return in which forms any of the plates is found in a process."""
    forms = [form for plate in plates for form in _forms(plate).items()]
    return {
        name for region in memory_of(process_id) for name, content in forms if content in region
    }


def test_no_plate_is_left_in_memory_two_seconds_after_the_last_answer(tmp_path: Path) -> None:
    with _vision(tmp_path) as (process_id, plates):
        # The promise is about this time, so there is no condition to wait for instead.
        time.sleep(KEPT_AFTER_THE_ANSWER_S)
        assert _forms_found(process_id, plates) == set()


def test_the_search_finds_the_plates_of_a_process_that_does_not_wipe(tmp_path: Path) -> None:
    with _vision(tmp_path, sabotage=NO_WIPING) as (process_id, plates):
        time.sleep(KEPT_AFTER_THE_ANSWER_S)
        assert "indices of 8 bits" in _forms_found(process_id, plates)
