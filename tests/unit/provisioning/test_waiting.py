"""A booth waits for network and custodian, and stops at a no."""

from collections.abc import Iterator

import pytest

from edge_lpr.core.errors import EnrolmentError
from edge_lpr.provisioning.service_link import Reply, Silence
from edge_lpr.provisioning.waiting import (
    ENROLMENTS_PATH,
    RENEWALS_PATH,
    Patience,
    RefusedBecause,
    fetch_answer,
    fetch_renewal,
)
from tests.support.clock import SetClock

TAKEN, WAITING, ANSWER = Reply(202, b"{}"), Reply(202, b"{}"), Reply(200, b"answer")
AWAY = Silence("nobody is there")


class ScriptedLink:
    """Implements ``Link``: answers from a list."""

    def __init__(self, *replies: Reply | Silence) -> None:
        self._replies: Iterator[Reply | Silence] = iter(replies)
        self.asked: list[str] = []

    def post(self, path: str, document: bytes) -> Reply | Silence:
        assert document == b"request"
        return self._next(f"POST {path}")

    def get(self, path: str) -> Reply | Silence:
        return self._next(f"GET {path}")

    def _next(self, question: str) -> Reply | Silence:
        self.asked.append(question)
        return next(self._replies)


class Installer:
    """Waits on a clock that goes at once, and hears what is said."""

    def __init__(self, wait_s: float | None = None) -> None:
        self.clock, self.heard, self.slept = SetClock(), list[str](), list[float]()
        self.patience = Patience(self.clock, wait_s, self.heard.append, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.now_monotonic_ns += int(seconds * 1e9)


def test_answer_is_waited_for_with_growing_pauses() -> None:
    link = ScriptedLink(TAKEN, *[WAITING] * 12, ANSWER)
    installer = Installer()
    assert fetch_answer(link, b"request", installer.patience) == b"answer"
    assert link.asked[0] == f"POST {ENROLMENTS_PATH}"
    assert len(set(link.asked[1:])) == 1
    assert installer.slept == sorted(installer.slept)
    assert (installer.slept[0], installer.slept[-1]) == (1.0, 15.0)
    assert installer.heard == ["waiting for the key custodian's approval"]


def test_network_that_comes_late_is_said_once_each_time_it_changes() -> None:
    other = Silence("another reason")
    link = ScriptedLink(AWAY, AWAY, other, AWAY, TAKEN, ANSWER)
    installer = Installer()
    fetch_answer(link, b"request", installer.patience)
    assert installer.heard[:3] == [AWAY.reason, other.reason, AWAY.reason]


def test_service_that_is_busy_is_asked_again() -> None:
    busy = Reply(429, b'{"error": "too many questions"}')
    ill = Reply(503, b'{"error": "cannot answer now"}')
    link = ScriptedLink(busy, ill, TAKEN, ANSWER)
    installer = Installer()
    assert fetch_answer(link, b"request", installer.patience) == b"answer"
    assert installer.heard[:2] == ["too many questions", "cannot answer now"]


def test_no_is_a_no() -> None:
    link = ScriptedLink(TAKEN, Reply(403, b'{"error": "not this booth"}'))
    with pytest.raises(RefusedBecause, match="not this booth"):
        fetch_answer(link, b"request", Installer().patience)


def test_wait_ends_when_it_was_said_to() -> None:
    installer = Installer(wait_s=30)
    with pytest.raises(EnrolmentError, match="has not approved yet"):
        fetch_answer(ScriptedLink(TAKEN, *[WAITING] * 99), b"request", installer.patience)
    assert sum(installer.slept) <= 30


def test_wait_for_a_network_ends_with_its_reason() -> None:
    with pytest.raises(EnrolmentError, match="nobody is there"):
        fetch_answer(ScriptedLink(AWAY), b"request", Installer(wait_s=0).patience)


def test_renewal_is_one_question() -> None:
    link = ScriptedLink(ANSWER)
    assert fetch_renewal(link, b"request", Installer().patience) == b"answer"
    assert link.asked == [f"POST {RENEWALS_PATH}"]
