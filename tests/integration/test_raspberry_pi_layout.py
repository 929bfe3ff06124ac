"""The card of a Raspberry Pi: its partitions, what its firmware reads first, and the same twice."""

import subprocess
import sys
from pathlib import Path

import pytest

from edge_lpr.system_image.image_search import search_image
from edge_lpr.system_image.partitions import partitions_of, unpack
from edge_lpr.system_image.secret_search import SecretSearch
from edge_lpr.update.slots import SlotNotes
from edge_lpr.update.tryboot_slots import PARTITIONS, autoboot_sector

PROJECT = Path(__file__).parents[2]
MEBIBYTE = 1 << 20
SYSTEM = b"hsqs a packed system"

PROGRAM = """
    set -euo pipefail
    . scripts/setup_environment
    . scripts/image_from_base
    PATH="$PATH:/usr/sbin:/sbin"
    scratch=$1 boot_mb=40 slot_mb=4 venv=$2
    export SOURCE_DATE_EPOCH=1700000000
    mkdir "$scratch/tree" "$scratch/tree/overlays"
    echo kernel >"$scratch/tree/kernel8.img"
    echo overlay >"$scratch/tree/overlays/disable-bt.dtbo"
    make_fat "$scratch/system-boot.img" SYSTEM "$scratch/tree"
    make_raspberry_pi_choice "$scratch/boot.img"
    join_raspberry_pi "$scratch/image"
"""
"""As ``scripts/build_image`` does it, with small partitions and little in them."""


def make_image(scratch: Path) -> Path:
    scratch.mkdir()
    (scratch / "system.squashfs").write_bytes(SYSTEM)
    subprocess.run(
        ["/bin/bash", "-c", PROGRAM, "bash", scratch, sys.prefix], cwd=PROJECT, check=True
    )
    return scratch / "image"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_image(tmp_path_factory.mktemp("card") / "one")


def names_of(image: Path) -> list[str]:
    listed = subprocess.run(
        ["/sbin/sfdisk", "--quiet", "--list", "--output", "Name", image],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return listed.split()[1:]


def test_partitions_stand_where_the_firmware_and_the_update_look_for_them(image: Path) -> None:
    assert names_of(image) == ["boot", "boot-a", "boot-b", "system-a"]
    assert (PARTITIONS["A"], PARTITIONS["B"]) == (2, 3)
    partitions = partitions_of(image)
    # boot-b is empty until the first update.
    assert [each.kind for each in partitions] == ["vfat", "vfat", "unknown", "squashfs"]
    assert [each.size_bytes // MEBIBYTE for each in partitions] == [40, 40, 40, 4]
    content = image.read_bytes()
    assert content[partitions[3].offset :].startswith(SYSTEM)


def test_the_first_partition_leads_to_the_first_system(image: Path, tmp_path: Path) -> None:
    unpack(image, partitions_of(image)[0], tmp_path / "boot")
    (file,) = (tmp_path / "boot").iterdir()
    assert file.name == "autoboot.txt"
    assert file.read_bytes() == autoboot_sector(SlotNotes(("A",), None))


def test_the_kernels_partition_holds_what_was_put_there(image: Path, tmp_path: Path) -> None:
    unpack(image, partitions_of(image)[1], tmp_path / "boot-a")
    assert (tmp_path / "boot-a/kernel8.img").read_text() == "kernel\n"
    assert (tmp_path / "boot-a/overlays/disable-bt.dtbo").read_text() == "overlay\n"


def test_a_slot_that_waits_for_its_first_update_is_searched_as_it_lies(
    image: Path, tmp_path: Path
) -> None:
    waiting = partitions_of(image)[2]
    # What stands for a packed system here is none, and would stop the search.
    content = bytearray(image.read_bytes().replace(SYSTEM, bytes(len(SYSTEM))))
    for number, planted in enumerate((b"", b"AGE-SECRET-KEY-1" + b"Q" * 58)):
        start = waiting.offset + 4096
        content[start : start + len(planted)] = planted
        searched, scratch = tmp_path / f"card-{number}", tmp_path / f"scratch-{number}"
        searched.write_bytes(content)
        scratch.mkdir()
        findings, _ = search_image(searched, SecretSearch(), scratch)
        wanted = [("partition 3, as it lies", "private key, age", 4096)] if planted else []
        assert [(each.where, each.form, each.offset) for each in findings] == wanted


def test_the_same_files_make_the_same_card(image: Path, tmp_path: Path) -> None:
    assert make_image(tmp_path / "two").read_bytes() == image.read_bytes()
