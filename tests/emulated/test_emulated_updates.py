"""Updates of one emulated booth with its broker: eight bad ones are not kept, a good one is.

They follow one another at the same booth, because its first start takes minutes where there is no
KVM: four systems that do not work are tried and left, four bundles are not let in, and after all
that a good one is kept. Each test stands for itself: ``-k`` chooses, and makes only its bundles.

``EDGE_LPR_IMAGE_FOLDER`` is the folder in which ``scripts/build_image`` has left image, squashfs
and ``update-keys``. ``EDGE_LPR_BUNDLE_FOLDER`` may name one in which bundles stay for the next run
with the same image and the same ``bad_updates.py``.
"""

import datetime as dt
import hashlib
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest

from edge_lpr.core.errors import EdgeLprError, EmulationError
from edge_lpr.emulation.disk import make_folder_disk
from edge_lpr.emulation.flashed import flash
from edge_lpr.emulation.guest import LANE_FOLDER
from edge_lpr.emulation.host_side import HostSide
from edge_lpr.emulation.machine import EmulatedBooth
from edge_lpr.installation.keeping import keep_installation
from edge_lpr.installation.model import INSTALLATION_FILE_NAME
from edge_lpr.installation.reading import read_installation
from edge_lpr.synthesis.lane import write_lane
from edge_lpr.update.making_keys import make_update_keys
from tests.support.bad_updates import UpdateMaker, damaged

pytestmark = pytest.mark.emulator

EDGE_LPR: Final = "/opt/edge-lpr/bin/edge-lpr"
REASONS: Final = {
    "no broker": "no broker",
    # Of a process that comes and goes, both can be the last thing seen.
    "crash loop": "its processes do not last|no keys",
    # The gate had not begun to judge.
    "hang": "it did not start, or lost its power at once",
    "no camera": "no camera",
}
"""Tried, and left with these words."""

DEMANDS: Final = {
    "no broker": "broker",
    "crash loop": "keys",
    "hang": "keys",
    "no camera": "frames",
}
"""What works before the update, and is asked for."""

OUTSIDE: Final = {
    "wrong key": "bundle is refused: .*signature",
    "older version": "is not higher than",
    "corrupt block": "refused it before anything was written, .* damaged on its way: send it again",
    "full disk": "are needed; nothing was changed",
}
"""Refused before the first byte is written, with these words."""

BUILDS: Final = {"no camera": 101, "no broker": 102, "crash loop": 103, "hang": 104, "good": 110}
"""The number behind the plus of each system's version; the bundles of ``OUTSIDE`` are good ones but
for what their name says."""

GATE_S: Final = 150
"""``update_gate_s``: shorter than at a booth, and long enough for everything but what is broken to
work again where there is no KVM."""

CARS: Final = 120
"""Three minutes and a half of film, or more."""

CAMERA: Final = "[Service]\nRestart=always\n"
NO_CAMERA: Final = "[Unit]\nConditionPathExists=/run/no-camera-today\n"
"""For the vision process. A booth's camera does not come to an end, so a film begins anew; but all
frames of a film are looked at, as fast as it goes, which leaves little to the rest where there is
no KVM. So vision stands still where no chosen test asks for frames: such a booth is updated too."""

PATIENCE_S: Final = 1800.0
ROOM_BYTES: Final = 90_000_000
"""What is left free for ``full disk``: a start of the bundle, and not more."""

_STATUS: Final = "systemctl show -p StatusText --value "
_SAYS: Final = {
    "frames": ("edge-lpr-vision", "frames"),
    "keys": ("edge-lpr-tokeniser", "test keys"),
    "broker": ("edge-lpr-publisher", "broker reached"),
}
_BOOT: Final = "cat /proc/sys/kernel/random/boot_id"
_ATTEMPT: Final = "cat /state/update/last-update.json /proc/cmdline"
_PLACES: Final = (
    "sync; for each in a b; do"
    " at=/sys/class/block/$(basename $(readlink -f /dev/disk/by-partlabel/system-$each));"
    " cat $at/start $at/size; done"
)
_SECTOR_BYTES: Final = 512


class UpdatedBooth:
    """A booth that is enrolled and at work, and bundles on its lane's disk."""

    def __init__(self, image_folder: Path, folder: Path, kinds: list[str]) -> None:
        (image,) = image_folder.glob("edge-lpr-generic-amd64-*.img")
        (squashfs,) = image_folder.glob("edge-lpr-generic-amd64-*.squashfs")
        self.booth = EmulatedBooth(image, folder / "booth", probe=True)
        self.host = HostSide(folder / "host")
        flash(self.booth, self.host, cars=1)
        has_camera = {"no camera", "good"} & set(kinds)
        self.booth.drop_in("edge-lpr-vision.service", CAMERA if has_camera else NO_CAMERA)
        answers = self.booth.folder / INSTALLATION_FILE_NAME
        shortened = read_installation(answers).model_copy(update={"update_gate_s": GATE_S})
        keep_installation(answers, shortened)
        self.booth.put_on_boot_partition(answers, INSTALLATION_FILE_NAME)
        make_update_keys(folder / "strangers", "stranger", dt.datetime.now(dt.timezone.utc))
        bundles = Path(os.environ.get("EDGE_LPR_BUNDLE_FOLDER", folder / "bundles"))
        bundles.mkdir(parents=True, exist_ok=True)
        maker = UpdateMaker(squashfs, image_folder / "update-keys", bundles)
        film = bundles / "lane.avi"
        if not film.exists():
            write_lane(film, CARS)
        lane = self.booth.folder / "lane"
        shutil.copy(film, lane)
        for kind in kinds:
            bundle = _bundle(maker, kind, folder / "strangers")
            shutil.copy(bundle, lane / _file_name(kind))
        megabytes = 30 + sum(each.stat().st_size for each in lane.iterdir()) * 11 // 10_000_000
        make_folder_disk(lane, self.booth.folder / "lane.img", megabytes)

    def begin(self) -> None:
        """Switch on, approve the booth, and wait until everything works."""
        self.host.start()
        self.booth.start()
        threading.Thread(target=self._approve, daemon=True).start()
        with _timed("first start, enrolment, at work"):
            self.is_at_work("keys", "broker")

    def end(self) -> None:
        # What is looked at when something failed.
        print(self.booth.console()[-3000:])  # noqa: T201
        self.booth.power_cut()
        self.host.stop()

    def is_at_work(self, *demands: str) -> None:
        """Wait until each of these works."""
        for demand in demands:
            unit, words = _SAYS[demand]
            self.ask_until(re.compile(words).search, _STATUS + unit)

    def ask(self, command: str, patience_s: float = 120.0) -> str:
        """Have root run a command; again where the booth was just starting anew."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            # A booth that is switched off may leave half an answer.
            with suppress(EmulationError, ValueError):
                return self.booth.run(command, patience_s)[1]
            assert time.monotonic() < deadline, self.booth.console()[-2000:]

    def ask_until(self, is_it: Callable[[str], object], command: str) -> str:
        deadline = time.monotonic() + PATIENCE_S
        while not is_it(said := self.ask(command)):
            assert time.monotonic() < deadline, said + self.ask("journalctl -b -p 5 | tail -50")
            time.sleep(3)
        return said

    def install(self, kind: str) -> str:
        """Push a bundle, as a technician does; return what the booth says."""
        file = f"{LANE_FOLDER}/{_file_name(kind)}"
        command = f"{EDGE_LPR} update install --no-restart - <{file} 2>&1; echo status $?"
        with _timed(f"{kind}: install"):
            said = self.booth.run(command, PATIENCE_S)[1]
        print(said)  # noqa: T201
        return said

    def restart(self) -> None:
        """Restart, and come back when the trial has ended one way or the other."""
        before = self.ask(_BOOT)
        # Asked once: a second order could restart the trial.
        with suppress(EmulationError, ValueError):
            self.booth.run(
                "systemd-run --on-active=2 --timer-property=AccuracySec=100ms systemctl reboot", 60
            )
        with _timed("into the trial and back"):
            self.ask_until(lambda said: said.strip() not in ("", before.strip()), _BOOT)
            self.ask_until(_has_ended, _ATTEMPT)

    def status(self) -> dict[str, Any]:
        """Return what runs and how the last update went, and show it."""
        found: dict[str, Any] = json.loads(self.ask(f"{EDGE_LPR} update status --json"))
        print(self.ask(f"{EDGE_LPR} update status"))  # noqa: T201
        return found

    def everything(self) -> tuple[str, list[str]]:
        """Return the loader's notes and the booth's own, and digests of both slots on the card."""
        notes = self.ask("cat /boot/efi/grub/grubenv*; grep -r '' /state/update; ls -A /state/rauc")
        numbers = [int(each) * _SECTOR_BYTES for each in self.ask(_PLACES).split()]
        slots = zip(numbers[::2], numbers[1::2], strict=True)
        return notes, [_digest(self.booth.disk, start, size) for start, size in slots]

    def _approve(self) -> None:
        while self.booth.is_on:
            with suppress(EdgeLprError):
                if self.host.approve() is not None:
                    return
            time.sleep(5)


def _bundle(maker: UpdateMaker, kind: str, strangers: Path) -> Path:
    if kind == "wrong key":
        return maker.make("good", BUILDS["good"], strangers)
    if kind == "older version":
        return maker.make("good", 0)
    if kind == "corrupt block":
        return damaged(maker.make("good", BUILDS["good"]))
    kind = "good" if kind == "full disk" else kind
    return maker.make(kind, BUILDS[kind])


def _file_name(kind: str) -> str:
    return f"{kind.replace(' ', '-')}.raucb"


def _has_ended(said: str) -> bool:
    """Tell from an update's record and a kernel's command line whether its trial is over."""
    is_over = '"stage":"kept"' in said or '"stage":"left"' in said
    return is_over and ("edge_lpr.trial" not in said or '"stage":"kept"' in said)


def _digest(card: Path, start: int, size: int) -> str:
    digest = hashlib.sha256()
    with card.open("rb") as file:
        file.seek(start)
        for _ in range(0, size, 1 << 20):
            digest.update(file.read(1 << 20))
    return digest.hexdigest()


@contextmanager
def _timed(what: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - start:.0f} s")  # noqa: T201


@pytest.fixture(scope="module")
def updated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[UpdatedBooth]:
    named = os.environ.get("EDGE_LPR_IMAGE_FOLDER")
    if named is None:
        pytest.fail(
            "EDGE_LPR_IMAGE_FOLDER names no image; scripts/test_image makes one and sets it"
        )
    ours = [each for each in request.session.items if each.path == Path(__file__)]
    tests = [each for each in ours if isinstance(each, pytest.Function)]
    kinds = [str(each.callspec.params["kind"]) for each in tests]
    made = UpdatedBooth(Path(named), tmp_path_factory.mktemp("updated"), kinds)
    try:
        made.begin()
        yield made
    finally:
        made.end()


@pytest.mark.parametrize("kind", REASONS)
def test_a_system_that_does_not_work_is_left(updated: UpdatedBooth, kind: str) -> None:
    updated.is_at_work(DEMANDS[kind])
    before = updated.status()
    assert "status 0" in updated.install(kind)
    updated.restart()
    after = updated.status()
    assert (after["version"], after["slot"]) == (before["version"], before["slot"])
    assert not after["is_trial"]
    last = after["last_update"]
    assert last["version"].endswith(f"+{BUILDS[kind]}")
    assert last["stage"] == "left"
    assert DEMANDS[kind] in last["demands"]
    assert re.search(REASONS[kind], last["reason"]), last["reason"]
    updated.is_at_work(DEMANDS[kind])


@pytest.mark.parametrize("kind", OUTSIDE)
def test_a_bundle_that_may_not_come_in_changes_nothing(updated: UpdatedBooth, kind: str) -> None:
    before = updated.everything()
    if kind == "full disk":
        free = "$(df --output=avail -B1 /state | tail -n 1)"
        updated.ask(f"fallocate -l $(({free} - {ROOM_BYTES})) /state/filler")
    said = updated.install(kind)
    updated.ask("rm -f /state/filler")
    assert "status 1" in said
    assert re.search(OUTSIDE[kind], said), said
    assert updated.everything() == before, said
    assert updated.ask("ls /state/update/*.raucb 2>/dev/null") == ""
    updated.is_at_work("keys", "broker")


@pytest.mark.parametrize("kind", ["good"])
def test_a_good_update_is_kept(updated: UpdatedBooth, kind: str) -> None:
    updated.is_at_work("frames", "keys", "broker")
    before = updated.status()
    assert "status 0" in updated.install(kind)
    updated.restart()
    after = updated.status()
    assert after["version"].endswith(f"+{BUILDS[kind]}")
    assert after["last_update"]["stage"] == "kept"
    assert set(after["last_update"]["demands"]) == {"frames", "keys", "broker"}
    assert after["slot"] != before["slot"]
    updated.booth.power_cut()
    updated.booth.start()
    assert updated.status()["version"] == after["version"]
