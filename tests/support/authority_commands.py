"""The custodian at the terminal: commands as they are typed, with answers to what is asked."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import pytest

from edge_lpr.authority.__main__ import main
from edge_lpr.authority.opening import FOLDER_VARIABLE
from edge_lpr.core.clock import SystemClock, epoch_of
from tests.support.authority import Folders, memory_folder

PASSPHRASE = "correct horse battery"  # noqa: S105 - a test's
OTHER = "staple of another kind"

Run: TypeAlias = Callable[..., int]
"""Types a command; ``answers`` is what is typed when it asks. Returns the exit status."""


@contextmanager
def named_folders(monkeypatch: pytest.MonkeyPatch) -> Iterator[Folders]:
    """Give folders that the commands find by themselves."""
    with memory_folder() as folder:
        folders = Folders(folder)
        monkeypatch.setenv(FOLDER_VARIABLE, str(folders.folder))
        yield folders


def terminal(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return how to type commands in this process."""
    # In a test's process they would hold for all tests.
    monkeypatch.setattr("edge_lpr.authority.__main__.forbid_core_dumps", lambda: None)
    monkeypatch.setattr("edge_lpr.authority.__main__.forbid_inspection", lambda: None)

    def typed(*words: str, answers: str = "") -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(answers))
        return main(list(words))

    return typed


def today() -> int:
    """Return the epoch by this machine's clock, which the commands go by."""
    return epoch_of(SystemClock().unix_s())


def add_two(run: Run) -> None:
    """Make two persons known."""
    assert run("person", "add", "anna", answers=f"{PASSPHRASE}\n{PASSPHRASE}\n") == 0
    assert run("person", "add", "ben", answers=f"{OTHER}\n{OTHER}\n") == 0
