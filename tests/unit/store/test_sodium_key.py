"""libsodium believes what OpenSSL believes."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_lpr.store.sodium_key import SodiumKey
from edge_lpr.subscriber.authenticity import Authenticator
from edge_lpr.subscriber.verdicts import AuthenticSighting, Refusal, RefusalReason
from edge_lpr.wire.jws import PublicKey, SigningKey
from edge_lpr.wire.topics import TopicKind
from tests.support.clock import SetClock
from tests.support.fleet import AUTHORITY, SignedBooth

RFC_8032_TEST_3 = (
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    (
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    ),
)


def test_signature_of_the_standard_holds() -> None:
    key, signed, signature = map(bytes.fromhex, RFC_8032_TEST_3)
    assert SodiumKey(key).is_signature(signature, signed)


@pytest.mark.parametrize("bit", range(0, 512, 7))
def test_signature_with_one_bit_changed_does_not_hold_for_either(bit: int) -> None:
    key, signed, signature = map(bytes.fromhex, RFC_8032_TEST_3)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    assert not SodiumKey(key).is_signature(bytes(changed), signed)
    assert not PublicKey(key).is_signature(bytes(changed), signed)


def test_key_has_the_same_name() -> None:
    octets = SigningKey(Ed25519PrivateKey.generate()).public_key.octets
    assert SodiumKey(octets).kid == PublicKey(octets).kid


def test_what_a_device_signs_is_verified_with_it() -> None:
    booth = SignedBooth()
    authenticator = Authenticator(AUTHORITY.public_key, SetClock(), SodiumKey)
    authenticator.judge(booth.topic(TopicKind.BIRTH), booth.birth())
    document = booth.sightings(1)[0]
    believed = authenticator.judge(booth.topic(TopicKind.SIGHTING), document)
    assert isinstance(believed, AuthenticSighting)
    assert isinstance(believed.certificate.event_key, SodiumKey)
    header, payload, signature = document.split(b".")
    forged = b".".join([header, payload, signature[:10] + b"AAAA" + signature[14:]])
    refused = authenticator.judge(booth.topic(TopicKind.SIGHTING), forged)
    assert isinstance(refused, Refusal)
    assert refused.reason is RefusalReason.UNVERIFIED
