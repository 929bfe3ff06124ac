"""A laboratory's certificates as files, and as the `cryptography` library judges them."""

import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from edge_lpr.broker.access_list import parse_access_list
from edge_lpr.broker.laboratory import Laboratory
from edge_lpr.certificates.certificate_authority import CertificateAuthority, Validity
from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import KeyFileError, SettingsError

ACCESS = parse_access_list("device agency/north/booth-1\nconsumer analytics agency requests\n")
HOSTS = ["broker.example", "127.0.0.1"]


@pytest.fixture
def now_s() -> int:
    return SystemClock().unix_s()


@pytest.fixture
def laboratory(tmp_path: Path, now_s: int) -> Laboratory:
    laboratory = Laboratory(tmp_path, now_s)
    laboratory.certify(ACCESS, HOSTS)
    return laboratory


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def trusting(authority: Path) -> PolicyBuilder:
    return PolicyBuilder().store(Store([certificate(authority)]))


def test_broker_is_believed_under_its_names_only(laboratory: Laboratory) -> None:
    broker = certificate(laboratory.folder / "broker.crt")
    policy = trusting(laboratory.ca_file)
    verifier = policy.build_server_verifier(x509.DNSName("broker.example"))
    assert verifier.verify(broker, [])[0] == broker
    with pytest.raises(VerificationError):
        policy.build_server_verifier(x509.DNSName("elsewhere.example")).verify(broker, [])


def test_certificate_names_its_booth_and_nothing_else(laboratory: Laboratory) -> None:
    booth = certificate(laboratory.folder / "devices/booth-1.crt")
    assert [each.value for each in booth.subject] == ["booth-1"]
    assert booth.subject.get_attributes_for_oid(NameOID.COMMON_NAME)


def test_booths_certificate_is_none_of_a_consumer(laboratory: Laboratory) -> None:
    folder = laboratory.folder
    issuer = certificate(folder / "devices/booth-1.crt").issuer
    assert issuer == certificate(folder / "devices-ca.crt").subject
    assert issuer != certificate(folder / "consumers-ca.crt").subject


def test_private_keys_are_for_their_owner_alone(laboratory: Laboratory) -> None:
    modes = {stat.S_IMODE(path.stat().st_mode) for path in laboratory.folder.rglob("*.key")}
    assert modes == {0o600}


def test_laboratory_made_again_keeps_what_is_there(laboratory: Laboratory, now_s: int) -> None:
    kept = ["devices-ca.key", "devices-ca.crt", "devices/booth-1.crt", "consumers/analytics.key"]
    before = [(laboratory.folder / name).read_bytes() for name in kept]
    more = parse_access_list("device agency/north/booth-1\ndevice agency/north/booth-2\n")
    assert Laboratory(laboratory.folder, now_s).certify(more, HOSTS) == ["booth-2"]
    assert [(laboratory.folder / name).read_bytes() for name in kept] == before


def test_renewed_certificates_have_new_keys(laboratory: Laboratory) -> None:
    key_file = laboratory.folder / "devices/booth-1.key"
    before = key_file.read_bytes()
    assert laboratory.certify(ACCESS, HOSTS, renew=True) == ["booth-1", "analytics"]
    assert key_file.read_bytes() != before


def test_revocations_outlive_the_run(laboratory: Laboratory, now_s: int) -> None:
    laboratory.revoke("booth-1")
    again = Laboratory(laboratory.folder, now_s)
    again.revoke("analytics")
    again.revoke("booth-1")
    for kind, name in (("devices", "booth-1"), ("consumers", "analytics")):
        path = laboratory.folder / f"{kind}-ca.crl"
        revoked = x509.load_pem_x509_crl(path.read_bytes())
        serial = certificate(laboratory.folder / kind / f"{name}.crt").serial_number
        assert [each.serial_number for each in revoked] == [serial]


def test_nobody_is_revoked_under_an_unknown_name(laboratory: Laboratory) -> None:
    with pytest.raises(SettingsError, match="booth-9: no booth and no consumer"):
        laboratory.revoke("booth-9")


def test_damaged_authority_is_not_replaced_in_silence(laboratory: Laboratory, now_s: int) -> None:
    (laboratory.folder / "devices-ca.crl").write_bytes(b"nothing")
    with pytest.raises(KeyFileError, match=r"devices-ca\.key: .*begin anew"):
        Laboratory(laboratory.folder, now_s)


def test_key_of_another_kind_is_refused(laboratory: Laboratory, now_s: int) -> None:
    (laboratory.folder / "devices-ca.key").write_bytes(_ed25519_pem())
    with pytest.raises(KeyFileError, match="another kind"):
        Laboratory(laboratory.folder, now_s)


def test_folder_that_cannot_be_made_is_named(tmp_path: Path, now_s: int) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(KeyFileError, match="cannot be made"):
        Laboratory(tmp_path / "file/laboratory", now_s)
    authority = CertificateAuthority.generate("test", now_s)
    with pytest.raises(KeyFileError, match="cannot be written"):
        authority.write(tmp_path / "missing", "authority")


def test_certificate_can_be_over_before_it_is_made(now_s: int) -> None:
    validity = Validity.days_from(now_s, -1)
    assert validity.not_before < validity.not_after
    assert validity.not_after.timestamp() < now_s


def _ed25519_pem() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
