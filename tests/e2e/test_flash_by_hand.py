"""An installer at his laptop: one command, a paste, five times Enter, the name of the card."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.flashing.boot_files import get_file
from edge_lpr.flashing.image_file import check_image
from edge_lpr.installation.model import Installation
from edge_lpr.installation.reading import parse_installation
from tests.support.card_images import blank_card, loop_device, make_image
from tests.support.flashing import CODE, NOTE, write_bundle
from tests.support.person import Person


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Path]:
    with loop_device(blank_card(tmp_path / "backing")) as device:
        yield device


def test_card_with_one_paste_and_one_typed_word(tmp_path: Path, card: Path) -> None:
    image = make_image(tmp_path / "edge-lpr-generic-amd64-1.img")
    write_bundle(tmp_path)
    command = [sys.executable, "-m", "edge_lpr.flashing", "--deployment", "deployment.lpr"]
    person = Person([*command, "--to", str(card)], tmp_path)
    person.reads(r"deployment of agency, authority [0-9A-Za-z_-]{16}: compare it")
    person.reads("ticket, typed or pasted")
    person.pastes(NOTE)
    for label in (r"site \[north-crossing\]", r"device \[booth-1\]", r"camera \[usb\]"):
        person.reads(f"{label}: ")
        person.types("")
    person.reads(r"network \[dhcp\]: ")
    person.types("wlan")
    person.reads("must be dhcp, or static")
    person.reads(r"network \[dhcp\]: ")
    person.types("")
    person.reads(r"time server \[none: the board's own clock keeps time\]: ")
    person.types("192.0.2.7")
    person.reads("right\\?")
    person.types("")
    person.reads(rf"{card}, .*3.2 GB")
    person.reads(f"type {card.name} to go on, Enter alone stops: ")
    person.types(card.name)
    person.reads("writing .* a second")
    person.reads("reading .* a second")
    person.reads("█")
    person.reads("is written and read back, for north-crossing/booth-1")
    person.reads("next: card into the booth")
    assert person.leaves() == 0
    with card.open("rb") as file:
        boot = check_image(image).layout.boot
        answers = get_file(file.fileno(), boot, "installation.toml")
    assert answers is not None
    assert parse_installation(answers, "it") == Installation(
        site="north-crossing",
        device="booth-1",
        camera="usb",
        ticket=CODE,
        time_server="192.0.2.7",
    )
    # One of the four was a mistake.
    assert person.typed_fields == 4
