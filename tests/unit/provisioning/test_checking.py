"""An answer is believed only when authority, request, device, keys, times and bundle all fit."""

import dataclasses

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from edge_lpr.certificates.certificate_authority import CertificateAuthority, Validity
from edge_lpr.core.clock import EPOCH_LENGTH_S, epoch_of
from edge_lpr.core.errors import EnrolmentError
from edge_lpr.provisioning.checking import Expected, check_answer, delivery_purpose
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire.deployment import Deployment, sign_deployment
from edge_lpr.wire.device_certificate import CustodyTier, DeviceCertificate, issue_certificate
from edge_lpr.wire.enrolment import AnswerClaims, document_digest, sign_answer
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.key_delivery import EpochKeys, KeyDelivery, sign_delivery
from edge_lpr.wire.topics import DeviceAddress
from tests.support.clock import NOON_OF_THE_VECTORS

NOW_S = NOON_OF_THE_VECTORS
ADDRESS, OTHER_ADDRESS = (
    DeviceAddress("agency", "north", "a"),
    DeviceAddress("agency", "north", "b"),
)
AUTHORITY, EVENT_KEY, OTHER = SigningKey.generate(), SigningKey.generate(), SigningKey.generate()
TRANSPORT_KEY = TransportKey.generate()
TLS_KEY, OTHER_TLS_KEY = (ec.generate_private_key(ec.SECP256R1()).public_key() for _ in range(2))
DEVICES = CertificateAuthority.generate("agency devices", NOW_S)
DEPLOYMENT = Deployment(
    tenant="agency",
    authority=AUTHORITY.public_key,
    broker_ca_pem=DEVICES.certificate_pem.decode(),
    broker_host="localhost",
    devices_port=8883,
    consumers_port=8884,
    enrolment_url=None,
    made_at=NOW_S,
)
CERTIFICATE = DeviceCertificate(
    ADDRESS, EVENT_KEY.public_key, CustodyTier.B, NOW_S, NOW_S + 90 * EPOCH_LENGTH_S
)
DELIVERY = KeyDelivery(
    address=ADDRESS,
    number=1,
    issued_at=NOW_S,
    last_valid=NOW_S + EPOCH_LENGTH_S,
    purpose=KeyPurpose.TEST,
    keys=(EpochKeys(epoch_of(NOW_S), bytes(32), bytes(32)),),
)
EXPECTED = Expected(ADDRESS, DEPLOYMENT, b"request", EVENT_KEY.public_key, TLS_KEY)


def chain(name: str = "a", key: ec.EllipticCurvePublicKey = TLS_KEY, days: int = 30) -> str:
    own = DEVICES.certify_client_key(key, name, Validity.days_from(NOW_S, days))
    return (own.public_bytes(Encoding.PEM) + DEVICES.certificate_pem).decode()


def certified(signer: SigningKey = AUTHORITY, **changes: object) -> bytes:
    certificate = dataclasses.replace(CERTIFICATE, **changes)  # type: ignore[arg-type] # any field
    return issue_certificate(certificate, signer)


def delivery(**changes: object) -> bytes:
    changed = dataclasses.replace(DELIVERY, **changes)  # type: ignore[arg-type] # any field
    return sign_delivery(changed, TRANSPORT_KEY.public_key, AUTHORITY)


CLAIMS = AnswerClaims(
    document_digest(b"request"),
    certified(),
    chain(),
    sign_deployment(DEPLOYMENT, AUTHORITY),
    delivery(),
)


def test_answer_that_fits_is_believed() -> None:
    checked = check_answer(sign_answer(CLAIMS, AUTHORITY), EXPECTED, NOW_S)
    assert checked.claims == CLAIMS
    assert checked.certificate.tier is CustodyTier.B
    assert delivery_purpose(CLAIMS, EXPECTED, TRANSPORT_KEY) is KeyPurpose.TEST


def test_newer_bundle_of_the_same_deployment_is_taken() -> None:
    moved = dataclasses.replace(DEPLOYMENT, broker_host="elsewhere.example")
    claims = dataclasses.replace(CLAIMS, deployment=sign_deployment(moved, AUTHORITY))
    checked = check_answer(sign_answer(claims, AUTHORITY), EXPECTED, NOW_S)
    assert checked.deployment.broker_host == "elsewhere.example"


OTHERS = dataclasses.replace(DEPLOYMENT, authority=OTHER.public_key)
OTHER_TENANT = dataclasses.replace(DEPLOYMENT, tenant="other")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"request": document_digest(b"another")}, "to another request"),
        ({"certificate": b"a.b.c"}, "none of the authority of this bundle"),
        ({"certificate": certified(address=OTHER_ADDRESS)}, "another booth's"),
        ({"certificate": certified(event_key=OTHER.public_key)}, "another event key"),
        ({"certificate": certified(OTHER)}, "does not hold"),
        ({"certificate": certified(not_before=NOW_S + 9)}, "set the clock"),
        ({"tls_chain": ""}, "make no sense"),
        ({"tls_chain": "nonsense"}, "make no sense"),
        ({"tls_chain": DEVICES.certificate_pem.decode() * 2}, "another key or name"),
        ({"tls_chain": chain("b")}, "another key or name"),
        ({"tls_chain": chain(key=OTHER_TLS_KEY)}, "another key or name"),
        ({"tls_chain": chain(days=-5)}, "set the clock"),
        ({"deployment": b"a.b.c"}, "none of the authority of this bundle"),
        ({"deployment": sign_deployment(OTHERS, OTHER)}, "bundle of another deployment"),
        ({"deployment": sign_deployment(OTHER_TENANT, AUTHORITY)}, "bundle of another deployment"),
    ],
    ids=lambda each: each if isinstance(each, str) else next(iter(each)),
)
def test_answer_that_does_not_fit_is_refused_whole(
    changes: dict[str, object], sentence: str
) -> None:
    claims = dataclasses.replace(CLAIMS, **changes)  # type: ignore[arg-type] # any field
    with pytest.raises(EnrolmentError, match=sentence):
        check_answer(sign_answer(claims, AUTHORITY), EXPECTED, NOW_S)


def test_answer_of_another_authority_is_refused() -> None:
    with pytest.raises(EnrolmentError, match="none of the authority of this bundle"):
        check_answer(sign_answer(CLAIMS, OTHER), EXPECTED, NOW_S)


@pytest.mark.parametrize(
    ("untrusted_delivery", "sentence"),
    [
        (None, "has no token keys"),
        (b"a.b.c", "do not open"),
        (delivery(address=OTHER_ADDRESS), "another booth's"),
    ],
    ids=["none", "garbage", "another booth"],
)
def test_first_keys_that_are_not_ours_are_refused(
    untrusted_delivery: bytes | None, sentence: str
) -> None:
    claims = dataclasses.replace(CLAIMS, delivery=untrusted_delivery)
    with pytest.raises(EnrolmentError, match=sentence):
        delivery_purpose(claims, EXPECTED, TRANSPORT_KEY)


def test_first_keys_sealed_to_another_key_are_refused() -> None:
    with pytest.raises(EnrolmentError, match="do not open"):
        delivery_purpose(CLAIMS, EXPECTED, TransportKey.generate())
