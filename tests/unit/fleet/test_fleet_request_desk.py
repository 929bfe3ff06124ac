"""Which requests a virtual booth answers."""

from dataclasses import replace

import pytest

from edge_lpr.fleet.request_desk import BURST, INTERVAL_S, MAXIMUM_AGE_S, RequestDesk
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.request import RequestClaims, sign_request
from edge_lpr.wire.topics import DeviceAddress
from tests.support.clock import SetClock

CONSUMER = SigningKey.generate()
ADDRESS = DeviceAddress("fleet", "site-0001", "booth-00001")


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def desk(clock: SetClock) -> RequestDesk:
    return RequestDesk(ADDRESS, {CONSUMER.kid: CONSUMER.public_key}, clock)


@pytest.fixture
def claims(clock: SetClock) -> RequestClaims:
    return RequestClaims(ADDRESS, "0" * 16, 1, 5, clock.unix_s())


def test_request_of_a_known_consumer_is_answered(desk: RequestDesk, claims: RequestClaims) -> None:
    assert desk.judge(sign_request(claims, CONSUMER)) == claims


def test_request_of_a_stranger_is_not(desk: RequestDesk, claims: RequestClaims) -> None:
    assert desk.judge(sign_request(claims, SigningKey.generate())) is None


def test_request_for_another_booth_is_not(desk: RequestDesk, claims: RequestClaims) -> None:
    other = replace(claims, address=DeviceAddress("fleet", "site-0001", "booth-00002"))
    assert desk.judge(sign_request(other, CONSUMER)) is None


@pytest.mark.parametrize("age_s", [-MAXIMUM_AGE_S - 1, MAXIMUM_AGE_S + 1])
def test_request_of_another_hour_is_not(
    desk: RequestDesk, claims: RequestClaims, age_s: int
) -> None:
    assert desk.judge(sign_request(replace(claims, at=claims.at - age_s), CONSUMER)) is None


def test_edited_request_is_not(desk: RequestDesk, claims: RequestClaims) -> None:
    document = bytearray(sign_request(claims, CONSUMER))
    document[-1] = ord("A") if document[-1] != ord("A") else ord("Q")
    assert desk.judge(bytes(document)) is None
    assert desk.judge(b"nonsense") is None


def test_burst_is_answered_and_then_one_in_ten_seconds(
    desk: RequestDesk, claims: RequestClaims, clock: SetClock
) -> None:
    document = sign_request(claims, CONSUMER)
    assert all(desk.judge(document) for _ in range(BURST))
    assert desk.judge(document) is None
    clock.advance_s(INTERVAL_S)
    assert desk.judge(document) is not None
    assert desk.judge(document) is None
