import json
from dataclasses import replace

import pytest

from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.wire import base64url
from edge_lpr.wire.bounds import MAXIMUM_EPOCH, MAXIMUM_SEQUENCE, MAXIMUM_UNIX_S
from edge_lpr.wire.device_certificate import CustodyTier, DeviceCertificate, issue_certificate
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.topics import DeviceAddress
from edge_lpr.wire.transport import (
    MAXIMUM_TRANSPORT_BYTES,
    TransportClaims,
    sign_transport,
    verify_transport,
)

AUTHORITY = SigningKey.generate()
EVENT_KEY = SigningKey.generate()
TRANSPORT_KEY = TransportKey.generate()
NOW = 1_767_268_800


def _certificate(address: DeviceAddress, not_before: int, not_after: int) -> bytes:
    certificate = DeviceCertificate(
        address, EVENT_KEY.public_key, CustodyTier.B, not_before, not_after
    )
    return issue_certificate(certificate, AUTHORITY)


CLAIMS = TransportClaims(
    certificate=_certificate(DeviceAddress("tenant-a", "lane-07", "booth-1"), NOW, NOW + 100),
    number=7,
    key=TRANSPORT_KEY.public_key,
    epochs=(20_454, 20_455),
    delivery=6,
    at=NOW,
)
LONGEST = TransportClaims(
    certificate=b"x" * 1024,
    number=MAXIMUM_SEQUENCE,
    key=TRANSPORT_KEY.public_key,
    epochs=tuple(range(MAXIMUM_EPOCH - 7, MAXIMUM_EPOCH + 1)),
    delivery=MAXIMUM_SEQUENCE,
    at=MAXIMUM_UNIX_S,
)


def _json(**changes: object) -> bytes:
    return json.dumps(json.loads(CLAIMS.encode()) | changes).encode()


def _point(octets: bytes) -> str:
    return base64url.encode(octets).decode()


def test_announcement_stands_on_the_wire_as_the_contract_says() -> None:
    assert json.loads(CLAIMS.encode()) == {
        "v": 1,
        "certificate": CLAIMS.certificate.decode(),
        "number": 7,
        "key": _point(TRANSPORT_KEY.public_key.octets),
        "epochs": [20_454, 20_455],
        "delivery": 6,
        "at": NOW,
    }


def test_announcement_says_who_the_device_is_and_what_its_newest_key_is() -> None:
    document = sign_transport(CLAIMS, EVENT_KEY)
    certificate, claims = verify_transport(document, AUTHORITY.public_key, NOW)
    assert certificate.address == DeviceAddress("tenant-a", "lane-07", "booth-1")
    assert claims == CLAIMS


def test_device_without_keys_and_deliveries_says_so() -> None:
    document = sign_transport(replace(CLAIMS, epochs=(), delivery=0), EVENT_KEY)
    _, claims = verify_transport(document, AUTHORITY.public_key, NOW)
    assert (claims.epochs, claims.delivery) == ((), 0)


def test_longest_announcement_fits() -> None:
    assert len(sign_transport(LONGEST, EVENT_KEY)) == 1812
    assert MAXIMUM_TRANSPORT_BYTES == 2048


def test_longer_document_is_refused_unread() -> None:
    with pytest.raises(WireError, match="at most 2048 bytes"):
        verify_transport(b"." * 2049, AUTHORITY.public_key, NOW)


def test_key_that_the_authority_did_not_certify_is_refused() -> None:
    document = sign_transport(CLAIMS, EVENT_KEY)
    with pytest.raises(VerificationError, match="another key"):
        verify_transport(document, SigningKey.generate().public_key, NOW)


def test_announcement_by_another_key_than_the_certified_is_refused() -> None:
    document = sign_transport(CLAIMS, SigningKey.generate())
    with pytest.raises(VerificationError, match="another key"):
        verify_transport(document, AUTHORITY.public_key, NOW)


def test_announcement_under_a_certificate_that_is_over_is_refused() -> None:
    document = sign_transport(CLAIMS, EVENT_KEY)
    with pytest.raises(VerificationError, match="valid from"):
        verify_transport(document, AUTHORITY.public_key, NOW + 101)


def test_other_document_of_the_same_key_is_no_announcement() -> None:
    document = EVENT_KEY.sign("lpr-birth+jws", CLAIMS.encode())
    with pytest.raises(VerificationError, match=r"no lpr-transport"):
        verify_transport(document, AUTHORITY.public_key, NOW)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"v": 2}, id="another version"),
        pytest.param({"certificate": ""}, id="no certificate"),
        pytest.param({"certificate": "é"}, id="certificate not ASCII"),
        pytest.param({"number": 0}, id="number 0"),
        pytest.param({"number": MAXIMUM_SEQUENCE + 1}, id="number too large"),
        pytest.param({"key": _point(bytes(31))}, id="key too short"),
        pytest.param({"key": _point(bytes(32))}, id="point of low order"),
        pytest.param({"key": _point(b"\xff" * 32)}, id="key not reduced"),
        pytest.param({"epochs": [2, 1]}, id="epochs descend"),
        pytest.param({"epochs": list(range(9))}, id="nine epochs"),
        pytest.param({"epochs": [MAXIMUM_EPOCH + 1]}, id="epoch too large"),
        pytest.param({"epochs": [True]}, id="epoch true"),
        pytest.param({"epochs": 1}, id="epochs no array"),
        pytest.param({"delivery": -1}, id="delivery negative"),
        pytest.param({"at": MAXIMUM_UNIX_S + 1}, id="after 2099"),
        pytest.param({"private": "x"}, id="unknown claim"),
    ],
)
def test_announcement_out_of_bounds_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(WireError):
        TransportClaims.decode(_json(**changes))


@pytest.mark.parametrize("name", sorted(json.loads(CLAIMS.encode())))
def test_missing_claim_is_refused(name: str) -> None:
    members = json.loads(CLAIMS.encode())
    del members[name]
    with pytest.raises(WireError, match=f"no '{name}'"):
        TransportClaims.decode(json.dumps(members).encode())


@pytest.mark.parametrize("epochs", [(2, 1), (1, 1), tuple(range(9))])
def test_announcement_out_of_bounds_is_never_signed(epochs: tuple[int, ...]) -> None:
    with pytest.raises(WireError, match="epochs"):
        replace(CLAIMS, epochs=epochs)
