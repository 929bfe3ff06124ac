"""The audit log: only added to, whole after a power cut, bounded, and honest about changes."""

import json
import os
import threading
from pathlib import Path

import pytest

from edge_lpr.audit import record as recording
from edge_lpr.audit.entry import MAXIMUM_LINE_BYTES, parse_entry
from edge_lpr.audit.log import TOO_MANY, TORN_LINE, AuditLog, verify_log
from edge_lpr.audit.merkle import leaf_hash, root_of
from edge_lpr.audit.segments import SUBTREES_NAME, Shape
from edge_lpr.core.errors import AuditError
from edge_lpr.technician.asking import MAXIMUM_COMMAND_CHARACTERS
from edge_lpr.technician.door import MAXIMUM_CALLS_A_DAY
from tests.support.clock import SetClock


@pytest.fixture
def record(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path, SetClock())


def log(folder: Path) -> Path:
    return folder / "entries-000000000001"


def test_lines_follow_each_other_and_say_what_happened(record: AuditLog, tmp_path: Path) -> None:
    record.append("asked", person="anna", serial=7, word="restart")
    record.append("ended", of=1, status=0)
    first, second = map(json.loads, log(tmp_path).read_text().splitlines())
    assert first["number"] == 1
    assert second["number"] == 2
    assert (first["event"], first["person"], first["serial"]) == ("asked", "anna", 7)
    assert first["at"] == "2026-01-01T12:00:00Z"
    assert verify_log(tmp_path) == (2, None)
    assert log(tmp_path).stat().st_mode & 0o077 == 0


def test_another_process_goes_on_where_the_last_one_ended(record: AuditLog, tmp_path: Path) -> None:
    record.append("asked")
    AuditLog(tmp_path, SetClock()).append("ended")
    assert verify_log(tmp_path) == (2, None)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        pytest.param(lambda lines: [lines[0], lines[2]], "entry 2 is missing", id="taken out"),
        pytest.param(lambda lines: lines[:2] + lines[1:], "entry 3 is missing", id="twice"),
        pytest.param(lambda lines: [lines[0], "{}", lines[2]], "cannot be read", id="no line"),
        pytest.param(lambda lines: [lines[0], "[]", lines[2]], "cannot be read", id="no object"),
    ],
)
def test_change_of_a_line_shows(
    record: AuditLog, tmp_path: Path, change: object, fault: str
) -> None:
    for _ in range(3):
        record.append("asked", person="anna")
    lines = log(tmp_path).read_text().splitlines()
    assert callable(change)
    log(tmp_path).write_text("".join(f"{line}\n" for line in change(lines)))
    _, found = verify_log(tmp_path)
    assert found is not None
    assert fault in found


def test_half_a_line_that_a_power_cut_has_left_is_cut_off_and_said(
    record: AuditLog, tmp_path: Path
) -> None:
    record.append("asked")
    with log(tmp_path).open("a") as file:
        file.write('{"number":2,"at":"20')
    assert verify_log(tmp_path) == (1, None)
    record.append("asked")
    assert verify_log(tmp_path) == (3, None)
    assert events(tmp_path) == ["asked", TORN_LINE, "asked"]
    assert json.loads(log(tmp_path).read_text().splitlines()[1])["octets"] == 20


def test_damaged_line_locks_nobody_out_and_stays_visible(record: AuditLog, tmp_path: Path) -> None:
    record.append("asked")
    with log(tmp_path).open("ab") as file:
        file.write(b"\xff\x00\n")
    assert record.append("asked").number == 3
    assert verify_log(tmp_path) == (1, "entry 2 cannot be read")


def test_log_is_bounded_and_its_root_covers_what_has_left(tmp_path: Path) -> None:
    small = AuditLog(tmp_path, SetClock(), Shape(level=2, maximum_segments=3))
    leaves = []
    for size in range(1, 40):
        leaves.append(leaf_hash(small.append("asked", person="anna", of=size).line()))
        assert small.head() == (size, root_of(leaves))
    firsts = sorted(path.name for path in tmp_path.glob("entries-*"))
    assert firsts == ["entries-000000000029", "entries-000000000033", "entries-000000000037"]
    assert len((tmp_path / SUBTREES_NAME).read_text().splitlines()) == 9
    assert verify_log(tmp_path, Shape(level=2)) == (11, None)


def test_log_of_long_lines_is_bounded_too(tmp_path: Path) -> None:
    small = AuditLog(tmp_path, SetClock(), Shape(level=2, maximum_bytes=2_000))
    for _ in range(40):
        small.append("asked", text="x" * 120)
    assert sum(path.stat().st_size for path in tmp_path.glob("entries-*")) <= 2_000
    assert verify_log(tmp_path, Shape(level=2))[1] is None


@pytest.mark.parametrize("torn", [b"", b"0011"], ids=["whole", "torn"])
def test_power_cut_between_two_segments_changes_nothing(tmp_path: Path, torn: bytes) -> None:
    shape = Shape(level=2)
    small = AuditLog(tmp_path, SetClock(), shape)
    leaves = [leaf_hash(small.append("asked").line()) for _ in range(5)]
    # The hash of the first segment is on the disk, the second segment is not.
    (tmp_path / "entries-000000000005").unlink()
    with (tmp_path / SUBTREES_NAME).open("ab") as file:
        file.write(torn)
    leaves[4:] = [leaf_hash(small.append("asked").line()) for _ in range(5)]
    assert small.head() == (9, root_of(leaves))
    assert verify_log(tmp_path, shape) == (9, None)


def test_changed_line_of_a_full_segment_shows(tmp_path: Path) -> None:
    shape = Shape(level=2)
    small = AuditLog(tmp_path, SetClock(), shape)
    for _ in range(6):
        small.append("asked", person="anna")
    text = log(tmp_path).read_text()
    log(tmp_path).write_text(text.replace("anna", "ben_", 1))
    assert verify_log(tmp_path, shape) == (4, "entries 1 to 4 are not what was written")


def test_missing_segment_shows(tmp_path: Path) -> None:
    shape = Shape(level=2)
    small = AuditLog(tmp_path, SetClock(), shape)
    for _ in range(10):
        small.append("asked")
    (tmp_path / "entries-000000000005").unlink()
    assert verify_log(tmp_path, shape) == (4, "entry 5 is missing")


def test_lost_hashes_lock_nobody_out_and_change_the_root(tmp_path: Path) -> None:
    shape = Shape(level=1, maximum_segments=2)
    small = AuditLog(tmp_path, SetClock(), shape)
    leaves = [leaf_hash(small.append("asked").line()) for _ in range(8)]
    (tmp_path / SUBTREES_NAME).write_text("no hash\n")
    assert small.append("asked").number == 9
    leaves.append(leaf_hash(b""))
    size, root = small.head()
    assert size == 9
    assert root != root_of(leaves)
    assert len((tmp_path / SUBTREES_NAME).read_text().splitlines()) == 4


def test_log_whose_segments_are_gone_goes_on_behind_them(tmp_path: Path) -> None:
    shape = Shape(level=2)
    small = AuditLog(tmp_path, SetClock(), shape)
    for _ in range(6):
        small.append("asked")
    for path in tmp_path.glob("entries-*"):
        path.unlink()
    assert small.append("asked").number == 5


def events(folder: Path) -> list[str]:
    return [json.loads(line)["event"] for line in log(folder).read_text().splitlines()]


def test_one_too_many_of_a_day_is_noted_once_and_not_added(
    record: AuditLog, tmp_path: Path
) -> None:
    for _ in range(3):
        assert record.append_at_most(3, "serial", "asked", serial=7) is not None
        record.append("ended")
    for _ in range(3):
        assert record.append_at_most(3, "serial", "asked", serial=7) is None
    assert events(tmp_path) == [*["asked", "ended"] * 3, TOO_MANY]
    # Another one is not in the way, and tomorrow neither is this one.
    assert record.append_at_most(3, "serial", "asked", serial=8) is not None
    tomorrow = SetClock()
    tomorrow.advance_s(86_400)
    line = AuditLog(tmp_path, tomorrow).append_at_most(3, "serial", "asked", serial=7)
    assert line is not None
    assert verify_log(tmp_path) == (9, None)


def test_lines_of_a_day_are_counted_over_two_segments(tmp_path: Path) -> None:
    record = AuditLog(tmp_path, SetClock(), Shape(level=2))
    for _ in range(5):
        assert record.append_at_most(5, "serial", "asked", serial=7) is not None
    assert not log(tmp_path).with_name("entries-000000000009").exists()
    assert record.append_at_most(5, "serial", "asked", serial=7) is None


def test_many_at_once_are_not_one_too_many(record: AuditLog, tmp_path: Path) -> None:
    def ask() -> None:
        record.append_at_most(3, "serial", "asked", serial=7)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(events(tmp_path)) == [*["asked"] * 3, TOO_MANY]


def test_one_certificate_cannot_push_its_deeds_out(record: AuditLog, tmp_path: Path) -> None:
    # The longest lines that a call can have: what is typed may need twice its length.
    record.append(
        "asked",
        person="x" * 64,
        serial=2**64 - 1,
        address="x" * 120,
        word="refused",
        command='"' * MAXIMUM_COMMAND_CHARACTERS,
        clock="disciplined",
    )
    record.append("ended", asked=2**31, status=255, duration_ms=2**31)
    days = 4  # that 72 hours can touch
    lines = log(tmp_path).read_bytes().splitlines()
    assert all(len(line) < MAXIMUM_LINE_BYTES / 2 for line in lines)
    assert len(lines) * MAXIMUM_CALLS_A_DAY * days < (1 << Shape().level) / 4


def test_text_from_outside_forges_no_line(record: AuditLog, tmp_path: Path) -> None:
    foreign: dict[str, str | int] = {"Bad Name": 1, "number": 0}
    record.append("refused", text='x"}\n{"number":2' + "é" * 300, **foreign)
    (line,) = log(tmp_path).read_text().splitlines()
    said = json.loads(line)
    assert len(said["text"]) == 120
    assert set(said) == {"number", "at", "event", "text"}
    assert verify_log(tmp_path) == (1, None)


def test_many_at_once_write_one_chain(record: AuditLog, tmp_path: Path) -> None:
    threads = [threading.Thread(target=record.append, args=("asked",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify_log(tmp_path) == (8, None)


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="cannot be written"):
        AuditLog(tmp_path / "missing", SetClock()).append("asked")
    # A link would let somebody choose the file.
    log(tmp_path).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuditError, match="cannot be written"):
        AuditLog(tmp_path, SetClock()).append("asked")


def test_full_disk_is_said_and_leaves_a_whole_chain(
    record: AuditLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record.append("asked")
    write = os.write
    monkeypatch.setattr("os.write", lambda descriptor, octets: write(descriptor, octets[:10]))
    with pytest.raises(AuditError, match="the disk is full"):
        record.append("asked")
    monkeypatch.undo()
    record.append("asked")
    assert verify_log(tmp_path) == (2, None)


def test_entry_that_is_too_long_is_refused(record: AuditLog, tmp_path: Path) -> None:
    texts = {f"text_{number}": '"' * 120 for number in range(10)}
    with pytest.raises(AuditError, match="say less"):
        record.append("asked", **texts)
    assert verify_log(tmp_path) == (0, None)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b'{"number":true,"at":"","event":"x"}', id="number"),
        pytest.param(b'{"number":1,"at":"","event":"Not a word"}', id="event"),
        pytest.param(b'{"number":1,"at":"","event":"x","more":[]}', id="detail"),
        pytest.param(b'{"number":1,"at":"","event":"x","more":"' + b"y" * 2048 + b'"}', id="long"),
        pytest.param(b"[" * 2000, id="brackets"),
    ],
)
def test_what_is_no_entry_is_none(line: bytes) -> None:
    assert parse_entry(line) is None


def test_other_programs_record_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "RECORD_FOLDER", tmp_path / "audit")
    recording.record("diagnosis_began", person="anna")
    recording.record("aim_ended", lanes=2)
    assert events(tmp_path / "audit") == ["diagnosis_began", "aim_ended"]
    assert (tmp_path / "audit").stat().st_mode & 0o077 == 0
    monkeypatch.setattr(recording, "RECORD_FOLDER", tmp_path / "missing" / "audit")
    with pytest.raises(AuditError, match="cannot be made"):
        recording.record("aim_began")


def test_log_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="cannot be read"):
        verify_log(tmp_path / "missing")
