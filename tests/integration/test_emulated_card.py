"""What the emulator makes of a card that somebody else has flashed, before any booth is started."""

import os
import subprocess
from pathlib import Path

import pytest

from edge_lpr.core.errors import EmulationError
from edge_lpr.emulation import machine
from edge_lpr.emulation.arguments import parse_arguments
from edge_lpr.emulation.disk import read_from_boot_partition
from edge_lpr.emulation.machine import EmulatedBooth
from edge_lpr.emulation.software_tpm import SoftwareTpm
from tests.support.card_images import MIB, make_image, tool

GRUB = b"set timeout=0\n"


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A firmware, which the machine of a test need not have, and a folder for the booth."""
    (tmp_path / "CODE.fd").touch()
    (tmp_path / "VARS.fd").write_bytes(b"nothing remembered")
    monkeypatch.setattr(machine, "firmware_code", lambda _: tmp_path / "CODE.fd")
    return tmp_path / "booth"


@pytest.fixture
def flashed(tmp_path: Path) -> Path:
    """A card with a loader's file and an installer's."""
    card = make_image(tmp_path / "flashed.img")
    for name, content in (("grub/grub.cfg", GRUB), ("installation.toml", b'site = "north"\n')):
        (tmp_path / "file").write_bytes(content)
        if "/" in name:
            _mtool("mmd", card, "::grub")
        _mtool("mcopy", card, str(tmp_path / "file"), f"::{name}")
    return card


def test_a_card_of_somebody_else_keeps_what_is_on_it(board: Path, flashed: Path) -> None:
    before = flashed.read_bytes()
    booth = EmulatedBooth(None, board, probe=True)
    booth.insert(flashed)
    grub = read_from_boot_partition(booth.disk, "grub/grub.cfg")
    assert grub.startswith(b"set emulator=")
    assert grub.endswith(b"\n" + GRUB)
    assert read_from_boot_partition(booth.disk, "installation.toml") == b'site = "north"\n'
    assert flashed.read_bytes() == before
    assert booth.disk.stat().st_size > 4096 * MIB


def test_a_card_out_of_another_emulated_booth_is_let_in_once(board: Path, flashed: Path) -> None:
    first = EmulatedBooth(flashed, board, probe=True)
    second = EmulatedBooth(None, board.with_name("second"))
    second.insert(first.disk)
    grub = read_from_boot_partition(second.disk, "grub/grub.cfg")
    assert grub.count(b"set emulator=") == 1
    assert b"probe" not in grub
    # A card does not grow by being carried.
    assert second.disk.stat().st_size == first.disk.stat().st_size


def test_what_is_no_card_is_refused(board: Path, tmp_path: Path) -> None:
    booth = EmulatedBooth(None, board)
    with pytest.raises(EmulationError, match="is not there"):
        booth.insert(tmp_path / "none.img")
    (tmp_path / "empty.img").write_bytes(bytes(4 * MIB))
    with pytest.raises(EmulationError, match="mtype failed"):
        booth.insert(tmp_path / "empty.img")


@pytest.mark.tpm
def test_a_tpm_in_software_has_power_until_it_is_taken_away(tmp_path: Path) -> None:
    chip = SoftwareTpm(tmp_path / "chip", tmp_path / "socket")
    chip.start()
    assert (tmp_path / "socket").is_socket()
    assert f"socket,id=tpm,path={tmp_path / 'socket'}" in chip.arguments("tpm-crb")
    chip.stop()
    # Power comes again, to the same chip.
    chip.start()
    chip.stop()


@pytest.mark.tpm
def test_a_tpm_that_cannot_keep_anything_says_so(tmp_path: Path) -> None:
    with pytest.raises(EmulationError, match="swtpm does not start"):
        SoftwareTpm(tmp_path / "chip", tmp_path / "no-folder" / "socket").start()


def test_a_machine_without_swtpm_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmulationError, match="apt-get install swtpm"):
        SoftwareTpm(tmp_path / "chip", tmp_path / "socket").start()


def _mtool(name: str, card: Path, *arguments: str) -> None:
    command = [tool(name), "-i", f"{card}@@1M", *arguments]
    subprocess.run(command, check=True, env={**os.environ, "MTOOLS_SKIP_CHECK": "1"})


def test_the_command_line_gives_the_board_a_tpm() -> None:
    image = "edge-lpr-generic-amd64-1.img"
    assert parse_arguments([image, "--tpm"]).has_tpm
    assert not parse_arguments([image]).has_tpm
