"""An ARM booth from its image to a sighting, and back after a power cut; everything emulated.

``scripts/test_image --long`` runs it, with ``EDGE_LPR_ARM64_IMAGE_FOLDER``: the folder that
``scripts/build_image --board generic-arm64`` has filled. What a booth does beyond this is the same
on every board, and tried on the faster one (``test_emulated_booth.py``).
"""

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest

from edge_lpr.core.errors import EdgeLprError
from edge_lpr.emulation.flashed import flash
from edge_lpr.emulation.host_side import HostSide
from edge_lpr.emulation.machine import EmulatedBooth

pytestmark = pytest.mark.emulator

FOLDER: Final = os.environ.get("EDGE_LPR_ARM64_IMAGE_FOLDER")
PATIENCE_S: Final = 2400.0
"""A foreign processor on two busy cores: a start takes ten minutes."""

GOALS: Final = {"vision": 0.5, "tokeniser": 0.5, "publisher": 1.0}
"""Largest exposure of each unit, as ``systemd-analyze security`` counts."""

UNITS: Final = [f"edge-lpr-{process}.service" for process in GOALS]


class Story:
    """The booth and its agency, from test to test."""

    def __init__(self, image: Path, folder: Path) -> None:
        self.booth = EmulatedBooth(image, folder / "booth", board="generic-arm64", probe=True)
        self.host = HostSide(folder / "host")
        flash(self.booth, self.host)
        self.host.start()

    def approve(self) -> None:
        while self.booth.is_on:
            with suppress(EdgeLprError):
                if self.host.approve() is not None:
                    return
            time.sleep(2)

    def sighting(self, *, not_of_boot: str | None = None) -> dict[str, Any]:
        """Return the next sighting that a consumer sees, of another boot than the one named."""
        command = self.host.subscribe("--json", "--seconds", str(int(PATIENCE_S)))
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as consumer:
            try:
                for line in consumer.stdout or ():
                    event: dict[str, Any] = json.loads(line)
                    if event["event"] == "sighting" and event["boot"] != not_of_boot:
                        return event
            finally:
                consumer.terminate()
        raise AssertionError(f"no sighting in {PATIENCE_S:.0f} s")

    def ask(self, command: str) -> str:
        """Return what a command of root's in the booth says; it must succeed."""
        status, said = self.booth.run(command, PATIENCE_S)
        assert status == 0, said
        return said


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    if FOLDER is None:
        pytest.fail("EDGE_LPR_ARM64_IMAGE_FOLDER names no image; scripts/test_image --long does")
    (image,) = Path(FOLDER).glob("edge-lpr-generic-arm64-*.img")
    made = Story(image, tmp_path_factory.mktemp("arm64"))
    try:
        yield made
    finally:
        # What is looked at when something failed.
        print(made.booth.console()[-3000:])  # noqa: T201
        made.booth.power_cut()
        made.host.stop()


def test_a_flashed_arm_card_leads_to_the_first_sighting(story: Story) -> None:
    start = time.monotonic()
    story.booth.start()
    threading.Thread(target=story.approve, daemon=True).start()
    sighting = story.sighting()
    print(f"first sighting after {time.monotonic() - start:.0f} s")  # noqa: T201
    assert sighting["verified"], sighting
    assert story.ask("uname -m").strip() == "aarch64"


def test_an_arm_booth_is_at_work_and_nothing_has_failed(story: Story) -> None:
    story.booth.wait_for(
        f"systemctl is-active {' '.join(UNITS)} nftables edge-lpr-sshd", PATIENCE_S
    )
    assert story.ask("systemctl --failed --no-legend --plain").strip() == ""


def test_an_arm_booths_units_are_as_closed_as_promised(story: Story) -> None:
    for process, unit in zip(GOALS, UNITS, strict=True):
        said = story.ask(f"systemd-analyze security --no-pager {unit} | tail -n 1")
        exposure = re.search(r": ([0-9.]+) ", said)
        assert exposure is not None, said
        print(f"exposure of {process}: {exposure[1]}")  # noqa: T201
        assert float(exposure[1]) <= GOALS[process], said


def test_an_arm_booths_root_is_read_only_and_its_state_encrypted(story: Story) -> None:
    mounts = story.ask("cat /proc/mounts")
    assert re.search(r"^\S+ / squashfs ro", mounts, re.MULTILINE), mounts
    assert re.search(r"^/dev/mapper/state /state ext4 rw,nosuid,nodev,noexec", mounts, re.MULTILINE)
    assert re.search(r"^\S+ /boot/efi vfat ro,", mounts, re.MULTILINE), mounts
    assert re.search(r"type: *LUKS2", story.ask("cryptsetup status state"))


def test_an_arm_booth_is_back_after_a_power_cut(story: Story) -> None:
    before = story.sighting()
    state = story.ask("cryptsetup luksUUID /dev/disk/by-partlabel/state")
    story.booth.power_cut()
    start = time.monotonic()
    story.booth.start()
    after = story.sighting(not_of_boot=before["boot"])
    print(f"a sighting {time.monotonic() - start:.0f} s after the power came back")  # noqa: T201
    assert after["verified"], after
    assert story.ask("cryptsetup luksUUID /dev/disk/by-partlabel/state") == state
