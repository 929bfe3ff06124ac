"""Any thread of tokeniser or vision hangs: the process says which, and ends to be started again."""

import json
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_lpr.core.watchdog import HANG_LIMIT_S
from tests.support.booth import lay_out_booth
from tests.support.tokeniser_process import running_tokeniser

RECOVERED_S = 15.0

HANG = """
import threading
from {module} import {owner}
def hang(*arguments, **named):
    threading.Event().wait()
{owner}.{method} = hang
"""
"""What is called there waits for what never comes, as for a disk or driver that does not answer."""

PROGRAM = "{}\nfrom edge_lpr.vision.__main__ import main\nraise SystemExit(main())"


def hang_in(place: str) -> str:
    """Return Python that lets a method hang, given as ``module:Class.method``."""
    module, _, owner_and_method = place.partition(":")
    owner, _, method = owner_and_method.partition(".")
    return HANG.format(module=module, owner=owner, method=method)


@pytest.mark.parametrize(
    ("thread", "place"),
    [
        pytest.param("receiver", "edge_lpr.tokeniser.relay:Relay.forget_past_keys", id="receiver"),
        pytest.param("delivery", "edge_lpr.handoff.back_off:BackOff.next_wait_s", id="delivery"),
    ],
)
def test_hanging_thread_ends_the_tokeniser(tmp_path: Path, thread: str, place: str) -> None:
    with running_tokeniser(lay_out_booth(tmp_path), sabotage=hang_in(place)) as tokeniser:
        began = time.monotonic()
        assert tokeniser.wait_for_exit() == 1
        assert time.monotonic() - began > HANG_LIMIT_S
        (line,) = [event for event in tokeniser.events() if event["event"] == "thread_hangs"]
        assert line["thread"] == thread
        assert line["duration_ms"] < RECOVERED_S * 1000


@pytest.mark.parametrize(
    ("thread", "place"),
    [
        pytest.param(
            "frames", "edge_lpr.handoff.reading_sender:ReadingSender.wait_until_sent", id="frames"
        ),
        pytest.param(
            "reading-sender",
            "edge_lpr.handoff.reading_sender:ReadingSender._is_report_due",
            id="sender",
        ),
    ],
)
def test_hanging_thread_ends_vision(tmp_path: Path, thread: str, place: str) -> None:
    picture_bgr = np.full((120, 160, 3), 80, np.uint8)
    frames = tmp_path / "frames"
    frames.mkdir()
    for index in range(4):
        assert cv2.imwrite(str(frames / f"{index}.png"), picture_bgr)  # noqa: TID251 - a test
    settings_file = tmp_path / "booth.toml"
    settings_file.write_text(
        "[booth]\ntenant = 't'\nsite = 's'\ndevice = 'd'\n[[lanes]]\nnumber = 1\n"
        f"[vision]\nreadings_socket = '{tmp_path}/readings.sock'\nthreads = 1\n"
        f"[vision.source]\nkind = 'folder'\naddress = '{frames}'\n"
        f"[tokeniser]\nreadings_socket = '{tmp_path}/readings.sock'\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(hang_in(place)), "--settings", str(settings_file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 1
    events = [json.loads(line) for line in finished.stderr.splitlines()]
    (line,) = [event for event in events if event["event"] == "thread_hangs"]
    assert line["thread"] == thread
    assert line["duration_ms"] < RECOVERED_S * 1000
