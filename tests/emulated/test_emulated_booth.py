"""One booth from an image to its first sighting, under power cuts, and with what may attack it.

Every test goes on where the one before it stopped, because a start takes a minute or more where
there is no KVM: run the file as a whole. ``EDGE_LPR_IMAGE_FOLDER`` is the folder that
``scripts/build_image`` has filled.
"""

import datetime as dt
import json
import os
import re
import shutil
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
from edge_lpr.emulation.guest import LANE_FOLDER
from edge_lpr.emulation.host_side import HostSide
from edge_lpr.emulation.machine import EmulatedBooth
from edge_lpr.update.making_keys import make_update_keys
from tests.escape.in_booth import SUITE_NAME, plug_in, run_judge
from tests.escape.pack import pack_suite
from tests.support.bad_updates import small_bundle

pytestmark = pytest.mark.emulator

FOLDER: Final = os.environ.get("EDGE_LPR_IMAGE_FOLDER")
PATIENCE_S: Final = 900.0
GOALS: Final = {"vision": 0.5, "tokeniser": 0.5, "publisher": 1.0}
"""Largest exposure of each unit, as ``systemd-analyze security`` counts."""

UNITS: Final = [f"edge-lpr-{process}.service" for process in GOALS]
AT_WORK: Final = f"systemctl is-active {' '.join(UNITS)} nftables edge-lpr-sshd"


class Consumer:
    """Somebody at the agency's broker who listens all the time."""

    def __init__(self, host: HostSide) -> None:
        self.events: list[dict[str, Any]] = []
        self._process = subprocess.Popen(
            host.subscribe("--json"), stdout=subprocess.PIPE, text=True
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def count(self, kind: str) -> int:
        return sum(event["event"] == kind for event in self.events)

    def wait_for_sighting(self, after: int) -> None:
        """Wait until there are more sightings than before."""
        deadline = time.monotonic() + PATIENCE_S
        while self.count("sighting") <= after:
            assert time.monotonic() < deadline, self.events[-3:]
            time.sleep(0.5)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            self.events.append(json.loads(line))


class Story:
    """The booth and its agency, from test to test."""

    def __init__(self, image: Path, folder: Path) -> None:
        self.booth = EmulatedBooth(image, folder / "booth", probe=True)
        self.host = HostSide(folder / "host")
        (self.booth.folder / "lane").mkdir()
        pack_suite(self.booth.folder / "lane" / SUITE_NAME)
        self._make_bad_updates(image.parent / "update-keys", folder)
        flash(self.booth, self.host)
        self.host.start()
        self.consumer = Consumer(self.host)

    def _make_bad_updates(self, keys: Path, folder: Path) -> None:
        """Lay two bundles beside the lane: one of a stranger, and one of an older system."""
        make_update_keys(folder / "strangers", "stranger", dt.datetime.now(dt.timezone.utc))
        for kind, number, signer in (
            ("wrong-key", 9, folder / "strangers"),
            ("older-version", 0, keys),
        ):
            bundle = small_bundle(folder / kind, number, signer)
            shutil.copy(bundle, self.booth.folder / "lane" / f"{kind}.raucb")

    def approve(self) -> None:
        while self.booth.is_on:
            with suppress(EdgeLprError):
                if self.host.approve() is not None:
                    return
            time.sleep(2)

    def is_at_work(self) -> None:
        self.booth.wait_for(AT_WORK, PATIENCE_S)

    def end(self) -> None:
        self.booth.power_cut()
        self.consumer.stop()
        self.host.stop()


@pytest.fixture(scope="module")
def image() -> Path:
    if FOLDER is None:
        pytest.fail(
            "EDGE_LPR_IMAGE_FOLDER names no image; scripts/test_image makes one and sets it"
        )
    (found,) = Path(FOLDER).glob("edge-lpr-generic-amd64-*.img")
    return found


@pytest.fixture(scope="module")
def story(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    made = Story(image, tmp_path_factory.mktemp("emulated"))
    try:
        yield made
    finally:
        # What is looked at when something failed.
        print(made.booth.console()[-3000:])  # noqa: T201
        made.end()


def test_a_flashed_card_leads_to_the_first_sighting(story: Story) -> None:
    start = time.monotonic()
    story.booth.start()
    threading.Thread(target=story.approve, daemon=True).start()
    story.consumer.wait_for_sighting(0)
    print(f"first sighting after {time.monotonic() - start:.0f} s")  # noqa: T201
    assert all(event["verified"] for event in story.consumer.events if event["event"] == "sighting")
    story.is_at_work()


def test_nothing_has_failed_and_nobody_can_log_in_at_the_console(story: Story) -> None:
    _, failed = story.booth.run("systemctl --failed --no-legend --plain")
    assert failed.strip() == ""
    _, terminals = story.booth.run("ps -eo comm | grep -cE 'getty|login$|sulogin'")
    assert terminals.strip() == "0"


def test_root_asks_all_three_processes_how_they_are_and_that_is_in_the_audit(story: Story) -> None:
    """At systemd's own sockets, through the walls of the units; no other test has both."""
    said_by: dict[str, str] = {"vision": "funnel", "tokeniser": "keys", "publisher": "broker"}
    deadline = time.monotonic() + PATIENCE_S
    while True:
        # Its time limits are those of a board; here a process may need longer, and is asked again.
        status, said = story.booth.run(
            "/opt/edge-lpr/bin/edge-lpr diagnose --json 2>/dev/null", PATIENCE_S
        )
        assert status in (0, 1, 3), said
        findings = {each["check"]: each for each in json.loads(said)["findings"]}
        if set(said_by.values()) <= findings.keys():
            break
        assert time.monotonic() < deadline, [each["evidence"] for each in findings.values()]
        time.sleep(5)
    print({name: each["verdict"] for name, each in findings.items()})  # noqa: T201
    assert findings["settings"]["verdict"] == "good", findings["settings"]
    for process in said_by:
        # As the service manager sees it: it runs.
        assert findings[process]["verdict"] in ("good", "warning"), findings[process]
    assert findings["vision_network"]["code"] is None, findings["vision_network"]
    assert findings["broker"]["code"] is None, findings["broker"]
    story.booth.wait_for("systemctl is-active edge-lpr-audit.service", PATIENCE_S)
    status, entries = story.booth.run("grep -rl diagnosis_began /var/lib/edge-lpr/audit")
    assert (status, bool(entries.strip())) == (0, True), entries


def test_units_are_as_closed_as_promised(story: Story) -> None:
    _, said = story.booth.run(f"systemd-analyze security --no-pager {UNITS[0]} | tail -n 1")
    for process, unit in zip(GOALS, UNITS, strict=True):
        _, said = story.booth.run(f"systemd-analyze security --no-pager {unit} | tail -n 1")
        exposure = re.search(r": ([0-9.]+) ", said)
        assert exposure is not None, said
        assert float(exposure[1]) <= GOALS[process], said


def test_root_is_read_only_and_state_is_encrypted(story: Story) -> None:
    _, mounts = story.booth.run("cat /proc/mounts")
    assert re.search(r"^\S+ / squashfs ro", mounts, re.MULTILINE)
    assert re.search(r"^/dev/mapper/state /state ext4 rw,nosuid,nodev,noexec", mounts, re.MULTILINE)
    assert re.search(r"^\S+ /boot/efi vfat ro,", mounts, re.MULTILINE)
    status, kind = story.booth.run("cryptsetup status state | grep -E 'type: *LUKS2'")
    assert status == 0, kind
    status, _ = story.booth.run("test $(wc -l </proc/swaps) -le 1")
    assert status == 0


def test_the_ticket_is_gone_from_the_card(story: Story) -> None:
    status, said = story.booth.run("ls /boot/efi && cat /etc/edge-lpr/installation.toml")
    assert status == 0, said
    assert "installation.toml" not in said.split()
    assert re.search(r"^site =", said, re.MULTILINE), said
    assert not re.search(r"^ticket", said, re.MULTILINE)


def test_nothing_escapes_from_a_hostile_vision(story: Story) -> None:
    rows = run_judge(story.booth, "--no-control")["rows"]
    tried = [row for row in rows if row["unit"] is not None]
    assert len(tried) >= 25
    assert [row["attempt"] for row in tried if row["unit"]["succeeded"]] == []


def test_what_is_plugged_in_is_nothing_to_the_booth(story: Story, tmp_path: Path) -> None:
    for name, found in plug_in(story.booth, tmp_path).items():
        assert found["seen"], name
        assert (found["authorized"], found["has"]) == ("0", ""), name


@pytest.mark.parametrize(
    ("kind", "why"),
    [("wrong-key", "bundle is refused: .*signature"), ("older-version", "is not higher than")],
)
def test_a_bad_update_changes_nothing(story: Story, kind: str, why: str) -> None:
    look = "cat /boot/efi/grub/grubenv; head -c 65536 /dev/disk/by-partlabel/system-b | sha256sum"
    _, before = story.booth.run(look)
    command = (
        f"/opt/edge-lpr/bin/edge-lpr update install --no-restart - <{LANE_FOLDER}/{kind}.raucb"
    )
    status, said = story.booth.run(f"{command} 2>&1")
    assert status != 0
    assert re.search(why, said), said
    assert story.booth.run(look)[1] == before


def test_power_cuts_lose_nothing_and_mix_nothing(story: Story) -> None:
    _, version = story.booth.run("cat /usr/lib/edge-lpr/image.json; cat /proc/cmdline")
    for moment in ("at work", "while it starts", "right after the start"):
        if moment == "while it starts":
            story.booth.start()
            # A kernel and the first units are there; the state is being opened.
            story.booth.run("true", PATIENCE_S)
        if moment == "right after the start":
            story.booth.start()
            story.is_at_work()
        story.booth.power_cut()
    before = story.consumer.count("sighting")
    story.booth.start()
    story.is_at_work()
    story.consumer.wait_for_sighting(before)
    assert story.booth.run("cat /usr/lib/edge-lpr/image.json; cat /proc/cmdline")[1] == version
    # Each boot numbers its sightings from the first; what the outbox had taken came out of it.
    assert story.consumer.count("gap") == 0
    assert story.consumer.count("refusal") == 0
    by_boot: dict[str, list[int]] = {}
    for event in story.consumer.events:
        if event["event"] == "sighting":
            by_boot.setdefault(event["boot"], []).append(event["seq"])
    assert all(seen == list(range(1, 1 + len(seen))) for seen in by_boot.values()), by_boot
