import hashlib
import hmac

import pytest

from edge_lpr.drill.guessing import (
    Findings,
    Remembered,
    StolenKeys,
    Targets,
    guess_across,
    guess_keyed,
    guess_plain,
    guess_suite,
)
from edge_lpr.drill.records import TokenRecord
from edge_lpr.tokens.laboratory import stretch_plate_cheaply
from edge_lpr.tokens.suite1 import TokenScope, finish_tokens

TENANT, SITE, EPOCH = "drill", "elm", 20_000
STRETCH, SITE_KEY = bytes(range(32)), bytes(range(32, 64))
DICTIONARY = [b"ABC%04d" % number for number in range(50)]
PLATE = DICTIONARY[7]
KEYS = StolenKeys({EPOCH: {STRETCH}}, {(SITE, EPOCH): {SITE_KEY}})


def record_with(exact: bytes, *, site: str = SITE, epoch: int = EPOCH) -> TokenRecord:
    return TokenRecord(site, "elm-1", "boot", 1, epoch, 0, 1, "in", exact, b"f" * 16)


def token_of(plate: bytes = PLATE, *, site: str = SITE, epoch: int = EPOCH) -> bytes:
    scope = TokenScope(TENANT, site, epoch)
    stretched = stretch_plate_cheaply(plate, STRETCH, scope)
    return finish_tokens(stretched, plate, SITE_KEY, scope).exact


def named(findings: Findings) -> list[bytes]:
    return list(findings.named.values())


def test_salted_hash_is_found() -> None:
    token = hashlib.sha256(b"elm" + PLATE).digest()[:16]
    assert named(guess_plain(Targets([record_with(token)]), DICTIONARY, [b"elm"])) == [PLATE]


def test_plain_hash_is_found() -> None:
    token = hashlib.md5(PLATE, usedforsecurity=False).digest()
    assert named(guess_plain(Targets([record_with(token)]), DICTIONARY, [])) == [PLATE]


def test_token_of_the_suite_is_no_plain_hash() -> None:
    targets = Targets([record_with(token_of())])
    assert not named(guess_plain(targets, DICTIONARY, [b"elm", b"drill"]))


def test_keyed_hash_is_found_among_other_keys() -> None:
    token = hmac.digest(b"k" * 32, PLATE, "sha256")[:16]
    keys = [bytes(32), b"k" * 32, b"j" * 32]
    assert named(guess_keyed(Targets([record_with(token)]), DICTIONARY, keys)) == [PLATE]


def test_keys_of_the_day_find_the_plate() -> None:
    targets = Targets([record_with(token_of())])
    found = guess_suite(targets, DICTIONARY, KEYS, stretch_plate_cheaply, tenant=TENANT)
    assert named(found) == [PLATE]
    assert found.guesses == len(DICTIONARY)


def test_keys_of_another_day_find_nothing() -> None:
    targets = Targets([record_with(token_of(), epoch=EPOCH + 1)])
    assert not named(guess_suite(targets, DICTIONARY, KEYS, stretch_plate_cheaply, tenant=TENANT))


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param(StolenKeys({EPOCH: {STRETCH}}, {}), id="stretch key"),
        pytest.param(StolenKeys({}, {(SITE, EPOCH): {SITE_KEY}}), id="site key"),
    ],
)
def test_one_of_both_keys_finds_nothing(keys: StolenKeys) -> None:
    targets = Targets([record_with(token_of())])
    for guess in (guess_suite, guess_across):
        assert not named(guess(targets, DICTIONARY, keys, stretch_plate_cheaply, tenant=TENANT))


def test_keys_with_wrong_labels_are_tried_all_the_same() -> None:
    targets = Targets([record_with(token_of())])
    keys = StolenKeys({EPOCH + 5: {STRETCH}}, {("fir", EPOCH + 3): {SITE_KEY}})
    found = guess_across(targets, DICTIONARY, keys, stretch_plate_cheaply, tenant=TENANT)
    assert named(found) == [PLATE]


def test_the_same_guess_is_paid_for_once() -> None:
    remembered = Remembered(stretch_plate_cheaply)
    here, there = TokenScope(TENANT, "elm", EPOCH), TokenScope(TENANT, "fir", EPOCH)
    assert remembered(PLATE, STRETCH, here) == remembered(PLATE, STRETCH, there)
    assert len(remembered) == 1


def test_secrets_do_not_show() -> None:
    assert "ABC" not in repr(guess_plain(Targets([]), DICTIONARY, []))
    assert "\\x" not in repr(KEYS)
