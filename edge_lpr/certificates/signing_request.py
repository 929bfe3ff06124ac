"""Signing requests (PKCS #10): a booth's or server's own TLS key asks to be certified.

Only key, name and proof of possession are taken from a request; what a certificate allows is
decided by the authority alone, so extensions that a request wishes for are not read.
"""

from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from edge_lpr.core.errors import InputRefusedError

MAXIMUM_REQUEST_BYTES: Final = 1024
"""Longest request in DER; one for a key on P-256 with a name of 32 characters has 240."""

_ADVICE: Final = "make it with: openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256"


def make_signing_request(key: ec.EllipticCurvePrivateKey, name: str) -> bytes:
    """Return a request for a client's certificate.

    Args:
        key: The key to be certified, on P-256; it signs the request.
        name: Common name that the certificate shall have.

    Returns:
        PKCS #10 in DER.
    """
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return request.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def read_signing_request(untrusted_request: bytes, name: str | None) -> ec.EllipticCurvePublicKey:
    """Return the key of a request once the request holds.

    Args:
        untrusted_request: PKCS #10 in DER or PEM, of any length.
        name: Common name that it must ask for, alone; ``None`` if the name is not taken from it.

    Returns:
        The key; whoever made the request has its private half.

    Raises:
        InputRefusedError: It is none, asks for another name or another kind of key, or its
            signature does not hold.
    """
    request = _parse(untrusted_request)
    key = request.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InputRefusedError(f"the signing request's key must lie on P-256; {_ADVICE}")
    try:
        key.verify(request.signature, request.tbs_certrequest_bytes, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise InputRefusedError(
            f"the signing request is not signed by its own key with SHA-256; {_ADVICE}"
        ) from error
    # All attributes, not only the common names: a broker may go by another one.
    subject = [(each.oid, each.value) for each in request.subject]
    if name is not None and subject != [(NameOID.COMMON_NAME, name)]:
        raise InputRefusedError(
            f"the signing request asks for another name than {name!r}; its subject must be that "
            "common name and nothing else"
        )
    return key


def _parse(untrusted_request: bytes) -> x509.CertificateSigningRequest:
    """Return a request that nobody has believed yet."""
    # PEM is a third longer than DER.
    is_pem = untrusted_request.startswith(b"-----BEGIN")
    if len(untrusted_request) > MAXIMUM_REQUEST_BYTES * (2 if is_pem else 1):
        raise InputRefusedError(
            f"a signing request has at most {MAXIMUM_REQUEST_BYTES} bytes; ask for a name alone, "
            "without extensions"
        )
    load = x509.load_pem_x509_csr if is_pem else x509.load_der_x509_csr
    try:
        request = load(untrusted_request)
        request.public_key()
        list(request.subject)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise InputRefusedError(f"this is no sound signing request; {_ADVICE}") from error
    return request
