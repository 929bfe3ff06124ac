"""The journal has every call, and shows when an entry was changed, taken out or cut off."""

import shutil
from collections.abc import Iterator

import pytest

from edge_lpr.authority.authority import Authority
from edge_lpr.core.errors import AuthorityError
from tests.support.authority import Folders, memory_folder


@pytest.fixture
def folders() -> Iterator[Folders]:
    with memory_folder() as folder:
        yield Folders(folder / "base")


@pytest.fixture
def authority(folders: Folders) -> Iterator[Authority]:
    with folders.create() as made:
        for number in range(5):
            made.journal.record("call", task="status", round=number)
        yield made


def fault_after(authority: Authority, statement: str) -> str:
    with authority.store.transaction() as session:
        session.execute(statement)
    fault = authority.journal.verify().fault
    assert fault is not None
    return fault


def test_whole_journal_is_whole(authority: Authority) -> None:
    verdict = authority.journal.verify()
    assert verdict.fault is None
    assert verdict.entries == 7


def test_changed_entry_is_named(authority: Authority) -> None:
    assert "entry 4 is not what was written" in fault_after(
        authority, "UPDATE journal SET details = '{}' WHERE number = 4"
    )


def test_entry_taken_out_is_named(authority: Authority) -> None:
    assert "entry 4 is missing" in fault_after(authority, "DELETE FROM journal WHERE number = 4")


def test_entries_cut_off_at_the_end_show(authority: Authority) -> None:
    assert "entries 6 to 7 are missing" in fault_after(
        authority, "DELETE FROM journal WHERE number >= 6"
    )


def test_cut_journal_still_shows_after_further_calls(authority: Authority) -> None:
    fault_after(authority, "DELETE FROM journal WHERE number >= 6")
    for _ in range(4):
        authority.journal.record("call", task="issue")
    fault = authority.journal.verify().fault
    assert fault is not None
    assert "exchanged" in fault


def test_emptied_journal_shows(authority: Authority) -> None:
    assert "missing" in fault_after(authority, "DELETE FROM journal")


def test_missing_head_shows(authority: Authority, folders: Folders) -> None:
    (folders.wrapping / "journal-head").unlink()
    fault = authority.journal.verify().fault
    assert fault is not None
    assert "head is missing" in fault


def test_damaged_head_shows(authority: Authority, folders: Folders) -> None:
    (folders.wrapping / "journal-head").write_bytes(b"nonsense")
    assert authority.journal.verify().fault is not None


def test_entry_of_a_transaction_that_is_taken_back_never_was(authority: Authority) -> None:
    def fail() -> None:
        with authority.store.transaction():
            authority.journal.record("call", task="issue")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert authority.journal.verify().fault is None
    assert authority.journal.verify().entries == 7


def test_power_cut_between_entry_and_head_is_no_fault(
    authority: Authority, folders: Folders
) -> None:
    head = (folders.wrapping / "journal-head").read_bytes()
    authority.journal.record("call", task="issue")
    (folders.wrapping / "journal-head").write_bytes(head)
    assert authority.journal.verify().fault is None
    authority.journal.record("call", task="issue")
    assert (folders.wrapping / "journal-head").read_bytes()[:16] == b"%016x" % 9


def test_restored_backup_shows_until_it_is_accepted(authority: Authority, folders: Folders) -> None:
    authority.store.close()
    shutil.copytree(folders.folder, folders.base / "backup")
    with folders.open() as later:
        later.journal.record("call", task="issue")
    shutil.rmtree(folders.folder)
    shutil.copytree(folders.base / "backup", folders.folder)
    with folders.open() as restored:
        assert restored.journal.verify().fault is not None
        # Whoever was revoked since would get keys again, at the timer's next turn.
        with pytest.raises(AuthorityError, match="above all revoke"):
            restored.journal.require_newest()
        restored.journal.accept_restored("the disk died")
        restored.journal.require_newest()
        assert restored.journal.verify().fault is None
        newest = list(restored.journal.entries())[-1]
    assert newest.call == "restored"
    assert newest.details == {"newest_entry_before": 8, "reason": "the disk died"}


def test_detail_cannot_forge_a_line_on_the_screen(authority: Authority) -> None:
    authority.journal.record("lookup", reason="case 1\n     9  forged\x1b[2J" + "x" * 500)
    (newest,) = authority.journal.entries(after=7)
    reason = str(newest.details["reason"])
    assert reason.startswith("case 1?     9  forged?[2J")
    assert len(reason) == 300
    assert authority.journal.verify().fault is None


def test_changed_settings_file_is_in_the_journal(authority: Authority, folders: Folders) -> None:
    authority.close()
    file = folders.folder / "authority.toml"
    file.write_text(file.read_text().replace("retention_days = 30", "retention_days = 60"))
    folders.open().close()
    with folders.open() as opened:
        entries = list(opened.journal.entries(after=7))
    assert [entry.call for entry in entries] == ["configuration"]
    assert '"retention_days": 60' in str(entries[0].details["now"])
