"""The tokeniser signs the digest of a report, and no more than that."""

import hashlib

import pytest

from edge_lpr.handoff.diagnosis_message import CHECKS, REPORT, Question, parse_answer
from edge_lpr.tokeniser.report_desk import ReportDesk
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.report import REPORT_TYP, parse_report_seal, report_claims
from tests.support.clock import SetClock

KEY = SigningKey.generate()


def others(question: Question) -> bytes:
    return f"kind {question.kind}".encode()


@pytest.fixture
def desk() -> ReportDesk:
    return ReportDesk(others, KEY, b"certificate", SetClock())


def test_signs_a_digest_and_adds_the_certificate(desk: ReportDesk) -> None:
    digest = hashlib.sha256(b"a report").digest()
    answer = desk(Question(REPORT, digest + bytes(24)))
    assert answer is not None
    seal, certificate = parse_answer(answer, "tokeniser", REPORT).body.split(b"\n")
    assert certificate == b"certificate"
    payload = parse_report_seal(seal).verified(REPORT_TYP, KEY.public_key)
    assert report_claims(payload).digest == digest


def test_signs_nothing_that_is_longer_than_a_digest(desk: ReportDesk) -> None:
    assert desk(Question(REPORT, bytes(55) + b"x")) is None


def test_leaves_other_questions_to_others(desk: ReportDesk) -> None:
    assert desk(Question(CHECKS)) == b"kind 1"
