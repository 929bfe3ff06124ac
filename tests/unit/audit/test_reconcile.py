"""What explains the publisher's bytes, and when the rest is too much."""

from dataclasses import replace

import pytest

from edge_lpr.audit.reconcile import (
    ADDRESS_BYTES,
    LIMIT_BYTES,
    MAXIMUM_GREETING_BYTES,
    Egress,
)

ONE_SIGHTING = Egress(
    sent_bytes=666,
    packets=2,
    connections=0,
    greeting_bytes=0,
    mqtt_bytes=540,
    records=1,
    resent_bytes=0,
    is_ipv6=0,
)
"""As a kernel counted it: the sighting, and the acknowledgement of its PUBACK."""


def test_one_sighting_is_explained_to_the_byte() -> None:
    assert ONE_SIGHTING.unexplained_bytes() == 0
    assert not ONE_SIGHTING.is_flagged()


def test_headers_of_ipv6_are_twenty_bytes_longer() -> None:
    longer = replace(ONE_SIGHTING, sent_bytes=666 + 2 * 20, is_ipv6=1)
    assert longer.unexplained_bytes() == 0


@pytest.mark.parametrize(
    ("more", "is_flagged"),
    [pytest.param(LIMIT_BYTES, False, id="limit"), pytest.param(LIMIT_BYTES + 1, True, id="above")],
)
def test_more_than_the_limit_is_flagged(more: int, *, is_flagged: bool) -> None:
    assert replace(ONE_SIGHTING, sent_bytes=666 + more).is_flagged() is is_flagged


def test_greetings_explain_no_more_than_greetings_can_have() -> None:
    said = replace(
        ONE_SIGHTING, sent_bytes=1_000_000, connections=1, greeting_bytes=MAXIMUM_GREETING_BYTES * 9
    )
    assert said.explained_bytes() == 666 + 8 + MAXIMUM_GREETING_BYTES
    assert said.is_flagged()


def test_finding_the_broker_is_allowed_for_with_each_connection() -> None:
    found = replace(
        ONE_SIGHTING, connections=2, sent_bytes=666 + 16 + LIMIT_BYTES + 2 * ADDRESS_BYTES
    )
    assert not found.is_flagged()
    assert replace(found, sent_bytes=found.sent_bytes + 1).is_flagged()


def test_leak_of_5_kb_is_flagged_even_where_two_sightings_fell_between_the_counters() -> None:
    assert replace(ONE_SIGHTING, sent_bytes=666 + 5_000 - 2 * 666).is_flagged()


def test_records_explain_no_more_than_mqtt_packets_can_have() -> None:
    said = replace(ONE_SIGHTING, sent_bytes=100_000, records=5_000)
    assert said.explained_bytes() == 666 + (540 // 2 - 1) * 22
    assert said.contradiction() == "records 5,000, and at most 270 are possible"
    assert said.is_flagged()


def test_sent_again_explains_no_more_than_was_sent() -> None:
    said = replace(ONE_SIGHTING, sent_bytes=100_000, resent_bytes=99_000)
    assert said.explained_bytes() == 666 + 540 + 22
    assert said.contradiction() == "resent_bytes 99,000, and at most 562 are possible"
    assert said.is_flagged()


def test_greeting_may_be_sent_again() -> None:
    greeted = replace(ONE_SIGHTING, connections=1, greeting_bytes=1_500, resent_bytes=2_062)
    assert greeted.contradiction() is None
    assert replace(greeted, resent_bytes=2_063).contradiction() is not None


def test_what_can_be_is_no_contradiction() -> None:
    assert ONE_SIGHTING.contradiction() is None
