"""The record of logins: only added to, whole after a power cut, and honest about changes."""

import json
import os
import threading
from pathlib import Path

import pytest

from edge_lpr.audit.login_record import (
    MAXIMUM_FILE_BYTES,
    TOO_MANY,
    LoginRecord,
    verify_login_record,
)
from edge_lpr.core.errors import AuditError
from edge_lpr.technician.asking import MAXIMUM_COMMAND_CHARACTERS
from edge_lpr.technician.door import MAXIMUM_CALLS_A_DAY
from tests.support.clock import SetClock


@pytest.fixture
def record(tmp_path: Path) -> LoginRecord:
    return LoginRecord(tmp_path, SetClock())


def log(folder: Path) -> Path:
    return folder / "technicians.log"


def test_lines_follow_each_other_and_say_what_happened(record: LoginRecord, tmp_path: Path) -> None:
    record.append("asked", person="anna", serial=7, word="restart")
    record.append("ended", of=1, status=0)
    first, second = map(json.loads, log(tmp_path).read_text().splitlines())
    assert first["number"] == 1
    assert second["number"] == 2
    assert (first["event"], first["person"], first["serial"]) == ("asked", "anna", 7)
    assert first["at"] == "2026-01-01T12:00:00Z"
    assert verify_login_record(tmp_path) == (2, None)
    assert log(tmp_path).stat().st_mode & 0o077 == 0


def test_another_process_goes_on_where_the_last_one_ended(
    record: LoginRecord, tmp_path: Path
) -> None:
    record.append("asked")
    LoginRecord(tmp_path, SetClock()).append("ended")
    assert verify_login_record(tmp_path) == (2, None)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        pytest.param(lambda lines: [lines[0], lines[2]], "line 2 is missing", id="taken out"),
        pytest.param(
            lambda lines: [lines[0], lines[1].replace("anna", "ben_"), lines[2]],
            "line 2 is not what was written",
            id="changed",
        ),
        pytest.param(lambda lines: lines[:2] + lines[1:], "line 3 is missing", id="twice"),
        pytest.param(lambda lines: [lines[0], "{}", lines[2]], "cannot be read", id="no line"),
        pytest.param(lambda lines: [lines[0], "[]", lines[2]], "cannot be read", id="no object"),
    ],
)
def test_change_of_a_line_shows(
    record: LoginRecord, tmp_path: Path, change: object, fault: str
) -> None:
    for _ in range(3):
        record.append("asked", person="anna")
    lines = log(tmp_path).read_text().splitlines()
    assert callable(change)
    log(tmp_path).write_text("".join(f"{line}\n" for line in change(lines)))
    _, found = verify_login_record(tmp_path)
    assert found is not None
    assert fault in found


def test_half_a_line_that_a_power_cut_has_left_is_cut_off(
    record: LoginRecord, tmp_path: Path
) -> None:
    record.append("asked")
    with log(tmp_path).open("a") as file:
        file.write('{"number":2,"at":"20')
    assert verify_login_record(tmp_path) == (1, None)
    record.append("asked")
    assert verify_login_record(tmp_path) == (2, None)


def test_damaged_line_locks_nobody_out_and_stays_visible(
    record: LoginRecord, tmp_path: Path
) -> None:
    record.append("asked")
    with log(tmp_path).open("ab") as file:
        file.write(b"\xff\x00\n")
    assert record.append("asked").number == 2
    count, fault = verify_login_record(tmp_path)
    assert (count, fault) == (1, "the line after 1 cannot be read")


def test_record_is_bounded_and_its_chain_goes_on_in_the_next_file(tmp_path: Path) -> None:
    record = LoginRecord(tmp_path, SetClock(), maximum_file_bytes=1000)
    for _ in range(100):
        record.append("asked", person="anna")
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 2
    assert all(size < 1300 for size in sizes)
    count, fault = verify_login_record(tmp_path)
    assert fault is None
    assert 5 <= count < 20
    # A power cut between the two steps of making room.
    log(tmp_path).rename(tmp_path / "technicians.log.1")
    assert record.append("asked").number == 101
    assert verify_login_record(tmp_path)[1] is None


def events(folder: Path) -> list[str]:
    return [json.loads(line)["event"] for line in log(folder).read_text().splitlines()]


def test_one_too_many_of_a_day_is_noted_once_and_not_added(
    record: LoginRecord, tmp_path: Path
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
    line = LoginRecord(tmp_path, tomorrow).append_at_most(3, "serial", "asked", serial=7)
    assert line is not None
    assert verify_login_record(tmp_path) == (9, None)


def test_lines_of_a_day_are_counted_over_both_files(tmp_path: Path) -> None:
    record = LoginRecord(tmp_path, SetClock(), maximum_file_bytes=400)
    for _ in range(5):
        assert record.append_at_most(5, "serial", "asked", serial=7) is not None
    assert (tmp_path / "technicians.log.1").exists()
    assert record.append_at_most(5, "serial", "asked", serial=7) is None


def test_many_at_once_are_not_one_too_many(record: LoginRecord, tmp_path: Path) -> None:
    def ask() -> None:
        record.append_at_most(3, "serial", "asked", serial=7)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(events(tmp_path)) == [*["asked"] * 3, TOO_MANY]


def test_one_certificate_cannot_push_its_deeds_out(record: LoginRecord, tmp_path: Path) -> None:
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
    calls_bytes = log(tmp_path).stat().st_size * MAXIMUM_CALLS_A_DAY * days
    assert calls_bytes < MAXIMUM_FILE_BYTES


def test_text_from_outside_forges_no_line(record: LoginRecord, tmp_path: Path) -> None:
    foreign: dict[str, str | int] = {"Bad Name": 1, "link": "0"}
    record.append("refused", text='x"}\n{"number":2' + "é" * 300, **foreign)
    (line,) = log(tmp_path).read_text().splitlines()
    said = json.loads(line)
    assert len(said["text"]) == 120
    assert set(said) == {"number", "at", "event", "text", "link"}
    assert verify_login_record(tmp_path) == (1, None)


def test_many_at_once_write_one_chain(record: LoginRecord, tmp_path: Path) -> None:
    threads = [threading.Thread(target=record.append, args=("asked",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify_login_record(tmp_path) == (8, None)


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="cannot be written"):
        LoginRecord(tmp_path / "missing", SetClock()).append("asked")
    # A link would let somebody choose the file.
    log(tmp_path).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuditError, match="cannot be written"):
        LoginRecord(tmp_path, SetClock()).append("asked")


def test_full_disk_is_said_and_leaves_a_whole_chain(
    record: LoginRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record.append("asked")
    write = os.write
    monkeypatch.setattr("os.write", lambda descriptor, octets: write(descriptor, octets[:10]))
    with pytest.raises(AuditError, match="the disk is full"):
        record.append("asked")
    monkeypatch.undo()
    record.append("asked")
    assert verify_login_record(tmp_path) == (2, None)
