"""Which slot is started: GRUB's block, a Raspberry Pi's file, a Jetson's program; on real files."""

import shutil
import subprocess
from pathlib import Path

import pytest

from edge_lpr.core.boot_partition import SECTOR_BYTES
from edge_lpr.core.errors import UpdateError
from edge_lpr.update.backend import answer
from edge_lpr.update.grub_slots import BLOCK, SPARE_BLOCK
from edge_lpr.update.jetson_slots import JetsonSlots, slots_sector
from edge_lpr.update.slots import SlotNotes, SlotSwitch
from edge_lpr.update.tryboot_slots import TrybootSlots, autoboot_sector
from tests.support.updated_booth import UpdatedBooth

GRUB_CONFIGURATION = Path(__file__).parents[2] / "firmware_config/image/grub.cfg"


def grub_program(name: str) -> str:
    program = shutil.which(name)
    assert program is not None, f"{name} is missing; apt install grub-common (scripts/test does)"
    return program


def test_grub_understands_its_configuration() -> None:
    subprocess.run([grub_program("grub-script-check"), str(GRUB_CONFIGURATION)], check=True)


def test_grubs_own_program_reads_what_we_write(tmp_path: Path) -> None:
    booth = UpdatedBooth(tmp_path)
    booth.slots.try_once("B")
    listed = subprocess.run(
        [grub_program("grub-editenv"), str(booth.grub / BLOCK), "list"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert listed.stdout == "ORDER=A\nTRIAL=B\n"


def test_we_read_what_grub_has_written(tmp_path: Path) -> None:
    booth = UpdatedBooth(tmp_path)
    command = [grub_program("grub-editenv"), str(booth.grub / BLOCK), "set", "ORDER=B A", "TRIAL=A"]
    subprocess.run(command, check=True)
    assert booth.slots.read() == SlotNotes(("B", "A"), "A")


def test_one_sector_changes_and_the_file_stays_where_it_is(tmp_path: Path) -> None:
    booth = UpdatedBooth(tmp_path)
    before = (booth.grub / BLOCK).stat().st_ino, (booth.grub / BLOCK).read_bytes()
    booth.slots.try_once("B")
    after = (booth.grub / BLOCK).stat().st_ino, (booth.grub / BLOCK).read_bytes()
    assert before[0] == after[0]
    assert before[1][:SECTOR_BYTES] != after[1][:SECTOR_BYTES]
    assert before[1][SECTOR_BYTES:] == after[1][SECTOR_BYTES:]


def test_a_torn_block_leads_to_what_was_good(tmp_path: Path) -> None:
    booth = UpdatedBooth(tmp_path)
    booth.install("0.1.0+2")
    booth.start()
    booth.slots.mark_good("B")
    (booth.grub / BLOCK).write_bytes(b"\x00" * 1024)
    assert booth.slots.read() == SlotNotes(("B", "A"))
    (booth.grub / SPARE_BLOCK).write_bytes(b"")
    with pytest.raises(UpdateError, match="write the card anew"):
        booth.slots.read()


def test_a_start_that_names_no_slot_is_no_booths(tmp_path: Path) -> None:
    booth = UpdatedBooth(tmp_path)
    booth.command_line.write_text("ro quiet\n")
    with pytest.raises(UpdateError, match="names no slot"):
        booth.slots.current()


def raspberry(folder: Path) -> TrybootSlots:
    (folder / "autoboot.txt").write_bytes(autoboot_sector(SlotNotes(("A",))))
    (folder / "bootloader").mkdir()
    start_raspberry(folder)
    return TrybootSlots(folder / "autoboot.txt", folder / "bootloader", folder / "lock")


def start_raspberry(folder: Path, *, is_tryboot: bool = False) -> None:
    """Do what the firmware does, as its documentation has it."""
    section, partitions = "", {}
    for line in (folder / "autoboot.txt").read_text().splitlines():
        section = line if line.startswith("[") else section
        key, _, value = line.partition("=")
        if key == "boot_partition":
            partitions[section] = int(value)
    partition = partitions["[tryboot]" if is_tryboot else "[all]"]
    (folder / "bootloader/partition").write_bytes(partition.to_bytes(4, "big"))
    (folder / "bootloader/tryboot").write_bytes(int(is_tryboot).to_bytes(4, "big"))


class Uefi:
    """``nvbootctrl`` as far as it is used."""

    def __init__(self) -> None:
        self.current = self.active = "0"
        self.marked: list[str] = []

    def __call__(self, *words: str) -> str:
        if words == ("get-current-slot",):
            return self.current
        if words == ("get-active-boot-slot",):
            return self.active
        if words[0] == "set-active-boot-slot":
            self.active = words[1]
            return ""
        assert words == ("mark-boot-successful",)
        self.marked.append(self.current)
        return ""


def test_a_raspberry_tries_once_and_then_keeps(tmp_path: Path) -> None:
    slots = raspberry(tmp_path)
    slots.try_once("B")
    assert slots.reboot_argument == "0 tryboot"
    start_raspberry(tmp_path, is_tryboot=True)
    assert (slots.current(), slots.is_trial()) == ("B", True)
    start_raspberry(tmp_path)
    assert (slots.current(), slots.is_trial()) == ("A", False)
    start_raspberry(tmp_path, is_tryboot=True)
    slots.mark_good("B")
    assert not slots.is_trial()
    start_raspberry(tmp_path)
    assert slots.current() == "B"
    assert len((tmp_path / "autoboot.txt").read_bytes()) == SECTOR_BYTES


def test_a_raspberry_with_a_file_of_somebody_else_says_so(tmp_path: Path) -> None:
    slots = raspberry(tmp_path)
    (tmp_path / "autoboot.txt").write_text("[all]\nboot_partition=2\n")
    with pytest.raises(UpdateError, match="makes no sense"):
        slots.read()
    (tmp_path / "bootloader/partition").unlink()
    with pytest.raises(UpdateError, match="too old for tryboot"):
        slots.current()


def test_a_jetson_tries_and_then_keeps(tmp_path: Path) -> None:
    file, uefi = tmp_path / "slots", Uefi()
    file.write_bytes(slots_sector(SlotNotes(("A",))))
    slots = JetsonSlots(file, uefi, tmp_path / "lock")
    assert slots.read() == SlotNotes(("A",))
    slots.try_once("B")
    assert (slots.primary(), uefi.active) == ("B", "1")
    uefi.current = "1"
    assert slots.is_trial()
    slots.mark_good("B")
    assert not slots.is_trial()
    assert uefi.marked[-1] == "1"
    assert slots.read() == SlotNotes(("B", "A"))


@pytest.mark.parametrize("board", ["generic", "raspberry"])
def test_rauc_is_answered_in_its_words(board: str, tmp_path: Path) -> None:
    slots: SlotSwitch = UpdatedBooth(tmp_path).slots if board == "generic" else raspberry(tmp_path)
    assert answer(slots, ["get-primary"]) == answer(slots, ["get-current"]) == "A"
    assert answer(slots, ["get-state", "A"]) == "good"
    assert answer(slots, ["get-state", "B"]) == "bad"
    assert answer(slots, ["set-state", "B", "bad"]) == ""
    assert answer(slots, ["set-primary", "B"]) == ""
    assert answer(slots, ["get-primary"]) == "B"
    # Not good before it has proved itself, whatever RAUC calls it.
    assert answer(slots, ["get-state", "B"]) == "bad"
    assert answer(slots, ["set-state", "B", "good"]) == ""
    assert answer(slots, ["get-state", "B"]) == "good"


@pytest.mark.parametrize(
    "words", [["get-state"], ["get-state", "C"], ["set-state", "B", "fine"], ["format"], []]
)
def test_what_rauc_never_asks_is_refused(words: list[str], tmp_path: Path) -> None:
    with pytest.raises(UpdateError):
        answer(UpdatedBooth(tmp_path).slots, words)
