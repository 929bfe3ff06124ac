import json
from dataclasses import replace

import pytest

from edge_lpr.core.errors import SealedToOtherKeyError, VerificationError, WireError
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire.bounds import MAXIMUM_EPOCH, MAXIMUM_SEQUENCE, MAXIMUM_UNIX_S
from edge_lpr.wire.jwe import TransportKey, seal
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.key_delivery import (
    DELIVERY_TYP,
    MAXIMUM_DELIVERY_BYTES,
    SEALED_KEYS_TYP,
    EpochKeys,
    KeyDelivery,
    open_delivery,
    sign_delivery,
)
from edge_lpr.wire.topics import DeviceAddress

AUTHORITY = SigningKey.generate()
BOOTH = TransportKey.generate()
NOW = 1_767_268_800
DELIVERY = KeyDelivery(
    address=DeviceAddress("tenant-a", "lane-07", "booth-1"),
    number=3,
    issued_at=NOW,
    last_valid=NOW + 86_400,
    purpose=KeyPurpose.LIVE,
    keys=(EpochKeys(20_454, b"\n" * 32, b"b" * 32), EpochKeys(20_455, b"c" * 32, b"\n" * 32)),
)
LONGEST = KeyDelivery(
    address=DeviceAddress("t" * 32, "s" * 32, "d" * 32),
    number=MAXIMUM_SEQUENCE,
    issued_at=MAXIMUM_UNIX_S,
    last_valid=MAXIMUM_UNIX_S,
    purpose=KeyPurpose.LIVE,
    keys=tuple(
        EpochKeys(epoch, b"\xff" * 32, b"\xff" * 32)
        for epoch in range(MAXIMUM_EPOCH - 7, MAXIMUM_EPOCH + 1)
    ),
)
CLAIMS = {
    "v": 1,
    "tenant": "tenant-a",
    "site": "lane-07",
    "device": "booth-1",
    "number": 3,
    "issued_at": NOW,
    "last_valid": NOW + 86_400,
    "purpose": "live",
    "epochs": [20_454, 20_455],
}


def _sealed(plaintext: bytes, typ: str = SEALED_KEYS_TYP) -> bytes:
    """Return what an authority signs that seals anything."""
    return AUTHORITY.sign(DELIVERY_TYP, seal(plaintext, BOOTH.public_key, typ))


def _plaintext(**changes: object) -> bytes:
    return json.dumps(CLAIMS | changes).encode() + b"\n" + bytes(128)


def _open(document: bytes) -> KeyDelivery:
    return open_delivery(document, AUTHORITY.public_key, BOOTH)


@pytest.mark.parametrize(
    "delivery",
    [
        pytest.param(DELIVERY, id="two epochs"),
        pytest.param(replace(DELIVERY, keys=DELIVERY.keys[:1]), id="one epoch"),
        pytest.param(replace(DELIVERY, purpose=KeyPurpose.TEST), id="test keys"),
        pytest.param(LONGEST, id="longest"),
    ],
)
def test_delivery_comes_back_as_it_was(delivery: KeyDelivery) -> None:
    assert _open(sign_delivery(delivery, BOOTH.public_key, AUTHORITY)) == delivery


def test_longest_delivery_fits() -> None:
    assert len(sign_delivery(LONGEST, BOOTH.public_key, AUTHORITY)) == 1937
    assert MAXIMUM_DELIVERY_BYTES == 4096


def test_claims_stand_in_the_plaintext_as_the_contract_says() -> None:
    delivery = _open(_sealed(_plaintext()))
    assert delivery.address == DELIVERY.address
    assert [each.epoch for each in delivery.keys] == [20_454, 20_455]


def test_keys_can_be_wiped() -> None:
    delivery = _open(sign_delivery(DELIVERY, BOOTH.public_key, AUTHORITY))
    delivery.wipe()
    assert [(each.stretch, each.site) for each in delivery.keys] == [(bytes(32), bytes(32))] * 2


def test_keys_that_nobody_can_wipe_are_left() -> None:
    DELIVERY.wipe()
    assert DELIVERY.keys[0].site == b"b" * 32


def test_keys_do_not_show() -> None:
    assert "bbbb" not in repr(DELIVERY) + repr(DELIVERY.keys)


def test_other_authority_is_refused_before_anything_is_opened() -> None:
    document = sign_delivery(DELIVERY, BOOTH.public_key, SigningKey.generate())
    with pytest.raises(VerificationError, match="another key"):
        _open(document)


def test_delivery_sealed_to_the_key_before_says_so() -> None:
    document = sign_delivery(DELIVERY, TransportKey.generate().public_key, AUTHORITY)
    with pytest.raises(SealedToOtherKeyError, match="newest"):
        _open(document)


def test_other_kind_inside_is_refused() -> None:
    with pytest.raises(VerificationError, match="no lpr-keys"):
        _open(_sealed(_plaintext(), "lpr-photo+jwe"))


def test_other_kind_outside_is_refused() -> None:
    inside = seal(_plaintext(), BOOTH.public_key, SEALED_KEYS_TYP)
    with pytest.raises(VerificationError, match="no lpr-keys"):
        _open(AUTHORITY.sign("lpr-certificate+jws", inside))


@pytest.mark.parametrize(
    "plaintext",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(_plaintext()[:-1], id="a byte short"),
        pytest.param(_plaintext() + b"\0", id="a byte more"),
        pytest.param(json.dumps(CLAIMS).encode(), id="no keys"),
        pytest.param(_plaintext(v=2), id="another version"),
        pytest.param(_plaintext(tenant="+"), id="wildcard as tenant"),
        pytest.param(_plaintext(number=0), id="number 0"),
        pytest.param(_plaintext(number=MAXIMUM_SEQUENCE + 1), id="number too large"),
        pytest.param(_plaintext(issued_at=-1), id="issued before 1970"),
        pytest.param(_plaintext(last_valid=NOW - 1), id="over before it begins"),
        pytest.param(_plaintext(last_valid=MAXIMUM_UNIX_S + 1), id="after 2099"),
        pytest.param(_plaintext(purpose="both"), id="unknown purpose"),
        pytest.param(_plaintext(epochs=[20_455, 20_454]), id="epochs descend"),
        pytest.param(_plaintext(epochs=[20_454, 20_454]), id="epoch twice"),
        pytest.param(_plaintext(epochs=[20_454, MAXIMUM_EPOCH + 1]), id="epoch too large"),
        pytest.param(_plaintext(epochs=[-1, 0]), id="epoch before 1970"),
        pytest.param(_plaintext(epochs=[20_454]), id="keys of an epoch that is not named"),
        pytest.param(_plaintext(plate="AB123"), id="unknown claim"),
        pytest.param(
            json.dumps(CLAIMS | {"epochs": []}).encode() + b"\n", id="no epoch and no keys"
        ),
        pytest.param(
            json.dumps(CLAIMS | {"epochs": list(range(9))}).encode() + b"\n" + bytes(9 * 64),
            id="nine epochs",
        ),
    ],
)
def test_plaintext_out_of_bounds_is_refused(plaintext: bytes) -> None:
    with pytest.raises(WireError):
        _open(_sealed(plaintext))


@pytest.mark.parametrize("name", sorted(CLAIMS))
def test_missing_claim_is_refused(name: str) -> None:
    members = {key: value for key, value in CLAIMS.items() if key != name}
    with pytest.raises(WireError, match=f"no '{name}'"):
        _open(_sealed(json.dumps(members).encode() + b"\n" + bytes(128)))


def test_delivery_out_of_bounds_is_never_signed() -> None:
    with pytest.raises(WireError, match="ascend"):
        replace(DELIVERY, keys=DELIVERY.keys[::-1])


@pytest.mark.parametrize("keys", [(b"short", bytes(32)), (bytes(32), bytes(33))])
def test_key_of_another_length_is_refused(keys: tuple[bytes, bytes]) -> None:
    with pytest.raises(WireError, match="32 bytes"):
        EpochKeys(1, *keys)


def test_longer_document_is_refused_unread() -> None:
    with pytest.raises(WireError, match="at most 4096 bytes"):
        _open(b"." * (MAXIMUM_DELIVERY_BYTES + 1))
