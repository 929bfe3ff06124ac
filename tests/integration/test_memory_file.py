from pathlib import Path

import pytest

from edge_lpr.core.errors import SettingsError
from edge_lpr.subscriber.continuity import BootSummary
from edge_lpr.subscriber.memory_file import MemoryFile
from edge_lpr.subscriber.sequence import SequenceRange
from tests.support.fleet import SIGHTING, SignedBooth

ADDRESS = SignedBooth().address
SUMMARY = BootSummary(9, b"l" * 16, (SequenceRange(2, 3),), (SequenceRange(5, 5),))
UNKNOWN = BootSummary(0, None, (), ())
KEPT = [
    (ADDRESS, SIGHTING.boot, SUMMARY),
    (ADDRESS, "f" * 16, UNKNOWN),
    (SignedBooth("booth-2").address, SIGHTING.boot, UNKNOWN),
]

BAD_LINK = b'{"boot": "0123456789abcdef", "highest": 1, "link": "=", "missing": [], "given_up": []}'


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    MemoryFile(tmp_path / "memory").write(KEPT)
    assert list(MemoryFile(tmp_path / "memory").read()) == KEPT
    assert [each.name for each in tmp_path.iterdir()] == ["memory"]


def test_memory_begins_without_a_file(tmp_path: Path) -> None:
    assert list(MemoryFile(tmp_path / "memory").read()) == []


def test_file_is_replaced_when_there_is_something_new(tmp_path: Path) -> None:
    path = tmp_path / "memory"
    memory = MemoryFile(path)
    memory.write(KEPT)
    path.unlink()
    memory.write(KEPT)
    assert not path.exists()
    memory.write(KEPT[:1])
    assert list(memory.read()) == KEPT[:1]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"version": 2, "devices": []}',
        b'{"version": 1, "devices": [], "more": 1}',
        b'{"version": 1, "devices": [{"tenant": "A", "site": "b", "device": "c", "boots": []}]}',
        b'{"version": 1, "devices": [{"tenant":"a","site":"b","device":"c","boots":[BOOT]}]}',
    ],
    ids=["empty", "nothing", "later", "more", "bad name", "bad link"],
)
def test_file_that_is_damaged_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "memory"
    path.write_bytes(content.replace(b"BOOT", BAD_LINK))
    with pytest.raises(SettingsError, match="mend it, or delete it"):
        list(MemoryFile(path).read())


def test_file_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        list(MemoryFile(tmp_path).read())
    with pytest.raises(SettingsError, match="cannot be written"):
        MemoryFile(tmp_path / "absent" / "memory").write(KEPT)
