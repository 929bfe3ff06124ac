"""What the publisher answers about broker, queue, disk and budget."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from edge_lpr.core.check_words import BROKER_STANDINGS
from edge_lpr.core.errors import (
    BrokerError,
    BrokerNameError,
    BrokerRefusedError,
    BrokerTlsError,
    BrokerUnreachableError,
    OutboxError,
)
from edge_lpr.core.lately import LATELY_MIN
from edge_lpr.handoff.diagnosis_message import AIM, CHECKS, Check, Question, parse_answer
from edge_lpr.publisher.answers import GROWING, PublisherAnswers
from edge_lpr.publisher.budget import BudgetState
from edge_lpr.publisher.sending import SessionCounters
from edge_lpr.wire.health import PUBLISHER_COUNTERS
from tests.support.clock import SetClock


@dataclass
class Parts:
    """Stands in for session, outbox, figures and budget: what each says."""

    is_taken: bool = True
    is_connected: bool = True
    last_loss: BrokerError | None = None
    counters_said: SessionCounters = field(default_factory=SessionCounters)
    days: int | None = 30
    unsent_count: int = 0
    kept_count: int = 5
    dropped: int = 0
    is_failing: bool = False
    filled: float = 0.1
    oldest_s: int = 0
    is_readable: bool = True
    state: BudgetState = BudgetState.ENOUGH
    spent: tuple[int, int | None] = (5_000, None)

    def tls_certificate_days(self) -> int | None:
        return self.days

    def share_filled(self) -> float:
        if not self.is_readable:
            raise OutboxError("the disk is gone")
        return self.filled

    def oldest_unsent_s(self) -> int:
        if not self.is_readable:
            raise OutboxError("the disk is gone")
        return self.oldest_s

    def spent_of(self) -> tuple[int, int | None]:
        return self.spent


class Session:
    """The session's view of the parts."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the part says
        return self.parts.counters_said if name == "counters" else getattr(self.parts, name)


class Figures(Session):
    """The figures' view of them."""

    def counters(self) -> dict[str, int]:
        return dict.fromkeys(PUBLISHER_COUNTERS, 1)


def answers_of(parts: Parts, clock: SetClock, *, is_hit_only: bool = False) -> PublisherAnswers:
    whole = cast("Any", parts)
    return PublisherAnswers(
        cast("Any", Session(parts)),
        whole,
        cast("Any", Figures(parts)),
        whole,
        clock,
        is_hit_only=is_hit_only,
    )


def said_by(answers: PublisherAnswers) -> dict[str, Check]:
    packed = answers(Question(CHECKS))
    assert packed is not None
    return {check.name: check for check in parse_answer(packed, "publisher", CHECKS).checks}


def said(parts: Parts) -> dict[str, Check]:
    return said_by(answers_of(parts, SetClock()))


def test_sound_publisher_is_good_in_everything() -> None:
    assert {check.verdict for check in said(Parts()).values()} == {"good"}


@pytest.mark.parametrize(
    ("loss", "standing", "code"),
    [
        (BrokerTlsError("no", "", 20), "tls", 20),
        (BrokerRefusedError("no", "", 135), "refused", 135),
        (BrokerNameError("no"), "no_name", -1),
        (BrokerUnreachableError("no"), "no_answer", -1),
    ],
)
def test_each_loss_of_the_broker_is_told_apart(loss: BrokerError, standing: str, code: int) -> None:
    broker = said(Parts(is_taken=False, is_connected=False, last_loss=loss))["broker"]
    assert broker.verdict == "bad"
    assert broker.numbers["standing"] == BROKER_STANDINGS.index(standing)
    assert broker.numbers["refusal_code"] == code


@pytest.mark.parametrize("is_connected", [True, False])
def test_connection_that_does_not_come_about_is_a_warning_after_a_minute(
    is_connected: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    clock = SetClock()
    parts = Parts(is_taken=False, is_connected=is_connected)
    answers = answers_of(parts, clock)
    assert said_by(answers)["broker"].verdict == "not_known"
    clock.advance_s(61)
    assert said_by(answers)["broker"].verdict == "warning"
    parts.is_taken = True
    answers.note()
    parts.is_taken = False
    answers.note()
    assert said_by(answers)["broker"].verdict == "not_known"


def test_last_acknowledgement_is_told_by_its_age() -> None:
    clock, parts = SetClock(), Parts()
    answers = answers_of(parts, clock)
    answers.note()
    assert said_by(answers)["broker"].numbers["puback_age_s"] == -1
    parts.counters_said.published = 1
    answers.note()
    clock.advance_s(7)
    assert said_by(answers)["broker"].numbers["puback_age_s"] == 7


def test_queue_that_grows_or_stands_is_told() -> None:
    clock, parts = SetClock(), Parts()
    answers = answers_of(parts, clock)
    answers.note()
    parts.unsent_count, parts.oldest_s = GROWING - 1, 300
    assert said_by(answers)["queue"].verdict == "warning"
    parts.unsent_count = GROWING
    assert said_by(answers)["queue"].verdict == "bad"
    for _ in range(25):
        clock.advance_s(30)
        answers.note()
    # It does not grow any more.
    assert said_by(answers)["queue"].verdict == "warning"


@pytest.mark.parametrize(("days", "verdict"), [(None, "good"), (3, "warning"), (0, "bad")])
def test_certificate_that_ends_is_told(days: int | None, verdict: str) -> None:
    assert said(Parts(days=days))["tls_certificate"].verdict == verdict


def test_outbox_that_fails_or_fills_is_told() -> None:
    assert said(Parts(is_failing=True))["outbox"].verdict == "bad"
    assert said(Parts(is_readable=False))["outbox"].verdict == "bad"
    assert said(Parts(filled=0.7))["outbox"].verdict == "warning"


def test_sightings_that_were_dropped_are_told_and_are_no_fault_for_ever() -> None:
    clock, parts = SetClock(), Parts()
    answers = answers_of(parts, clock)
    parts.dropped = 1
    assert said_by(answers)["outbox"].verdict == "warning"
    for _ in range(LATELY_MIN + 2):
        clock.advance_s(60)
        answers.note()
    outbox = said_by(answers)["outbox"]
    assert (outbox.verdict, outbox.numbers["dropped"]) == ("good", 1)


def test_budget_that_is_nearly_spent_is_told() -> None:
    parts = Parts(state=BudgetState.NEAR, spent=(90_000_000, 100_000_000))
    budget = said(parts)["budget"]
    assert budget.verdict == "warning"
    assert budget.numbers == {"sent_kb": 90_000, "allowed_kb": 100_000}


def test_hit_only_booth_says_nothing_of_sightings() -> None:
    parts = Parts(unsent_count=9, spent=(0, None))
    parts.counters_said.published = parts.counters_said.bytes_sent = 10_000
    answers = answers_of(parts, SetClock(), is_hit_only=True)
    answers.note()
    found = said_by(answers)
    assert {"queue", "funnel_sent"} & found.keys() == set()
    assert found["broker"].numbers["puback_age_s"] == -1
    assert found["budget"].numbers["sent_kb"] == 0


def test_hit_only_booth_with_a_budget_tells_no_kilobyte_of_a_hit() -> None:
    parts = Parts(state=BudgetState.NEAR, spent=(90_000_000, 100_000_000))
    answers = answers_of(parts, SetClock(), is_hit_only=True)
    before = said_by(answers)["budget"]
    parts.spent = (90_003_000, 100_000_000)
    assert said_by(answers)["budget"] == before
    assert before.verdict == "warning"
    assert before.numbers == {"sent_kb": 0, "allowed_kb": 100_000}


def test_other_questions_are_not_answered() -> None:
    assert answers_of(Parts(), SetClock())(Question(AIM)) is None
