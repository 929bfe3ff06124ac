"""What the key of a certificate may be used for (RFC 5280, 4.2.1.3)."""

from typing import Final

from cryptography import x509

_EVERY_KEY_USAGE: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def key_usage(*wanted: str) -> x509.KeyUsage:
    """Return an extension that allows some uses and forbids the others.

    Args:
        wanted: Names as ``x509.KeyUsage`` has them, such as ``digital_signature``.

    Returns:
        The extension's value.
    """
    return x509.KeyUsage(**{usage: usage in wanted for usage in _EVERY_KEY_USAGE})
