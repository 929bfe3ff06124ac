"""An authority certifies keys that others keep, and can be taken apart and put together again."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge_lpr.certificates.certificate_authority import CertificateAuthority, Validity
from edge_lpr.core.errors import KeyFileError

NOW_S = 1_790_000_000
DAY_S = 86_400


@pytest.fixture
def authority() -> CertificateAuthority:
    return CertificateAuthority.generate("agency devices", NOW_S, 400)


def a_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def own_certificate(authority: CertificateAuthority) -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.certificate_pem)


def test_key_of_a_client_is_certified_under_its_name_for_one_use(
    authority: CertificateAuthority,
) -> None:
    key = a_key().public_key()
    certificate = authority.certify_client_key(key, "booth-1", Validity.days_from(NOW_S, 30))
    certificate.verify_directly_issued_by(own_certificate(authority))
    assert certificate.public_key() == key
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert [name.value for name in names] == ["booth-1"]
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_key_of_a_server_is_certified_for_its_hosts(authority: CertificateAuthority) -> None:
    hosts = ["broker.example", "192.0.2.7"]
    certificate = authority.certify_broker_key(
        a_key().public_key(), hosts, Validity.days_from(NOW_S, 90)
    )
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["broker.example"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]


def test_no_certificate_outlives_its_authority(authority: CertificateAuthority) -> None:
    late = Validity.days_from(NOW_S, 5_000)
    certificate = authority.certify_client_key(a_key().public_key(), "booth-1", late)
    assert certificate.not_valid_after_utc == own_certificate(authority).not_valid_after_utc
    assert int(certificate.not_valid_after_utc.timestamp()) == NOW_S + 400 * DAY_S


def test_authority_that_was_kept_remembers_what_it_took_back(
    authority: CertificateAuthority,
) -> None:
    stolen = authority.certify_client("booth-1", Validity.days_from(NOW_S, 30)).certificate
    authority.revoke(stolen, NOW_S)
    again = CertificateAuthority.from_pem(
        authority.private_pem(), authority.certificate_pem, authority.revocation_list_pem()
    )
    revoked = x509.load_pem_x509_crl(again.revocation_list_pem())
    assert [each.serial_number for each in revoked] == [stolen.serial_number]
    another = again.certify_client("booth-2", Validity.days_from(NOW_S, 30)).certificate
    another.verify_directly_issued_by(own_certificate(authority))


def test_parts_of_two_authorities_are_refused(authority: CertificateAuthority) -> None:
    other = CertificateAuthority.generate("agency devices", NOW_S)
    for parts in (
        (other.private_pem(), authority.certificate_pem, authority.revocation_list_pem()),
        (authority.private_pem(), authority.certificate_pem, other.revocation_list_pem()),
    ):
        with pytest.raises(KeyFileError, match="do not belong to one authority"):
            CertificateAuthority.from_pem(*parts)


def test_damaged_parts_are_refused(authority: CertificateAuthority) -> None:
    with pytest.raises(KeyFileError, match="not those of an authority"):
        CertificateAuthority.from_pem(b"", authority.certificate_pem, b"")
