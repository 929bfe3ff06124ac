import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.wire import base64url, jws
from edge_lpr.wire.jws import PublicKey, SigningKey

RFC_8037_PRIVATE = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
"""The example key of RFC 8037, appendix A, which is also RFC 8032's first."""

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(RFC_8037_PRIVATE))
TYP = "lpr-test+jws"
LIMIT = 4096


def _signed(header: bytes, payload: bytes = b"{}") -> bytes:
    """Return a document with any header, truly signed."""
    signed = base64url.encode(header) + b"." + base64url.encode(payload)
    return signed + b"." + base64url.encode(KEY._key.sign(signed))


def _header(**changes: object) -> bytes:
    return json.dumps({"alg": "EdDSA", "kid": KEY.kid, "typ": TYP} | changes).encode()


def test_key_is_named_by_its_thumbprint() -> None:
    thumbprint_of_rfc_8037_a_3 = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert thumbprint_of_rfc_8037_a_3[:16] == KEY.kid


def test_signed_document_has_the_pinned_header() -> None:
    header, payload, _ = KEY.sign(TYP, b'{"a":1}').split(b".")
    expected = b'{"alg":"EdDSA","kid":"kPrK_qmxVWaYVA9w","typ":"lpr-test+jws"}'
    assert base64url.decode(header) == expected
    assert base64url.decode(payload) == b'{"a":1}'


def test_signed_document_is_verified() -> None:
    document = jws.parse(KEY.sign(TYP, b"payload"), LIMIT)
    assert (document.kid, document.typ) == (KEY.kid, TYP)
    assert document.verified(TYP, KEY.public_key) == b"payload"


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
def test_both_names_of_the_algorithm_are_accepted(algorithm: str) -> None:
    document = jws.parse(_signed(_header(alg=algorithm)), LIMIT)
    assert document.verified(TYP, KEY.public_key) == b"{}"


def test_same_header_under_another_document_is_read_alike() -> None:
    documents = [jws.parse(KEY.sign(TYP, payload), LIMIT) for payload in (b"1", b"2")]
    assert [(each.kid, each.typ) for each in documents] == [(KEY.kid, TYP)] * 2
    assert [each.untrusted_payload for each in documents] == [b"1", b"2"]


def test_header_of_unusual_length_is_read_too() -> None:
    document = jws.parse(_signed(_header(kid="k" * 200)), LIMIT)
    assert document.kid == "k" * 200


def test_one_kind_of_document_never_passes_for_another() -> None:
    document = jws.parse(KEY.sign("lpr-health+jws", b"{}"), LIMIT)
    with pytest.raises(VerificationError, match=r"no lpr-test\+jws"):
        document.verified(TYP, KEY.public_key)


def test_document_of_another_key_is_refused() -> None:
    document = jws.parse(SigningKey.generate().sign(TYP, b"{}"), LIMIT)
    with pytest.raises(VerificationError, match="another key"):
        document.verified(TYP, KEY.public_key)


def test_document_that_only_claims_the_right_key_is_refused() -> None:
    forger = SigningKey.generate()
    signed = base64url.encode(_header()) + b"." + base64url.encode(b"{}")
    forged = signed + b"." + base64url.encode(forger._key.sign(signed))
    with pytest.raises(VerificationError, match="signature"):
        jws.parse(forged, LIMIT).verified(TYP, KEY.public_key)


def test_changed_payload_is_refused() -> None:
    header, _, signature = KEY.sign(TYP, b'{"a":1}').split(b".")
    changed = b".".join((header, base64url.encode(b'{"a":2}'), signature))
    with pytest.raises(VerificationError, match="signature"):
        jws.parse(changed, LIMIT).verified(TYP, KEY.public_key)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(_header(alg="none"), id="no algorithm"),
        pytest.param(_header(alg="HS256"), id="algorithm with a shared key"),
        pytest.param(_header(alg="eddsa"), id="algorithm in lower case"),
        pytest.param(_header(alg=None), id="algorithm null"),
        pytest.param(_header(crit=["exp"]), id="critical extension"),
        pytest.param(_header(jwk={}), id="key in the message"),
        pytest.param(_header(b64=False), id="payload not encoded"),
        pytest.param(b'{"alg":"EdDSA","typ":"lpr-test+jws"}', id="no key id"),
        pytest.param(b'{"alg":"EdDSA","kid":"k"}', id="no kind"),
        pytest.param(_header()[:-1] + b',"alg":"none"}', id="algorithm twice"),
        pytest.param(b"[]", id="array"),
    ],
)
def test_any_other_header_is_refused(header: bytes) -> None:
    with pytest.raises(WireError):
        jws.parse(_signed(header), LIMIT)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda document: document[:0], id="empty"),
        pytest.param(lambda document: document[:0] + b"..", id="dots"),
        pytest.param(lambda document: document.rpartition(b".")[0], id="no signature"),
        pytest.param(lambda document: document.rpartition(b".")[2], id="signature alone"),
        pytest.param(lambda document: document[:-4], id="signature cut"),
        pytest.param(
            lambda document: document.partition(b".")[0] + b"." + document.rpartition(b".")[2],
            id="no payload",
        ),
        pytest.param(lambda document: document + b"==", id="padding"),
        pytest.param(lambda document: document[:-1] + b"_", id="stray bits in the signature"),
        pytest.param(lambda document: document + b"." + document, id="two documents"),
        pytest.param(lambda document: b" " + document, id="leading space"),
        pytest.param(lambda document: document + b"\n", id="newline at the end"),
        pytest.param(lambda document: b"\xff" + document, id="not ASCII"),
        pytest.param(lambda document: document * 100, id="too long"),
    ],
)
def test_malformed_document_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(WireError):
        jws.parse(spoil(KEY.sign(TYP, b"{}")), LIMIT)


def test_public_key_of_another_length_is_refused() -> None:
    with pytest.raises(WireError, match="32 bytes"):
        PublicKey(bytes(31))


def test_private_key_does_not_show() -> None:
    assert RFC_8037_PRIVATE.hex() not in repr(KEY)
    assert repr(RFC_8037_PRIVATE) not in repr(KEY)
