"""An installer's whole way: image, bundle and ticket; a card; a booth; the first sighting.

By the tools that he has, at the terminal that he sees, with nothing that docs/flashing.md does not
tell him. Only the camera is another one: he types ``test`` where it says ``usb``. The card is a
file behind a loop device, the booth an emulated one.

``EDGE_LPR_IMAGE_FOLDER`` is the folder that ``scripts/build_image`` has filled.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from edge_lpr.emulation.boards import BOARDS, kvm_works
from edge_lpr.emulation.flashed import show_lane
from edge_lpr.emulation.host_side import DEVICE, SITE, HostSide
from edge_lpr.emulation.machine import EmulatedBooth
from tests.support.card_images import loop_device, tool
from tests.support.custodian import Custodian
from tests.support.emulated_screen import fingerprint_on_screen, wait_for_screen
from tests.support.person import Person

pytestmark = pytest.mark.emulator

FOLDER: Final = os.environ.get("EDGE_LPR_IMAGE_FOLDER")
SCRIPT: Final = Path(__file__).parents[2] / "scripts" / "flash_booth"
CARD_BYTES: Final = 8_000_000_000
PATIENCE_S: Final = 1_800.0
MOST_FIELDS: Final = 5
MOST_MINUTES: Final = 15.0


@pytest.fixture(scope="module")
def image() -> Path:
    if FOLDER is None:
        pytest.fail(
            "EDGE_LPR_IMAGE_FOLDER names no image; scripts/test_image makes one and sets it"
        )
    (found,) = Path(FOLDER).glob("edge-lpr-generic-amd64-*.img")
    return found


@pytest.fixture
def host(tmp_path: Path) -> Iterator[HostSide]:
    with HostSide(tmp_path / "host") as made:
        yield made


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """What stands for a card of 8 GB, as it comes out of its packet."""
    path = tmp_path / "card"
    path.touch()
    os.truncate(path, CARD_BYTES)
    return path


def boot(card: Path, folder: Path, custodian: Custodian) -> dict[str, object]:
    """Put the card into a booth, read its screen to the custodian, and wait for a vehicle."""
    booth = EmulatedBooth(None, folder)
    booth.insert(card)
    show_lane(booth)
    with booth:
        booth.start()
        try:
            custodian.approve(fingerprint_on_screen(booth, PATIENCE_S))
            sighting = custodian.first_sighting(PATIENCE_S)
            wait_for_screen(booth, "This booth works.", PATIENCE_S)
        finally:
            # What is looked at when something failed.
            print(booth.console()[-3000:])  # noqa: T201
    return sighting


def test_an_installer_leads_an_image_to_its_first_sighting(
    image: Path, host: HostSide, card: Path, tmp_path: Path
) -> None:
    custodian = Custodian(host)
    note = custodian.ticket_note()
    start = time.monotonic()
    with loop_device(card) as reader:
        fields = flash(image, host, reader, note, tmp_path)
    flashed = time.monotonic()
    sighting = boot(card, tmp_path / "booth", custodian)
    end = time.monotonic()
    print(  # noqa: T201
        f"typed or pasted {fields} fields; flashed in {(flashed - start) / 60:.1f} minutes, "
        f"first sighting after {(end - start) / 60:.1f}"
    )
    assert sighting["verified"]
    assert fields <= MOST_FIELDS
    # Where the processor is emulated too, most of the time is that one's.
    if kvm_works(BOARDS["generic-amd64"]):
        assert (end - start) / 60 <= MOST_MINUTES


def flash(image: Path, host: HostSide, reader: Path, note: str, folder: Path) -> int:
    """Sit at the installer's computer; return how many fields were typed or pasted."""
    command = [str(SCRIPT), "--deployment", str(host.deployment), "--image", str(image)]
    label = folder / "label.pdf"
    person = Person([*command, "--to", str(reader), "--label", str(label)], folder, PATIENCE_S)
    person.reads(r"deployment of agency, authority [0-9A-Za-z_-]{16}: compare it")
    person.reads("ticket, typed or pasted")
    person.pastes(note)
    for shown, answer in (
        (rf"site \[{SITE}\]: ", ""),
        (rf"device \[{DEVICE}\]: ", ""),
        (r"camera \[usb\]: ", "test"),
        (r"network \[dhcp\]: ", ""),
        (r"time server \[none: the board's own clock keeps time\]: ", ""),
        ("right\\?.*: ", ""),
        (f"type {reader.name} to go on, Enter alone stops: ", reader.name),
    ):
        person.reads(shown)
        person.types(answer)
    person.reads(f"is written and read back, for {SITE}/{DEVICE}")
    assert person.leaves() == 0
    assert label.read_bytes().startswith(b"%PDF")
    return person.typed_fields


def test_a_disk_beside_the_card_takes_no_partitions_place(image: Path, tmp_path: Path) -> None:
    # Whoever can open the box can build one in: with a state that holds keys of his own.
    other = tmp_path / "other.img"
    other.touch()
    os.truncate(other, 64 << 20)
    table = b"label: gpt\ntype=L, name=state\n"
    subprocess.run([tool("sfdisk"), "--quiet", str(other)], input=table, check=True)
    booth = EmulatedBooth(image, tmp_path / "booth")
    booth.other_disk = other
    before = other.read_bytes()
    with booth:
        booth.start()
        wait_for_screen(booth, "the partition state is on another disk", PATIENCE_S)
        wait_for_screen(booth, "1 disk +FAILED", PATIENCE_S)
    assert other.read_bytes() == before


def test_answers_dropped_on_a_plainly_copied_image_do_the_same(
    image: Path, host: HostSide, card: Path, tmp_path: Path
) -> None:
    custodian = Custodian(host)
    (ticket, *_) = custodian.ticket_note().splitlines()
    start = time.monotonic()
    # As Raspberry Pi Imager and dd do: the image from the first byte on, and nothing else.
    copy = ["dd", f"if={image}", f"of={card}", "bs=4M", "conv=notrunc,sparse", "status=none"]
    subprocess.run(copy, check=True)
    answers = tmp_path / "installation.toml"
    # With an editor that ends lines as Windows does, and begins with a mark.
    lines = {"site": SITE, "device": DEVICE, "camera": "test", "ticket": ticket}
    text = "".join(f'{key} = "{word}"\r\n' for key, word in lines.items())
    answers.write_bytes(b"\xef\xbb\xbf" + text.encode())
    for file in (answers, host.deployment):
        drop = ["mcopy", "-i", f"{card}@@1M", str(file), f"::{file.name}"]
        subprocess.run(drop, check=True, env={**os.environ, "MTOOLS_SKIP_CHECK": "1"})
    sighting = boot(card, tmp_path / "booth", custodian)
    print(  # noqa: T201
        f"typed {len(lines)} fields; "
        f"first sighting after {(time.monotonic() - start) / 60:.1f} minutes"
    )
    assert sighting["verified"]
