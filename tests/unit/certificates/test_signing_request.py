"""A signing request gives its key only when it holds, and only under the expected name."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from edge_lpr.certificates.signing_request import (
    MAXIMUM_REQUEST_BYTES,
    make_signing_request,
    read_signing_request,
)
from edge_lpr.core.errors import InputRefusedError

KEY = ec.generate_private_key(ec.SECP256R1())
LONGEST_NAME = "b" * 32


def request_of(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, *names: str
) -> x509.CertificateSigningRequest:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])
    return x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())


def test_request_gives_its_key() -> None:
    request = make_signing_request(KEY, LONGEST_NAME)
    assert len(request) < MAXIMUM_REQUEST_BYTES / 4
    assert read_signing_request(request, LONGEST_NAME) == KEY.public_key()


def test_request_of_a_version_that_there_is_not_is_refused() -> None:
    # The library has an error of its own for it, which is no ValueError.
    request = make_signing_request(KEY, "booth-1").replace(b"\x02\x01\x00", b"\x02\x01\x01", 1)
    with pytest.raises(InputRefusedError, match="no sound signing request"):
        read_signing_request(request, "booth-1")


def test_request_of_another_program_is_taken_as_text_and_without_a_name() -> None:
    pem = request_of(KEY, "whatever").public_bytes(Encoding.PEM)
    assert read_signing_request(pem, None) == KEY.public_key()


@pytest.mark.parametrize(
    "names", [(), ("booth-2",), ("booth-1", "booth-2")], ids=["none", "another", "two"]
)
def test_request_with_another_name_is_refused(names: tuple[str, ...]) -> None:
    request = request_of(KEY, *names).public_bytes(Encoding.DER)
    with pytest.raises(InputRefusedError, match="asks for another name than 'booth-1'"):
        read_signing_request(request, "booth-1")


def test_request_signed_by_another_key_is_refused() -> None:
    # The key inside is exchanged; the lengths of everything stay.
    point = KEY.public_key().public_numbers()
    other = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    forged = make_signing_request(KEY, "booth-1").replace(
        point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big"),
        other.x.to_bytes(32, "big") + other.y.to_bytes(32, "big"),
    )
    with pytest.raises(InputRefusedError, match="not signed by its own key"):
        read_signing_request(forged, "booth-1")


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)],
    ids=["P-384", "RSA"],
)
def test_key_of_another_kind_is_refused(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
) -> None:
    request = request_of(key, "booth-1").public_bytes(Encoding.DER)
    with pytest.raises(InputRefusedError, match="must lie on P-256"):
        read_signing_request(request, "booth-1")


@pytest.mark.parametrize("untrusted", [b"", b"\x30\x00", b"-----BEGIN NONSENSE-----"])
def test_what_is_no_request_is_refused(untrusted: bytes) -> None:
    with pytest.raises(InputRefusedError, match="no sound signing request"):
        read_signing_request(untrusted, "booth-1")


@pytest.mark.parametrize("head", [b"", b"-----BEGIN"])
def test_endless_request_is_refused_unread(head: bytes) -> None:
    with pytest.raises(InputRefusedError, match="at most 1024 bytes"):
        read_signing_request(head + bytes(2 * MAXIMUM_REQUEST_BYTES + 1), "booth-1")


def test_every_cut_of_a_request_is_refused() -> None:
    request = make_signing_request(KEY, "booth-1")
    for length in range(len(request)):
        with pytest.raises(InputRefusedError):
            read_signing_request(request[:length], "booth-1")
