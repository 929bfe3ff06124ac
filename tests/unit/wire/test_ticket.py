"""Tickets and fingerprints survive being read aloud and typed, and say so when they do not."""

import pytest

from edge_lpr.core.errors import InputRefusedError
from edge_lpr.wire.ticket import (
    fingerprint,
    new_ticket,
    read_ticket_code,
    ticket_code,
    ticket_hash,
    tidy_fingerprint,
)

SECRET = bytes(range(16))
CODE = ticket_code(SECRET)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_ticket_is_seven_groups_of_four() -> None:
    assert [len(group) for group in CODE.split("-")] == [4] * 7
    assert CODE.startswith("000G-40R4-0M30")


@pytest.mark.parametrize(
    "typed",
    [CODE, CODE.lower(), CODE.replace("-", ""), f"  {CODE.replace('-', ' ')}\n"],
    ids=["as printed", "lower case", "without hyphens", "with spaces"],
)
def test_ticket_is_read_however_it_is_typed(typed: str) -> None:
    assert read_ticket_code(typed) == SECRET


def test_lookalikes_are_read_as_what_was_printed() -> None:
    typed = CODE.replace("0", "o").replace("1", "l")
    assert typed != CODE
    assert read_ticket_code(typed) == SECRET


@pytest.mark.parametrize("secret", [bytes(16), b"\xff" * 16, new_ticket()])
def test_every_secret_comes_back(secret: bytes) -> None:
    assert read_ticket_code(ticket_code(secret)) == secret


def test_nearly_every_typo_is_noticed() -> None:
    passed = 0
    for place, character in enumerate(CODE):
        for other in ALPHABET:
            if character in ("-", other):
                continue
            try:
                read_ticket_code(CODE[:place] + other + CODE[place + 1 :])
                passed += 1
            except InputRefusedError as error:
                assert "mistyped" in str(error)  # noqa: PT017 - any of 868 typos may pass
    # One in 1,024 of the 806 that touch the secret.
    assert passed <= 3


@pytest.mark.parametrize("typed", ["", CODE[:-1], CODE + "0", "0" * 10_000])
def test_ticket_of_another_length_is_refused(typed: str) -> None:
    with pytest.raises(InputRefusedError, match="28 letters and digits"):
        read_ticket_code(typed)


def test_sign_of_no_ticket_is_refused() -> None:
    with pytest.raises(InputRefusedError, match="no U"):
        read_ticket_code(CODE[:-1] + "U")


def test_hash_of_a_ticket_is_not_that_of_another() -> None:
    assert len(ticket_hash(SECRET)) == 32
    assert ticket_hash(SECRET) != ticket_hash(bytes(16))


def test_fingerprint_is_compared_however_it_is_typed() -> None:
    shown = fingerprint(b"a document")
    assert [len(group) for group in shown.split("-")] == [4] * 5
    assert tidy_fingerprint(shown.lower().replace("-", " ")) == shown
    assert fingerprint(b"another document") != shown


@pytest.mark.parametrize("typed", ["", "ABCD", "UUUU-UUUU-UUUU-UUUU-UUUU"])
def test_what_is_no_fingerprint_is_refused(typed: str) -> None:
    with pytest.raises(InputRefusedError, match="the one that the booth shows"):
        tidy_fingerprint(typed)
