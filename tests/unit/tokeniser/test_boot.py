"""The birth ties a boot to the one before; its sightings form a chain."""

from dataclasses import replace

import pytest

from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.errors import HandoffError, WireError
from edge_lpr.handoff.record_message import GapWish
from edge_lpr.tokeniser.boot import Boot, new_boot_id
from edge_lpr.wire.birth import BIRTH_TYP, BirthClaims, parse_birth
from edge_lpr.wire.bounds import MAXIMUM_SEQUENCE
from edge_lpr.wire.gap import GAP_TYP, GapClaims, GapReason, parse_gap
from edge_lpr.wire.health import HEALTH_TYP, BoothFigures, HealthClaims, parse_health
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.sighting import FIRST_PREV, SightingClaims, sighting_hash, verify_sighting
from tests.support.clock import NOON_OF_THE_VECTORS
from tests.support.passages import KEY, PASSAGE, boot_of

FIGURES = BoothFigures(counters={"published": 3}, unsent=0, oldest_unsent_s=0, kept=0)


def claims_of(birth_jws: bytes, key: SigningKey = KEY) -> BirthClaims:
    return BirthClaims.decode(parse_birth(birth_jws).verified(BIRTH_TYP, key.public_key))


def signed(boot: Boot) -> tuple[bytes, SightingClaims]:
    jws = boot.sign(PASSAGE).jws
    return jws, verify_sighting(jws, KEY.public_key)


def test_boot_ids_differ() -> None:
    assert new_boot_id() != new_boot_id()


def test_first_boot_of_a_device_has_none_before_it() -> None:
    assert claims_of(boot_of().announce(None)).previous is None


@pytest.mark.parametrize(
    ("epochs", "keys_end"), [((), True), ((20_454, 20_455), False)], ids=["none", "tomorrow"]
)
def test_birth_says_that_keys_end(epochs: tuple[int, ...], *, keys_end: bool) -> None:
    assert claims_of(boot_of(epochs=epochs).announce(None)).keys_end == keys_end


def test_birth_names_the_end_of_the_boot_before() -> None:
    boot_before = boot_of()
    boot_before.sign(PASSAGE)
    last_jws, last = signed(boot_before)
    previous = claims_of(boot_of().announce(last_jws)).previous
    assert previous is not None
    assert (previous.boot, previous.seq) == (last.boot, 2)
    assert previous.link == sighting_hash(last_jws)


def test_birth_stays_the_same_when_the_publisher_comes_back() -> None:
    boot = boot_of()
    birth = boot.announce(None)
    own_jws, _ = signed(boot)
    assert boot.announce(own_jws) == birth


@pytest.mark.parametrize(
    "untrusted_last",
    [
        pytest.param(b"garbage", id="garbage"),
        pytest.param(boot_of(SigningKey.generate()).sign(PASSAGE).jws, id="another key"),
        pytest.param(b"s" * 513, id="too long"),
    ],
)
def test_hello_that_does_not_verify_is_said_and_forgotten(
    untrusted_last: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert claims_of(boot_of().announce(untrusted_last)).previous is None
    assert [record.getMessage() for record in caplog.records] == ["hello_refused"]


def test_birth_is_no_proof_of_a_sighting() -> None:
    birth = boot_of().announce(None)
    assert claims_of(boot_of().announce(birth)).previous is None


def test_sightings_are_numbered_and_chained() -> None:
    boot = boot_of()
    first_jws, first = signed(boot)
    second_jws, second = signed(boot)
    _, third = signed(boot)
    assert [first.seq, second.seq, third.seq] == [1, 2, 3]
    assert [first.prev, second.prev, third.prev] == [
        FIRST_PREV,
        sighting_hash(first_jws),
        sighting_hash(second_jws),
    ]
    assert first.boot == second.boot == third.boot


def test_sighting_says_what_the_passage_says() -> None:
    _, claims = signed(boot_of())
    expected = SightingClaims(
        boot=claims.boot,
        seq=1,
        at=NOON_OF_THE_VECTORS,
        tq=TimeQuality.RTC,
        lane=2,
        dir="out",
        epoch=20_454,
        exact=bytes(range(16)),
        fold=bytes(range(16, 32)),
        conf=1,
        reads=6,
        prev=FIRST_PREV,
    )
    assert claims == expected


def test_sightings_under_a_test_key_say_so() -> None:
    boot = boot_of(test=True)
    assert signed(boot)[1].test
    assert claims_of(boot.announce(None)).test


def test_sighting_that_failed_to_be_signed_takes_no_number() -> None:
    boot = boot_of()
    with pytest.raises(WireError):
        boot.sign(replace(PASSAGE, time_quality=TimeQuality.NONE))
    assert signed(boot)[1].seq == 1


def health_of(boot: Boot) -> HealthClaims:
    document = parse_health(boot.sign_health(FIGURES, queued=2))
    return HealthClaims.decode(document.verified(HEALTH_TYP, KEY.public_key))


def test_health_speaks_of_the_last_sighting_that_was_answered_for() -> None:
    boot = boot_of()
    assert (health_of(boot).seq, health_of(boot).link) == (0, FIRST_PREV)
    first = boot.sign(PASSAGE)
    boot.settle(first)
    boot.sign(PASSAGE)
    assert (health_of(boot).seq, health_of(boot).link) == (1, sighting_hash(first.jws))


def test_health_is_of_this_boot_and_holds_what_the_publisher_says() -> None:
    boot = boot_of(test=True)
    claims = health_of(boot)
    assert claims.boot == claims_of(boot.announce(None)).boot
    assert (claims.figures.counters["published"], claims.queued, claims.test) == (3, 2, True)


def test_gap_says_what_the_publisher_says_also_of_an_earlier_boot() -> None:
    wish = GapWish("ffeeddccbbaa0099", 3, 8, GapReason.OUTBOX_FULL)
    document = parse_gap(boot_of().sign_gap(wish)).verified(GAP_TYP, KEY.public_key)
    assert GapClaims.decode(document) == GapClaims(
        wish.boot, 3, 8, NOON_OF_THE_VECTORS, GapReason.OUTBOX_FULL
    )


def test_sighting_that_was_not_made_yet_is_not_signed_away() -> None:
    boot = boot_of()
    own = claims_of(boot.announce(None)).boot
    boot.settle(boot.sign(PASSAGE))
    boot.sign(PASSAGE)
    assert boot.sign_gap(GapWish(own, 1, 1, GapReason.OUTBOX_FULL))
    for last in (2, MAXIMUM_SEQUENCE):
        with pytest.raises(HandoffError, match="has not taken"):
            boot.sign_gap(GapWish(own, 1, last, GapReason.OUTBOX_FULL))
