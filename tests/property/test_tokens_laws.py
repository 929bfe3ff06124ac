import unicodedata
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.core.errors import PlateRefusedError
from edge_lpr.tokens.canonical import canonical_from_indices, canonicalise, fold_into
from edge_lpr.tokens.suite1 import TokenKeys, TokenPair, TokenScope, make_tokens
from tests.support.strategies import canonical_plates

KEYS = st.binary(min_size=32, max_size=32)
SCOPES = st.builds(
    TokenScope,
    tenant=st.from_regex(r"[a-z][a-z0-9-]{0,31}", fullmatch=True),
    site=st.from_regex(r"[a-z][a-z0-9-]{0,31}", fullmatch=True),
    epoch=st.integers(0, 2**64 - 2),
)
ARGON2_IS_SLOW = settings(max_examples=5, deadline=None)


def _fold(canonical: bytes) -> bytes:
    folded = bytearray(len(canonical))
    fold_into(canonical, folded)
    return bytes(folded)


@given(canonical_plates)
def test_canonical_plate_is_its_own_canonical_form(plate: bytes) -> None:
    assert canonicalise(plate.decode()) == plate


@given(st.text(max_size=40) | st.text("ABCbc12 -·ÖАВ１١", min_size=2, max_size=14))
def test_canonicalising_twice_is_once(text: str) -> None:
    try:
        once = canonicalise(text)
    except PlateRefusedError:
        return
    assert canonicalise(once.decode()) == once
    assert 2 <= len(once) <= 12
    assert set(once) <= set(PLATE_ALPHABET)


@given(canonical_plates, st.data())
def test_separators_case_and_composition_do_not_matter(plate: bytes, data: st.DataObject) -> None:
    separators = st.text(" -.·•_/\t\u2010\u2011\u2013\u2014", max_size=3)
    written = "".join(
        data.draw(separators) + data.draw(st.sampled_from([chr(octet), chr(octet).lower()]))
        for octet in plate
    )
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert canonicalise(unicodedata.normalize(form, written)) == plate


@given(canonical_plates)
def test_device_and_server_agree(plate: bytes) -> None:
    canonical = bytearray(12)
    length = canonical_from_indices(bytes(map(PLATE_ALPHABET.index, plate)), canonical)
    assert canonical[:length] == canonicalise(plate.decode())


@given(st.binary(max_size=20))
def test_garbage_is_refused_and_nothing_else_happens(class_indices: bytes) -> None:
    canonical = bytearray(b"\xff" * 12)
    try:
        length = canonical_from_indices(class_indices, canonical)
    except PlateRefusedError:
        length = 0
    assert set(canonical[:length]) <= set(PLATE_ALPHABET)
    assert not any(canonical[length:])


@given(canonical_plates)
def test_folding_twice_is_once(plate: bytes) -> None:
    assert _fold(_fold(plate)) == _fold(plate)


@given(plate=canonical_plates, stretch_key=KEYS, site_key=KEYS, scope=SCOPES, data=st.data())
@ARGON2_IS_SLOW
@pytest.mark.parametrize("change", ["tenant", "site", "epoch", "stretch key", "site key"])
def test_tokens_of_two_keys_or_scopes_have_nothing_in_common(
    change: str,
    plate: bytes,
    stretch_key: bytes,
    site_key: bytes,
    scope: TokenScope,
    data: st.DataObject,
) -> None:
    other_key = data.draw(KEYS)
    assume(other_key not in (stretch_key, site_key))
    keys, other_keys, other_scope = TokenKeys(stretch_key, site_key), None, scope
    match change:
        case "tenant":
            other_scope = replace(scope, tenant=scope.tenant + "x")
        case "site":
            other_scope = replace(scope, site=scope.site + "x")
        case "epoch":
            other_scope = replace(scope, epoch=scope.epoch + 1)
        case "stretch key":
            other_keys = TokenKeys(other_key, site_key)
        case _:
            other_keys = TokenKeys(stretch_key, other_key)
    here = make_tokens(plate, keys, scope)
    there = make_tokens(plate, other_keys or keys, other_scope)
    assert len({here.exact, here.fold, there.exact, there.fold}) == 4


@given(canonical_plates, canonical_plates, KEYS, SCOPES)
@ARGON2_IS_SLOW
def test_tokens_are_equal_exactly_when_the_plates_are(
    plate: bytes, other: bytes, key: bytes, scope: TokenScope
) -> None:
    def tokens(canonical: bytes) -> TokenPair:
        return make_tokens(canonical, TokenKeys(key, key), scope)

    here, there, folded = tokens(plate), tokens(other), tokens(_fold(plate))
    assert (here.exact == there.exact) == (plate == other)
    assert (here.fold == there.fold) == (_fold(plate) == _fold(other))
    assert here.fold == folded.fold
    assert (here.exact == folded.exact) == (plate == _fold(plate))
