import datetime as dt
import json
import ssl
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
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


PEM = _certificate("Broker")
UNHEARD_OF = ssl.DER_cert_to_PEM_cert(
    ssl.PEM_cert_to_DER_cert(PEM).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07", 1)
)
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


@pytest.mark.parametrize(
    "deployment",
    [
        pytest.param(DEPLOYMENT, id="ordinary"),
        pytest.param(replace(DEPLOYMENT, enrolment_url=None), id="enrolment by files"),
        pytest.param(replace(DEPLOYMENT, broker_ca_pem=PEM + _certificate("Next")), id="two"),
        pytest.param(replace(DEPLOYMENT, broker_host="2001:db8::1"), id="address of a broker"),
        pytest.param(replace(DEPLOYMENT, enrolment_url="https://[2001:db8::1]:443"), id="URL"),
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
    }
    payload = json.dumps(members, separators=(",", ":")).encode()
    assert len(AUTHORITY.sign(DEPLOYMENT_TYP, payload)) == 12_657 < MAXIMUM_DEPLOYMENT_BYTES


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
