"""A card that is pulled out, or whose writer dies, is known for what it is."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge_lpr.flashing.card import NOT_WHOLE
from edge_lpr.installation.dumping import dump_installation
from tests.support.card_images import MIB, blank_card, ends_of, loop_device, make_image, packed
from tests.support.flashing import BOOTH, write_bundle
from tests.support.waiting import wait_until

SLOW_XZ = """\
#!/bin/sh
# The first half of the image comes at once, the second one never.
head -c {half} {image}
exec sleep 60
"""


def begin(folder: Path, device: Path, image: Path) -> "tuple[subprocess.Popen[bytes], int]":
    """Start writing, with somebody at a terminal who has typed the device's name."""
    (folder / "answers.toml").write_text(dump_installation(BOOTH))
    bundle = write_bundle(folder)
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "edge_lpr.flashing", "--deployment", str(bundle)]
    command += ["--image", str(image), "--answers", str(folder / "answers.toml")]
    process = subprocess.Popen(
        [*command, "--to", str(device)],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
    )
    os.close(terminal)
    os.write(controller, f"{device.name}\n".encode())
    return process, controller


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT], ids=["power cut", "Ctrl-C"])
def test_card_of_which_writing_ended_in_the_middle_has_no_partitions(
    tmp_path: Path, stop: signal.Signals
) -> None:
    raw = make_image(tmp_path / "booth.img")
    image = packed(raw, ".xz")
    slow = tmp_path / "xz"
    slow.write_text(SLOW_XZ.format(half=12 * MIB, image=raw))
    slow.chmod(0o755)
    # It was a whole card before.
    backing = blank_card(tmp_path / "card", raw.read_bytes())
    with loop_device(backing) as device:
        process, controller = begin(tmp_path, device, image)
        try:
            wait_until(lambda: ends_of(device)[0].startswith(NOT_WHOLE))
            process.send_signal(stop)
            process.wait(30)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            os.close(controller)
        first, last = ends_of(device)
    assert first == NOT_WHOLE.ljust(MIB, b"\0")
    assert last == bytes(MIB)
