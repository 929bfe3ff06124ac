"""Several processes and threads at one authority: they wait for each other, and lose nothing."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.configuration import Configuration, TokenPlace
from edge_lpr.authority.folder_lock import FolderLock
from edge_lpr.authority.places import open_wrapping
from edge_lpr.authority.terminal import PIN_FILE_VARIABLE, ask_pin
from edge_lpr.core.errors import AuthorityError
from tests.support.authority import PLAN, Folders, memory_folder, today
from tests.support.clock import SetClock
from tests.support.softhsm import PIN, empty_token, find_softhsm

PROCESSES = 3
ROUNDS = 8


@pytest.fixture
def folders() -> Iterator[Folders]:
    with memory_folder() as folder:
        yield Folders(folder)


def in_files(folders: Folders, _monkeypatch: pytest.MonkeyPatch) -> None:
    folders.create().close()


def in_a_token(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    place = TokenPlace(module=find_softhsm(), token=empty_token())
    pin_file = folders.base / "pin"
    pin_file.write_text(PIN)
    pin_file.chmod(0o600)
    monkeypatch.setenv(PIN_FILE_VARIABLE, str(pin_file))
    configuration = Configuration(wrapping=place)
    wrapping = open_wrapping(configuration, ask_pin)
    Authority.create(folders.folder, configuration, wrapping, PLAN, SetClock()).close()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(in_files, id="files"),
        pytest.param(in_a_token, id="token", marks=pytest.mark.hsm),
    ],
)
def test_processes_at_once_agree_on_every_key_and_lose_no_count(
    folders: Folders,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Folders, pytest.MonkeyPatch], None],
) -> None:
    make(folders, monkeypatch)
    program = [sys.executable, "-m", "tests.support.authority_worker_program"]
    workers = [
        subprocess.Popen([*program, str(folders.folder), str(ROUNDS)], stdout=subprocess.PIPE)
        for _ in range(PROCESSES)
    ]
    said = [worker.communicate()[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * PROCESSES
    found = [json.loads(text) for text in said]
    assert len(found[0]) == ROUNDS
    assert all(each == found[0] for each in found)
    with Authority.open(folders.folder, ask_pin, SetClock()) as authority:
        assert authority.quota.used(today(authority)) == PROCESSES * ROUNDS
        verdict = authority.journal.verify()
        made = [entry for entry in authority.journal.entries() if entry.call == "keys-made"]
    assert verdict.fault is None
    assert len(made) == ROUNDS


def test_threads_of_one_process_wait_for_each_other(folders: Folders) -> None:
    with folders.create() as authority:

        def record() -> None:
            for _ in range(20):
                with authority.store.transaction():
                    authority.journal.record("call", task="serve")

        threads = [threading.Thread(target=record) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert authority.journal.verify().fault is None
        assert authority.journal.verify().entries == 82


def test_process_that_stands_still_is_named_and_not_waited_for_for_ever(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_lpr.authority.store._LOCK_WAIT_S", 0.1)
    with folders.create() as authority:
        other = FolderLock(folders.folder / "authority.sqlite3.lock")
        other.take(1)
        with pytest.raises(AuthorityError, match="see which one runs"):
            authority.journal.record("call", task="issue")
        other.release()
        other.release()
        authority.journal.record("call", task="issue")
