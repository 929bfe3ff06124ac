"""Cards are written whole or say that they are not: real loop devices and real files."""

import io
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_lpr.core.errors import FlashError
from edge_lpr.flashing.boot_files import MAXIMUM_FILE_BYTES, get_file, put_file
from edge_lpr.flashing.card import (
    NOT_WHOLE,
    opened_disk,
    opened_file,
    verify_body,
    write_body,
    write_card,
)
from edge_lpr.flashing.card_contents import look_at
from edge_lpr.flashing.image_file import check_image, opened_image
from edge_lpr.flashing.image_layout import ROOM_TO_GROW_BYTES, Extent
from edge_lpr.flashing.progress import Progress
from edge_lpr.flashing.workshop import files_for
from tests.support.card_images import (
    GPT,
    MBR,
    MIB,
    loop_device,
    make_image,
    packed,
    tool,
    with_checksum,
)
from tests.support.flashing import BOOTH, some_bundle

FILES = {"deployment.lpr": b"bundle" * 500, "installation.toml": b'site = "north"\n'}


def quiet(what: str, total_bytes: int) -> Progress:
    return Progress(what, total_bytes, io.StringIO())


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return make_image(tmp_path / "booth.img")


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Path]:
    """A card of 32 MiB that was something else before."""
    backing = tmp_path / "backing"
    backing.write_bytes(b"\xa5" * (32 * MIB))
    with loop_device(backing) as path:
        yield path


def outside_boot(content: bytes, boot: Extent) -> bytes:
    """An image without what the installer's files change."""
    return content[: boot.offset_bytes] + content[boot.end_bytes :]


@pytest.mark.parametrize("ending", ["", ".xz", ".zst"])
@pytest.mark.parametrize("table", [GPT, MBR], ids=["GPT", "MBR"])
def test_card_holds_the_image_and_the_files(
    table: str, ending: str, tmp_path: Path, device: Path
) -> None:
    raw = make_image(tmp_path / "booth.img", table)
    path = packed(raw, ending) if ending else raw
    layout = check_image(path).layout
    with opened_image(path) as image, opened_disk(device, 32 * MIB) as card:
        write_card(card, image, FILES, quiet)
    content = device.read_bytes()
    original = raw.read_bytes()
    assert layout.size_bytes == len(original)
    written = content[: len(original)]
    assert outside_boot(written, layout.boot) == outside_boot(original, layout.boot)
    with device.open("rb") as file:
        for name, expected in FILES.items():
            assert get_file(file.fileno(), layout.boot, name) == expected


def test_backup_of_the_old_table_is_gone_from_the_end_of_the_card(
    image: Path, device: Path
) -> None:
    with opened_image(image) as stream, opened_disk(device, 32 * MIB) as card:
        write_card(card, stream, FILES, quiet)
    assert device.read_bytes()[-MIB:] == bytes(MIB)


def test_file_system_is_sound_for_others_too(image: Path, device: Path, tmp_path: Path) -> None:
    boot = check_image(image).layout.boot
    with opened_image(image) as stream, opened_disk(device, 32 * MIB) as card:
        write_card(card, stream, files_for(BOOTH, some_bundle(tmp_path)), quiet)
    partition = tmp_path / "partition"
    partition.write_bytes(device.read_bytes()[boot.offset_bytes : boot.end_bytes])
    command = [tool("fsck.vfat"), "-n", "-l", str(partition)]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout
    assert "/deployment.lpr " in judged.stdout
    assert "/installation.toml " in judged.stdout


def test_file_without_end_on_a_foreign_card_is_not_read_to_its_end(image: Path) -> None:
    boot = check_image(image).layout.boot
    with image.open("r+b") as file:
        put_file(file.fileno(), boot, "installation.toml", b"#" * MIB)
        found = get_file(file.fileno(), boot, "installation.toml")
        assert get_file(file.fileno(), boot, "no.such") is None
    assert found == b"#" * MAXIMUM_FILE_BYTES


def test_boot_partition_without_room_is_said(image: Path) -> None:
    boot = check_image(image).layout.boot
    with (
        image.open("r+b") as file,
        pytest.raises(FlashError, match="cannot be written to the boot"),
    ):
        put_file(file.fileno(), boot, "installation.toml", b"#" * (5 * MIB))


def test_one_changed_byte_is_found_by_reading_back(image: Path, tmp_path: Path) -> None:
    size_bytes = check_image(image).layout.size_bytes
    with opened_file(tmp_path / "card", size_bytes) as card, opened_image(image) as stream:
        digests = write_body(card, stream, quiet("writing", size_bytes))
        verify_body(card, size_bytes, digests, quiet("reading", size_bytes))
        with card.path.open("r+b") as file:
            file.seek(size_bytes - 1)
            (last,) = file.read(1)
            file.seek(size_bytes - 1)
            file.write(bytes([last ^ 1]))
        with pytest.raises(FlashError, match="is not what was written"):
            verify_body(card, size_bytes, digests, quiet("reading", size_bytes))


def test_card_that_is_smaller_than_it_says_is_found(image: Path, tmp_path: Path) -> None:
    backing = tmp_path / "small"
    backing.write_bytes(bytes(20 * MIB))
    with (
        loop_device(backing) as device,
        opened_image(image) as stream,
        opened_disk(device, 20 * MIB) as card,
        pytest.raises(FlashError, match="take another card"),
    ):
        write_card(replace(card, size_bytes=32 * MIB), stream, FILES, quiet)


def test_smaller_card_is_refused_untouched(image: Path, tmp_path: Path) -> None:
    backing = tmp_path / "small"
    backing.write_bytes(b"\xa5" * (16 * MIB))
    with (
        loop_device(backing) as device,
        opened_image(image) as stream,
        opened_disk(device, 16 * MIB) as card,
        pytest.raises(FlashError, match="take a larger card"),
    ):
        write_card(card, stream, FILES, quiet)
    assert backing.read_bytes() == b"\xa5" * (16 * MIB)


def test_stopped_card_has_no_partitions_and_says_so(
    image: Path, device: Path, tmp_path: Path
) -> None:
    # The card was a whole one before; what stops us is an image that ends too early.
    with opened_image(image) as stream, opened_disk(device, 32 * MIB) as card:
        write_card(card, stream, files_for(BOOTH, some_bundle(tmp_path)), quiet)
    assert look_at(device).booth == (BOOTH.site, BOOTH.device)
    image.write_bytes(image.read_bytes()[: 12 * MIB])
    with (
        opened_image(image) as stream,
        opened_disk(device, 32 * MIB) as card,
        pytest.raises(FlashError, match="ends too early"),
    ):
        write_card(card, stream, FILES, quiet)
    assert device.read_bytes().startswith(NOT_WHOLE)
    assert look_at(device).text == "a booth's card of which writing was stopped"
    listed = subprocess.run(
        [tool("sfdisk"), "--list", str(device)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Disklabel type" not in listed.stdout


def test_table_is_written_last_and_only_after_all_else_is_on_the_card(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, int]] = []
    write, sync = os.pwrite, os.fsync

    def seen_write(descriptor: int, content: bytes, offset: int) -> int:
        done.append(("write", offset))
        return write(descriptor, content, offset)

    def seen_sync(descriptor: int) -> None:
        done.append(("sync", 0))
        sync(descriptor)

    size_bytes = check_image(image).layout.size_bytes
    with opened_file(tmp_path / "card", size_bytes) as card, opened_image(image) as stream:
        monkeypatch.setattr(os, "pwrite", seen_write)
        monkeypatch.setattr(os, "fsync", seen_sync)
        write_card(card, stream, FILES, quiet)
        monkeypatch.undo()
    begin, body, end = done[:3], done[3:-3], done[-3:]
    assert begin == [("write", 0), ("write", size_bytes - MIB), ("sync", 0)]
    assert all(offset >= MIB for what, offset in body if what == "write")
    assert end == [("sync", 0), ("write", 0), ("sync", 0)]


def test_file_has_its_name_once_it_is_whole(image: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(KeyboardInterrupt), opened_file(target / "a.img", 24 * MIB):
        raise KeyboardInterrupt
    assert list(target.iterdir()) == []
    with opened_file(target / "a.img", 24 * MIB) as card, opened_image(image) as stream:
        write_card(card, stream, FILES, quiet)
    assert [each.name for each in target.iterdir()] == ["a.img"]
    assert (target / "a.img").stat().st_mode & 0o777 == 0o600
    with (
        pytest.raises(FlashError, match="is there already"),
        opened_file(target / "a.img", 24 * MIB),
    ):
        pytest.fail("it was opened")


@pytest.mark.parametrize("ending", ["", ".xz", ".zst"])
def test_damaged_image_is_refused_before_a_card_is_touched(ending: str, image: Path) -> None:
    path = packed(image, ending) if ending else image
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    with pytest.raises(FlashError, match="is not what"):
        check_image(path)


def test_truncated_packed_image_is_found_even_if_its_checksum_is_of_the_truncated_one(
    image: Path, tmp_path: Path
) -> None:
    path = packed(image, ".zst")
    path.write_bytes(path.read_bytes()[:-3000])
    with_checksum(path)
    with (
        opened_image(path) as stream,
        opened_file(tmp_path / "card", 24 * MIB) as card,
        pytest.raises(FlashError, match="image"),
    ):
        write_card(card, stream, FILES, quiet)


@pytest.mark.parametrize("text", ["", "nonsense\n", f"{'0' * 64}  other.img\n"])
def test_checksum_that_is_none_is_refused(image: Path, text: str) -> None:
    image.with_name(f"{image.name}.sha256").write_text(text)
    with pytest.raises(FlashError, match="has no line for"):
        check_image(image)


def test_missing_checksum_is_refused(image: Path) -> None:
    image.with_name(f"{image.name}.sha256").unlink()
    with pytest.raises(FlashError, match="is missing"):
        check_image(image)


def test_image_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FlashError, match="EDGE-LPR"):
        check_image(make_image(tmp_path / "other.img", label="BOOTFS"))


def test_card_has_room_for_what_a_booth_adds_at_its_first_start() -> None:
    folder = Path(__file__).parents[2] / "firmware_config" / "image" / "repart.d"
    units = {"M": MIB, "G": 1024 * MIB}
    minima = [
        int(found[1]) * units[found[2]]
        for path in folder.glob("*.conf")
        if (found := re.search(r"^SizeMinBytes=([0-9]+)([MG])$", path.read_text(), re.MULTILINE))
    ]
    assert len(minima) == 2
    assert sum(minima) < ROOM_TO_GROW_BYTES
