"""Keeps from the test process what a service takes over in the whole of its own."""

import logging
import resource
import sys
import threading
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _logging_is_put_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(autouse=True)
def _core_dumps_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    # A lowered hard limit cannot be raised again, and the test of crashing processes needs it.
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)


@pytest.fixture(autouse=True)
def _test_process_is_not_hardened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_lpr.core.service.forbid_inspection", lambda: None)
    monkeypatch.setattr("edge_lpr.core.service.lock_memory", lambda _: None)
