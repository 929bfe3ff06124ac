import pytest

from edge_lpr.core.errors import PlateRefusedError
from edge_lpr.core.wipe import wipe
from edge_lpr.tokens import suite1
from edge_lpr.tokens.canonical import fold_into
from edge_lpr.tokens.suite1 import (
    TokenKeys,
    TokenPair,
    TokenScope,
    keyed_fold,
    make_tokens,
    stretch_plate,
)

SCOPE = TokenScope("tenant-a", "lane-07", 20_454)


def test_wiped_keys_are_zero() -> None:
    keys = TokenKeys(b"s" * 32, b"t" * 32)
    keys.wipe()
    assert keys.stretch_key == keys.site_key == bytes(32)


def test_keys_are_a_copy_so_their_source_can_be_wiped() -> None:
    source = bytearray(b"s" * 32)
    keys = TokenKeys(memoryview(source), source)
    wipe(source)
    assert keys.stretch_key == keys.site_key == b"s" * 32


def test_secrets_do_not_show() -> None:
    keys = TokenKeys(b"K" * 32, b"K" * 32)
    tokens = TokenPair(b"T" * 16, b"T" * 16)
    assert "KKK" not in repr(keys)
    assert "TTT" not in repr(tokens)


@pytest.mark.parametrize(
    "lengths", [pytest.param((31, 32), id="stretch key"), pytest.param((32, 33), id="site key")]
)
def test_key_of_another_length_is_refused(lengths: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        TokenKeys(bytes(lengths[0]), bytes(lengths[1]))


@pytest.mark.parametrize(
    ("tenant", "site", "epoch"),
    [
        pytest.param("", "s", 0, id="no tenant"),
        pytest.param("t", "", 0, id="no site"),
        pytest.param("t", "s" * 256, 0, id="site of 256"),
        pytest.param("té", "s", 0, id="not ASCII"),
        pytest.param("t", "s", -1, id="before 1970"),
        pytest.param("t", "s", 2**64, id="more than eight bytes"),
    ],
)
def test_scope_that_the_suite_cannot_write_is_refused(tenant: str, site: str, epoch: int) -> None:
    with pytest.raises(ValueError, match="must"):
        TokenScope(tenant, site, epoch)


def test_plate_with_the_padding_of_its_buffer_makes_no_token() -> None:
    with pytest.raises(PlateRefusedError):
        make_tokens(bytearray(b"AB123\0\0\0\0\0\0\0"), TokenKeys(bytes(32), bytes(32)), SCOPE)


def test_folded_copy_is_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    copies: list[bytearray] = []

    def fold_and_keep(canonical: bytes, folded: bytearray) -> None:
        fold_into(canonical, folded)
        copies.append(folded)

    monkeypatch.setattr("edge_lpr.tokens.suite1.fold_into", fold_and_keep)
    make_tokens(b"AB123", TokenKeys(bytes(32), bytes(32)), SCOPE)
    assert copies == [bytes(5)]


def test_engine_that_has_no_memory_makes_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    memory_allocation_error = -22
    monkeypatch.setattr(suite1, "core", lambda *_: memory_allocation_error)
    with pytest.raises(MemoryError, match="could not be made: Memory allocation error"):
        make_tokens(b"AB123", TokenKeys(bytes(32), bytes(32)), SCOPE)


def test_what_is_computed_on_the_way_is_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    wiped: list[bytes] = []
    monkeypatch.setattr(suite1, "wipe_octets", wiped.append)
    keys = TokenKeys(bytes(32), bytes(32))
    tokens = make_tokens(b"AB123", keys, SCOPE)
    pseudonym, exact_digest, fold_digest, stretched = wiped
    assert pseudonym == keyed_fold(b"AB123", bytes(32))
    assert stretched == stretch_plate(b"AB123", bytes(32), SCOPE)
    assert (exact_digest[:16], fold_digest[:16]) == (tokens.exact, tokens.fold)
