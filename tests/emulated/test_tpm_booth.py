"""A booth with a TPM: what it seals at its first boot opens there and nowhere else.

Every test goes on where the one before it stopped, because a start takes minutes where there is no
KVM: run the file as a whole. ``EDGE_LPR_IMAGE_FOLDER`` is the folder that ``scripts/build_image``
has filled. The TPM is swtpm's.
"""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from edge_lpr.emulation.flashed import show_lane
from edge_lpr.emulation.host_side import DEVICE, SITE, HostSide
from edge_lpr.emulation.machine import EmulatedBooth
from edge_lpr.installation.keeping import keep_installation
from edge_lpr.installation.model import INSTALLATION_FILE_NAME, Installation
from edge_lpr.wire.deployment import DEPLOYMENT_FILE_NAME
from tests.support.custodian import Custodian
from tests.support.emulated_screen import fingerprint_on_screen, wait_for_screen

pytestmark = pytest.mark.emulator

FOLDER: Final = os.environ.get("EDGE_LPR_IMAGE_FOLDER")
PATIENCE_S: Final = 1_800.0
STATE: Final = "/dev/disk/by-partlabel/state"
AS_PUBLISHER: Final = (
    "setpriv --reuid edge-lpr-publisher --regid edge-lpr-sightings --clear-groups --"
)
AS_TOKENISER: Final = "setpriv --reuid edge-lpr-tokeniser --regid edge-lpr-readings --clear-groups"
OUTBOX: Final = "/var/lib/edge-lpr/publisher"


class Story:
    """A board with a TPM, its card and its agency, from test to test."""

    def __init__(self, image: Path, folder: Path) -> None:
        self.folder = folder
        self.booth = EmulatedBooth(image, folder / "booth", probe=True, tpm=folder / "chip")
        self.host = HostSide(folder / "host")
        self.custodian = Custodian(self.host)
        # Tier A: from a booth that keeps its keys in plain files it would be refused.
        (ticket, *_) = self.custodian.ticket_note(tier="A").splitlines()
        answers = Installation(site=SITE, device=DEVICE, camera="test", ticket=ticket)
        file = folder / INSTALLATION_FILE_NAME
        keep_installation(file, answers)
        self.booth.put_on_boot_partition(file, INSTALLATION_FILE_NAME)
        self.booth.put_on_boot_partition(self.host.deployment, DEPLOYMENT_FILE_NAME)
        show_lane(self.booth)
        self.host.start()

    def ask(self, command: str) -> str:
        """Have root run what must succeed."""
        status, said = self.booth.run(command, PATIENCE_S)
        assert status == 0, said
        return said

    def tokeniser_has_its_keys(self) -> None:
        """Wait until the tokeniser has opened what is sealed; the lane is another matter."""
        said = "systemctl show -p StatusText --value edge-lpr-tokeniser"
        self.booth.wait_for(f"{said} | grep 'keys until'", PATIENCE_S)

    def end(self) -> None:
        self.booth.power_cut()
        self.host.stop()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    if FOLDER is None:
        pytest.fail(
            "EDGE_LPR_IMAGE_FOLDER names no image; scripts/test_image makes one and sets it"
        )
    (image,) = Path(FOLDER).glob("edge-lpr-generic-amd64-*.img")
    made = Story(image, tmp_path_factory.mktemp("tpm"))
    try:
        yield made
    finally:
        # What is looked at when something failed.
        print(made.booth.console()[-3000:])  # noqa: T201
        made.end()


def test_a_booth_with_a_tpm_is_enrolled_with_tier_a(story: Story) -> None:
    start = time.monotonic()
    story.booth.start()
    story.custodian.approve(fingerprint_on_screen(story.booth, PATIENCE_S))
    wait_for_screen(story.booth, r"keys +ok +sealed by the TPM; token keys until", PATIENCE_S)
    print(f"at work after {time.monotonic() - start:.0f} s")  # noqa: T201
    story.tokeniser_has_its_keys()


def test_the_partition_opens_by_the_tpm_and_by_nothing_else(story: Story) -> None:
    header = story.ask(f"cryptsetup luksDump {STATE}")
    assert re.findall(r"^  (\d+): (luks2|systemd-tpm2)$", header, re.MULTILINE) == [
        ("0", "luks2"),
        ("0", "systemd-tpm2"),
    ]
    assert re.search(r"tpm2-hash-pcrs: +7$", header, re.MULTILINE), header
    assert "state.key" not in story.ask("ls /boot/efi")


def test_key_files_are_sealed_once_more(story: Story) -> None:
    folder = "/var/lib/edge-lpr/tokeniser"
    for name in ("key-ring", "event-key"):
        assert story.ask(f"head -c 15 {folder}/{name}") == "EDGE-LPR-SEALED"
    assert "sealing_key_file" in story.ask("grep ^sealing_key_file /etc/edge-lpr/booth.toml")


def test_a_hostile_publisher_cannot_fill_the_partition(story: Story) -> None:
    # Room is taken without being written, which is as good and faster.
    fill = f"for n in $(seq 200); do fallocate -l 64M {OUTBOX}/fill-$n || exit 7; done"
    status, said = story.booth.run(f"{AS_PUBLISHER} sh -c '{fill}'", PATIENCE_S)
    assert (status, "Disk quota exceeded" in said) == (7, True), said
    left = story.ask("df --output=size,avail -B1 /state | tail -n 1").split()
    taken = story.ask(f"du -sB1 {OUTBOX}").split()[0]
    print(f"of {left[0]} bytes it took {taken}, and left {left[1]}")  # noqa: T201
    assert int(left[1]) > int(left[0]) // 2
    files = f"for n in $(seq 5000); do : >{OUTBOX}/empty-$n || exit 7; done"
    status, said = story.booth.run(f"{AS_PUBLISHER} sh -c '{files}'", PATIENCE_S)
    assert status != 0, "it could make 5000 files"
    assert int(story.ask(f"ls {OUTBOX} | wc -l")) <= 2_000
    # The others have what they need: a key ring is exchanged, and an update is laid there.
    story.ask(f"{AS_TOKENISER} -- sh -c ': >/var/lib/edge-lpr/tokeniser/trial'")
    story.ask(f"{AS_TOKENISER} -- fallocate -l 100M /var/lib/edge-lpr/tokeniser/trial")
    story.ask("rm /var/lib/edge-lpr/tokeniser/trial")
    story.ask(f"cd {OUTBOX} && find . -name 'fill-*' -o -name 'empty-*' | xargs rm -f")


def test_the_screens_program_sees_nothing_of_the_partition(story: Story) -> None:
    process = story.ask("systemctl show -p MainPID --value edge-lpr-progress").strip()
    assert story.ask("ls /state").split()
    assert story.ask(f"nsenter -t {process} -m ls -A /state").split() == []
    status, _ = story.booth.run(f"nsenter -t {process} -m ls /run/edge-lpr-update")
    assert status == 0


def test_after_power_cuts_the_same_board_opens_it_again(story: Story) -> None:
    for _ in range(2):
        story.booth.power_cut()
        story.booth.start()
        story.booth.wait_for("test -e /dev/mapper/state", PATIENCE_S)
    story.tokeniser_has_its_keys()


def test_in_another_board_the_card_stays_closed(story: Story) -> None:
    story.booth.power_cut()
    folder = story.folder
    other = EmulatedBooth(None, folder / "other", probe=True, tpm=folder / "other-chip")
    other.insert(story.booth.disk)
    with other:
        other.start()
        wait_for_screen(other, "1 disk +FAILED", PATIENCE_S)
        other.wait_for("systemctl is-failed edge-lpr-state", PATIENCE_S)
        _, said = other.run("ls /dev/mapper /state; systemctl is-active edge-lpr-tokeniser")
        assert "state\n" not in said
        assert "inactive" in said
        _, journal = other.run("journalctl -b -u edge-lpr-state -o cat --no-pager")
        print(journal[-600:])  # noqa: T201
        # Nor is it made anew over what is there.
        assert "Formatting" not in journal
