"""Updates of an emulated booth with its broker: the good one is kept, eight bad ones are not.

Needs a system image, and half an hour for each where there is no KVM. ``EDGE_LPR_IMAGE_FOLDER`` is
the folder in which ``scripts/build_image`` has left image, squashfs and ``update-keys``.
"""

import datetime as dt
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from edge_lpr.core.errors import EdgeLprError, EmulationError
from edge_lpr.emulation.disk import make_folder_disk
from edge_lpr.emulation.flashed import flash
from edge_lpr.emulation.host_side import HostSide
from edge_lpr.emulation.machine import EmulatedBooth
from edge_lpr.update.making_keys import make_update_keys
from tests.support.bad_updates import UpdateMaker, damaged

pytestmark = pytest.mark.emulator

LANE = "/run/edge-lpr-lane"
EDGE_LPR = "/opt/edge-lpr/bin/edge-lpr"
OUTSIDE = {
    "wrong key": "bundle is refused: .*signature",
    "older version": "is not higher than",
    # RAUC's pre-check, in its own words behind ours.
    "corrupt block": "this bundle was not installed: ",
    "full disk": "are needed; nothing was changed",
}
"""Refused before the first byte is written, with these words."""

REASONS = {
    "no camera": "no camera",
    "no broker": "no broker",
    "crash loop": "do not last|no keys",
    # The gate had not begun to judge.
    "hang": "did not start",
}
"""Tried, and left with these words."""

PATIENCE_S = 3600.0


class UpdatedEmulation:
    """A booth that is enrolled and at work, and the bundles on its lane's disk."""

    def __init__(self, image_folder: Path, folder: Path, kinds: list[str]) -> None:
        (image,) = image_folder.glob("edge-lpr-generic-amd64-*.img")
        (squashfs,) = image_folder.glob("edge-lpr-generic-amd64-*.squashfs")
        self.booth = EmulatedBooth(image, folder / "booth", probe=True)
        self.host = HostSide(folder / "host")
        # Enough for the health gate: a booth's camera does not come to an end.
        flash(self.booth, self.host, cars=40)
        lane = self.booth.folder / "lane"
        make_update_keys(folder / "strangers", "stranger", dt.datetime.now(dt.timezone.utc))
        maker = UpdateMaker(squashfs, image_folder / "update-keys", folder)
        for number, kind in enumerate(kinds, start=100):
            bundle = self._bundle(maker, kind, number, folder / "strangers")
            shutil.copy(bundle, lane / f"{kind.replace(' ', '-')}.raucb")
        megabytes = 80 + sum(each.stat().st_size for each in lane.iterdir()) * 11 // 10_000_000
        make_folder_disk(lane, self.booth.folder / "lane.img", megabytes)

    def begin(self) -> None:
        """Switch on, approve the booth, and wait until everything works."""
        self.host.start()
        self.booth.start()
        threading.Thread(target=self._approve, daemon=True).start()
        self.ask_until(lambda said: "broker reached" in said and "frames" in said, _STATUS)

    def end(self) -> None:
        self.booth.power_cut()
        self.host.stop()

    def ask(self, command: str, patience_s: float = 120.0) -> str:
        """Have root run a command; again where the booth was just starting anew."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with suppress(EmulationError):
                return self.booth.run(command, patience_s)[1]
            assert time.monotonic() < deadline, self.booth.console()[-2000:]

    def ask_until(self, is_it: Any, command: str) -> str:  # noqa: ANN401 - a predicate
        deadline = time.monotonic() + PATIENCE_S
        while not is_it(said := self.ask(command)):
            assert time.monotonic() < deadline, said + self.ask("journalctl -b -p 5 | tail -50")
            time.sleep(5)
        return said

    def install(self, kind: str) -> str:
        """Push a bundle, as a technician does; return what the booth says."""
        name = f"{LANE}/{kind.replace(' ', '-')}.raucb"
        command = f"{EDGE_LPR} update install --no-restart - <{name} 2>&1; echo status $?"
        return self.ask(command, PATIENCE_S)

    def restart(self) -> None:
        """Restart, and come back when the trial has ended one way or the other."""
        boot = self.ask("cat /proc/sys/kernel/random/boot_id")
        self.ask("systemd-run --on-active=1 systemctl reboot")
        self.ask_until(lambda said: said != boot, "cat /proc/sys/kernel/random/boot_id")
        self.ask_until(
            lambda said: '"stage": "kept"' in said or '"stage": "left"' in said,
            f"{EDGE_LPR} update status --json",
        )
        self.ask_until(lambda said: '"is_trial": false' in said, f"{EDGE_LPR} update status --json")

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ask(f"{EDGE_LPR} update status --json"))
        return found

    def _approve(self) -> None:
        while self.booth.is_on:
            with suppress(EdgeLprError):
                if self.host.approve() is not None:
                    return
            time.sleep(2)

    def _bundle(self, maker: UpdateMaker, kind: str, number: int, strangers: Path) -> Path:
        if kind == "wrong key":
            return maker.make("good", number, strangers)
        if kind == "older version":
            return maker.make("good", 0)
        if kind == "corrupt block":
            return damaged(maker.make("good", number))
        return maker.make("good" if kind == "full disk" else kind, number)


_STATUS = "systemctl show -p StatusText --value edge-lpr-vision edge-lpr-publisher"


@pytest.fixture(scope="module")
def image_folder() -> Path:
    named = os.environ.get("EDGE_LPR_IMAGE_FOLDER")
    if named is None:
        pytest.fail(
            "EDGE_LPR_IMAGE_FOLDER names no image; scripts/test_image makes one and sets it"
        )
    return Path(named)


@pytest.fixture
def emulation(
    request: pytest.FixtureRequest, image_folder: Path, tmp_path: Path
) -> Iterator[UpdatedEmulation]:
    made = UpdatedEmulation(image_folder, tmp_path, [request.param])
    try:
        made.begin()
        yield made
    finally:
        made.end()


@pytest.mark.parametrize("emulation", ["good"], indirect=True)
def test_a_good_update_is_kept(emulation: UpdatedEmulation) -> None:
    before = emulation.status()
    assert "status 0" in emulation.install("good")
    emulation.restart()
    after = emulation.status()
    assert after["version"].endswith("+100")
    assert after["last_update"]["stage"] == "kept"
    assert set(after["last_update"]["demands"]) == {"frames", "keys", "broker"}
    assert after["slot"] != before["slot"]
    emulation.booth.power_cut()
    emulation.booth.start()
    assert emulation.status()["version"] == after["version"]


@pytest.mark.parametrize(
    ("emulation", "kind"), [(kind, kind) for kind in sorted(REASONS)], indirect=["emulation"]
)
def test_a_system_that_does_not_work_is_left(emulation: UpdatedEmulation, kind: str) -> None:
    before = emulation.status()
    assert "status 0" in emulation.install(kind)
    emulation.restart()
    after = emulation.status()
    assert (after["version"], after["slot"]) == (before["version"], before["slot"])
    assert after["last_update"]["stage"] == "left"
    assert re.search(REASONS[kind], after["last_update"]["reason"])


@pytest.mark.parametrize(
    ("emulation", "kind"), [(kind, kind) for kind in sorted(OUTSIDE)], indirect=["emulation"]
)
def test_a_bundle_that_may_not_come_in_changes_nothing(
    emulation: UpdatedEmulation, kind: str
) -> None:
    look = "cat /boot/efi/grub/grubenv; sha256sum /dev/disk/by-partlabel/system-?"
    before = emulation.ask(look, PATIENCE_S)
    if kind == "full disk":
        emulation.ask(
            "fallocate -l $(($(df --output=avail -B1 /state | tail -n 1) - 90000000)) /state/x"
        )
    said = emulation.install(kind)
    assert "status 1" in said
    assert re.search(OUTSIDE[kind], said), said
    assert emulation.ask(look, PATIENCE_S) == before, said
    assert emulation.ask("ls /state/update/*.raucb 2>/dev/null") == ""
