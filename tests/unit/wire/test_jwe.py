import json
from collections.abc import Callable

import pytest

from edge_lpr.core.errors import SealedToOtherKeyError, VerificationError, WireError
from edge_lpr.wire import base64url
from edge_lpr.wire.jwe import TransportKey, TransportPublicKey, open_sealed, seal

KEY = TransportKey.generate()
TYP = "lpr-keys+jwe"
LONGEST = 1000
DOCUMENT = seal(b"secret", KEY.public_key, TYP)
PRIME = 2**255 - 19
LOW_ORDER = [
    0,
    1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
    PRIME - 1,
]
"""Every reduced u-coordinate of low order (RFC 7748, section 7; their orders are 1, 2, 4 and 8)."""


def _open(document: bytes) -> bytearray:
    return open_sealed(document, KEY, TYP, LONGEST)


def _with_header(**changes: object) -> bytes:
    """Return the document under another header: what is refused is refused before its tag."""
    header_text, rest = DOCUMENT.split(b".", 1)
    members = json.loads(base64url.decode(header_text)) | changes
    kept = {name: value for name, value in members.items() if value is not None}
    return base64url.encode(json.dumps(kept).encode()) + b"." + rest


def _sender(**changes: object) -> dict[str, object]:
    members = json.loads(base64url.decode(DOCUMENT.split(b".")[0]))["epk"] | changes
    return {name: value for name, value in members.items() if value is not None}


def _point(number: int) -> str:
    return base64url.encode(number.to_bytes(32, "little")).decode()


def _part(place: int, change: Callable[[bytes], bytes]) -> bytes:
    """Return the document with one of its parts changed."""
    parts = DOCUMENT.split(b".")
    parts[place] = base64url.encode(change(base64url.decode(parts[place])))
    return b".".join(parts)


def test_header_is_the_contracts() -> None:
    header = json.loads(base64url.decode(DOCUMENT.split(b".")[0]))
    assert len(base64url.decode(header["epk"].pop("x").encode())) == 32
    assert header == {
        "alg": "ECDH-ES",
        "enc": "A256GCM",
        "epk": {"crv": "X25519", "kty": "OKP"},
        "kid": KEY.kid,
        "typ": TYP,
    }


@pytest.mark.parametrize("plaintext", [b"", b"secret", bytes(500)], ids=["nothing", "few", "many"])
def test_sealed_document_opens_to_what_was_sealed(plaintext: bytes) -> None:
    assert open_sealed(seal(plaintext, KEY.public_key, TYP), KEY, TYP, LONGEST) == plaintext


def test_no_two_documents_are_alike() -> None:
    again = seal(b"secret", KEY.public_key, TYP).split(b".")
    assert [
        i for i, (a, b) in enumerate(zip(DOCUMENT.split(b"."), again, strict=True)) if a == b
    ] == [1]


def test_longer_document_is_refused_unread() -> None:
    with pytest.raises(WireError, match="at most 1000 bytes"):
        _open(b"." * 1001)


def test_document_for_another_key_says_so() -> None:
    with pytest.raises(SealedToOtherKeyError):
        _open(seal(b"secret", TransportKey.generate().public_key, TYP))


def test_document_of_another_kind_is_refused() -> None:
    with pytest.raises(VerificationError, match="no lpr-keys"):
        _open(seal(b"secret", KEY.public_key, "lpr-photo+jwe"))


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"", id="empty"),
        pytest.param(DOCUMENT.rsplit(b".", 1)[0], id="four parts"),
        pytest.param(DOCUMENT + b".", id="six parts"),
        pytest.param(_part(1, lambda _: b"key"), id="encrypted key"),
        pytest.param(_part(2, lambda octets: octets[:-1]), id="nonce too short"),
        pytest.param(_part(2, lambda octets: octets + b"\0"), id="nonce too long"),
        pytest.param(_part(4, lambda octets: octets[:-1]), id="tag too short"),
        pytest.param(_part(4, lambda octets: octets + b"\0"), id="tag too long"),
        pytest.param(DOCUMENT + b"=", id="padding"),
        pytest.param(b"e30" + DOCUMENT[DOCUMENT.index(b".") :], id="empty header"),
        pytest.param(_with_header(alg="ECDH-ES+A256KW"), id="wrapped key"),
        pytest.param(_with_header(alg="dir"), id="shared key"),
        pytest.param(_with_header(alg=None), id="no algorithm"),
        pytest.param(_with_header(enc="A128GCM"), id="weaker encryption"),
        pytest.param(_with_header(zip="DEF"), id="compressed"),
        pytest.param(_with_header(apu="QQ"), id="parties named"),
        pytest.param(_with_header(crit=["exp"]), id="critical extension"),
        pytest.param(_with_header(kid=None), id="no key named"),
        pytest.param(_with_header(typ=None), id="no kind"),
        pytest.param(_with_header(epk=None), id="no sender"),
        pytest.param(_with_header(epk="x"), id="sender no object"),
        pytest.param(_with_header(epk=_sender(crv="P-256")), id="another curve"),
        pytest.param(_with_header(epk=_sender(kty="EC")), id="another kind of key"),
        pytest.param(_with_header(epk=_sender(d="AA")), id="private half"),
        pytest.param(_with_header(epk=_sender(x=None)), id="no point"),
        pytest.param(_with_header(epk=_sender(x="AA")), id="point too short"),
        pytest.param(_with_header(epk=_sender(x=_point(PRIME + 9))), id="point not reduced"),
        *(
            pytest.param(_with_header(epk=_sender(x=_point(each))), id=f"low order {place}")
            for place, each in enumerate(LOW_ORDER)
        ),
    ],
)
def test_document_of_another_form_is_refused(document: bytes) -> None:
    with pytest.raises(WireError) as refusal:
        _open(document)
    assert not isinstance(refusal.value, VerificationError), "its form alone is wrong"


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(_part(2, lambda octets: bytes([octets[0] ^ 1]) + octets[1:]), id="nonce"),
        pytest.param(_part(3, lambda octets: bytes([octets[0] ^ 1]) + octets[1:]), id="content"),
        pytest.param(_part(3, lambda octets: octets[:-1]), id="content cut"),
        pytest.param(_part(4, lambda octets: bytes([octets[0] ^ 1]) + octets[1:]), id="tag"),
        pytest.param(_with_header(epk=_sender(x=_point(9))), id="another sender"),
        pytest.param(_with_header(), id="header with blanks"),
    ],
)
def test_changed_document_does_not_open(document: bytes) -> None:
    with pytest.raises(VerificationError, match="changed"):
        _open(document)


@pytest.mark.parametrize("number", LOW_ORDER)
def test_nothing_is_ever_sealed_to_a_point_of_low_order(number: int) -> None:
    with pytest.raises(WireError, match="low order"):
        TransportPublicKey(number.to_bytes(32, "little"))


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(PRIME.to_bytes(32, "little"), id="zero again"),
        pytest.param((PRIME + 9).to_bytes(32, "little"), id="nine again"),
        pytest.param((9 + 2**255).to_bytes(32, "little"), id="highest bit"),
    ],
)
def test_second_text_of_a_point_is_refused(octets: bytes) -> None:
    with pytest.raises(WireError, match="reduced"):
        TransportPublicKey(octets)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys_of_another_length_are_refused(length: int) -> None:
    for read in (TransportPublicKey, TransportKey.from_octets):
        with pytest.raises(WireError, match="32 bytes"):
            read(bytes(length))


def test_key_comes_back_as_it_was_kept() -> None:
    kept = TransportKey.from_octets(bytearray(KEY.private_octets()))
    assert open_sealed(DOCUMENT, kept, TYP, LONGEST) == b"secret"
    assert kept.public_key == KEY.public_key
    assert hash(kept.public_key) == hash(KEY.public_key)
    assert kept.public_key != KEY.public_key.octets
    assert kept.kid == KEY.kid


def test_key_does_not_show() -> None:
    assert KEY.private_octets().hex() not in repr(KEY)
    assert repr(KEY).startswith("<edge_lpr.wire.jwe.TransportKey object")
