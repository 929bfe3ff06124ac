"""Until when the tokeniser says that it has keys."""

from edge_lpr.core.clock import epoch_of
from edge_lpr.tokeniser.status import keys_status
from edge_lpr.tokens.key_ring import KeyPurpose, KeyRing
from edge_lpr.tokens.suite1 import TokenKeys
from tests.support.clock import SetClock

TODAY = epoch_of(SetClock().unix_s())


def ring_of(*epochs: int, purpose: KeyPurpose = KeyPurpose.LIVE) -> KeyRing:
    return KeyRing(purpose, {epoch: TokenKeys(bytes(32), bytes(32)) for epoch in epochs})


def test_keys_are_told_up_to_the_first_hole() -> None:
    ring = ring_of(TODAY - 1, TODAY, TODAY + 1, TODAY + 3)
    assert keys_status(ring, SetClock()) == {"keys_until": "2026-01-02"}


def test_keys_for_tests_are_told_as_such() -> None:
    ring = ring_of(TODAY, purpose=KeyPurpose.TEST)
    assert keys_status(ring, SetClock()) == {"keys_until": "2026-01-01", "keys_for_tests": ""}


def test_keys_of_other_days_are_none() -> None:
    assert keys_status(ring_of(TODAY + 1), SetClock()) == {"keys_absent": ""}
