import datetime as dt
import json
import ssl
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from edge_lpr.core.errors import VerificationError, WireError
from edge_lpr.wire.bounds import MAXIMUM_UNIX_S
from edge_lpr.wire.deployment import (
    DEPLOYMENT_TYP,
    MAXIMUM_DEPLOYMENT_BYTES,
    Deployment,
    read_deployment,
    sign_deployment,
)
from edge_lpr.wire.jws import SigningKey

AUTHORITY = SigningKey.generate()
CA_KEY = ec.generate_private_key(ec.SECP256R1())


def _certificate(name: str) -> str:
    """Return a certificate that vouches for itself, PEM."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(CA_KEY.public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=1))
        .sign(CA_KEY, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()


def _openssh(key: Ed25519PublicKey | ec.EllipticCurvePublicKey) -> str:
    """Return a public key as OpenSSH writes it, without a comment."""
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


PEM = _certificate("Broker")
UNHEARD_OF = ssl.DER_cert_to_PEM_cert(
    ssl.PEM_cert_to_DER_cert(PEM).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07", 1)
)
TECHNICIAN_CA = _openssh(Ed25519PrivateKey.generate().public_key())
OTHER_CA = _openssh(CA_KEY.public_key())
NO_POINT = f"{OTHER_CA[:-10]}AAAAAAAAA="
PRIVATE_PEM = CA_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
NO_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
DEPLOYMENT = Deployment(
    tenant="tenant-a",
    authority=AUTHORITY.public_key,
    broker_ca_pem=PEM,
    broker_host="broker.example.org",
    devices_port=8883,
    consumers_port=8884,
    enrolment_url="https://authority.example.org:8443",
    made_at=1_767_268_800,
)


ADDRESSES = (
    ("broker.example.org", ("192.0.2.10", "2001:db8::10")),
    ("authority.example.org", ("192.0.2.20",)),
)


def _json(**changes: object) -> bytes:
    return json.dumps(json.loads(DEPLOYMENT.encode()) | changes).encode()


def test_bundle_stands_in_its_file_as_the_contract_says() -> None:
    members = json.loads(DEPLOYMENT.encode())
    assert len(members.pop("authority")) == 43
    assert members == {
        "v": 1,
        "tenant": "tenant-a",
        "broker_ca": PEM,
        "broker_host": "broker.example.org",
        "devices_port": 8883,
        "consumers_port": 8884,
        "enrolment_url": "https://authority.example.org:8443",
        "made_at": 1_767_268_800,
    }


def test_bundle_names_addresses_and_who_certifies_technicians() -> None:
    deployment = replace(DEPLOYMENT, addresses=ADDRESSES, technician_ca=TECHNICIAN_CA)
    members = json.loads(deployment.encode())
    assert members["addresses"] == {name: list(texts) for name, texts in ADDRESSES}
    assert members["technician_ca"] == TECHNICIAN_CA
    assert Deployment.decode(deployment.encode()).addresses == ADDRESSES


@pytest.mark.parametrize(
    "deployment",
    [
        pytest.param(DEPLOYMENT, id="ordinary"),
        pytest.param(replace(DEPLOYMENT, enrolment_url=None), id="enrolment by files"),
        pytest.param(replace(DEPLOYMENT, broker_ca_pem=PEM + _certificate("Next")), id="two"),
        pytest.param(replace(DEPLOYMENT, broker_host="2001:db8::1"), id="address of a broker"),
        pytest.param(replace(DEPLOYMENT, enrolment_url="https://[2001:db8::1]:443"), id="URL"),
        pytest.param(replace(DEPLOYMENT, addresses=ADDRESSES), id="addresses"),
        pytest.param(replace(DEPLOYMENT, technician_ca=TECHNICIAN_CA), id="Ed25519 for people"),
        pytest.param(replace(DEPLOYMENT, technician_ca=OTHER_CA), id="P-256 for people"),
    ],
)
def test_signed_bundle_comes_back_as_it_was(deployment: Deployment) -> None:
    read = read_deployment(sign_deployment(deployment, AUTHORITY))
    assert read.encode() == deployment.encode()
    assert read.fingerprint == AUTHORITY.kid


def test_longest_bundle_fits() -> None:
    # As far as the form goes: no certificate is so short, and no PEM has so many ends of lines.
    shortest_pem = "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n"
    members = json.loads(DEPLOYMENT.encode()) | {
        "tenant": "t" * 32,
        "broker_ca": shortest_pem * (8192 // len(shortest_pem)),
        "broker_host": "b" * 253,
        "devices_port": 65_535,
        "consumers_port": 65_535,
        "enrolment_url": f"https://{'a' * 253}:65535",
        "made_at": MAXIMUM_UNIX_S,
        "addresses": {
            f"{number}{'a' * 252}": [f"{'1234:' * 7}123{address}" for address in range(4)]
            for number in range(4)
        },
        "technician_ca": OTHER_CA,
    }
    Deployment.decode(json.dumps(members | {"broker_ca": PEM}).encode())
    payload = json.dumps(members, separators=(",", ":")).encode()
    assert len(AUTHORITY.sign(DEPLOYMENT_TYP, payload)) == 15_186 < MAXIMUM_DEPLOYMENT_BYTES


def test_longer_document_is_refused_unread() -> None:
    with pytest.raises(WireError, match="at most 16384 bytes"):
        read_deployment(b"." * (MAXIMUM_DEPLOYMENT_BYTES + 1))


def test_bundle_signed_by_another_key_than_it_names_is_refused() -> None:
    with pytest.raises(VerificationError, match="another key"):
        read_deployment(sign_deployment(DEPLOYMENT, SigningKey.generate()))


def test_other_document_of_the_authority_is_no_bundle() -> None:
    with pytest.raises(VerificationError, match="no lpr-deployment"):
        read_deployment(AUTHORITY.sign("lpr-certificate+jws", DEPLOYMENT.encode()))


def test_changed_bundle_is_refused() -> None:
    _, payload, signature = sign_deployment(DEPLOYMENT, AUTHORITY).split(b".")
    other = replace(DEPLOYMENT, broker_host="broker.example.net")
    header, _, _ = AUTHORITY.sign(DEPLOYMENT_TYP, b"").split(b".")
    changed = sign_deployment(other, AUTHORITY).split(b".")[1]
    assert changed != payload
    with pytest.raises(VerificationError, match="does not hold"):
        read_deployment(b".".join((header, changed, signature)))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"v": 2}, id="another version"),
        pytest.param({"tenant": "Tenant"}, id="tenant in upper case"),
        pytest.param({"authority": "AA"}, id="authority too short"),
        pytest.param({"broker_ca": ""}, id="no certificate"),
        pytest.param({"broker_ca": PEM.strip()}, id="no end of line"),
        pytest.param({"broker_ca": PEM + PRIVATE_PEM}, id="private key"),
        pytest.param({"broker_ca": "# ours\n" + PEM}, id="comment"),
        pytest.param({"broker_ca": PEM * 20}, id="certificates too long"),
        pytest.param({"broker_ca": NO_CERTIFICATE}, id="no certificate in PEM"),
        pytest.param({"broker_ca": UNHEARD_OF}, id="certificate of another version"),
        pytest.param({"broker_host": "a b"}, id="blank in the host"),
        pytest.param({"broker_host": ""}, id="no host"),
        pytest.param({"devices_port": 0}, id="port 0"),
        pytest.param({"consumers_port": 65_536}, id="port too large"),
        pytest.param({"enrolment_url": "http://authority.example.org:80"}, id="plaintext"),
        pytest.param({"enrolment_url": "https://authority.example.org"}, id="no port"),
        pytest.param({"enrolment_url": "https://a@b:1"}, id="user in the URL"),
        pytest.param({"enrolment_url": "https://a.example.org:1/x"}, id="path in the URL"),
        pytest.param({"enrolment_url": "https://a.example.org:0"}, id="port 0 in the URL"),
        pytest.param({"enrolment_url": "https://a.example.org:65536"}, id="port too large there"),
        pytest.param({"broker_ca": PEM.replace("\n", "\r\n")}, id="ends of lines of Windows"),
        pytest.param({"enrolment_url": None}, id="URL null instead of absent"),
        pytest.param({"made_at": MAXIMUM_UNIX_S + 1}, id="after 2099"),
        pytest.param({"password": "x"}, id="unknown claim"),
        pytest.param({"addresses": {}}, id="no addresses instead of absent"),
        pytest.param({"addresses": []}, id="addresses without names"),
        pytest.param({"addresses": {f"{n}.org": ["::1"] for n in range(5)}}, id="five names"),
        pytest.param({"addresses": {"a.org": [f"192.0.2.{n}" for n in range(5)]}}, id="five"),
        pytest.param({"addresses": {"a.org": []}}, id="name without addresses"),
        pytest.param({"addresses": {"a.org": "192.0.2.1"}}, id="address without a list"),
        pytest.param({"addresses": {"a.org": [1]}}, id="address as a number"),
        pytest.param({"addresses": {"a.org": ["192.0.2.1"] * 2}}, id="address twice"),
        pytest.param({"addresses": {"a.org": ["::1"], "A.org": ["::1"]}}, id="name twice"),
        pytest.param({"addresses": {"a.org\n": ["192.0.2.1"]}}, id="end of line in a name"),
        pytest.param({"addresses": {"a.org": ["a.org"]}}, id="name for an address"),
        pytest.param({"addresses": {"a.org": ["1.2.3"]}}, id="three numbers"),
        pytest.param({"addresses": {"a.org": ["2001:0db8::1"]}}, id="unusual form"),
        pytest.param({"addresses": {"a.org": ["::ffff:c000:201"]}}, id="mapped"),
        pytest.param({"addresses": {"a.org": ["::"]}}, id="unspecified"),
        pytest.param({"addresses": {"a.org": ["ff02::1"]}}, id="multicast"),
        pytest.param({"technician_ca": f"{TECHNICIAN_CA} us"}, id="comment after the key"),
        pytest.param({"technician_ca": f"{TECHNICIAN_CA}\n"}, id="line after the key"),
        pytest.param({"technician_ca": f"no-pty {TECHNICIAN_CA}"}, id="option before the key"),
        pytest.param({"technician_ca": NO_POINT}, id="no point on the curve"),
        pytest.param({"technician_ca": None}, id="nobody instead of absent"),
    ],
)
def test_bundle_out_of_bounds_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(WireError):
        Deployment.decode(_json(**changes))


@pytest.mark.parametrize("name", sorted(set(json.loads(DEPLOYMENT.encode())) - {"enrolment_url"}))
def test_missing_claim_is_refused(name: str) -> None:
    members = json.loads(DEPLOYMENT.encode())
    del members[name]
    with pytest.raises(WireError, match=f"no '{name}'"):
        Deployment.decode(json.dumps(members).encode())
