"""What a failed TLS greeting means, and what a technician does about it.

The library's words ("unable to get local issuer certificate", "tlsv1 alert unknown ca") do not
tell who refused whom. The tables below do: first what we found wrong with the broker's
certificate, then what the broker said about ours.
"""

import ssl
from collections.abc import Mapping
from typing import Final, TypeAlias

from edge_lpr.core.errors import BrokerTlsError

_Sentence: TypeAlias = tuple[str, str]

_OURS: Final[Mapping[int, _Sentence]] = {
    9: (
        "the broker's certificate is not valid yet",
        "set this booth's clock, or correct the broker's certificate",
    ),
    10: (
        "the broker's certificate has expired",
        "renew it at the broker; if it has not expired there, set this booth's clock",
    ),
    18: (
        "the broker's certificate is signed by nobody but itself",
        (
            "put the certificate of the broker's authority into publisher.tls_ca_file, or this "
            "certificate itself if the broker is meant to sign for itself"
        ),
    ),
    19: (
        "the broker's certificate is of another authority",
        (
            "publisher.tls_ca_file must hold the broker's authority; if so, somebody else answers "
            "at the broker's address"
        ),
    ),
    20: (
        "the broker's certificate is of another authority",
        (
            "publisher.tls_ca_file must hold the broker's authority; if so, somebody else answers "
            "at the broker's address, or the broker does not send the certificates in between"
        ),
    ),
    62: (
        "the broker's certificate is for another name",
        (
            "publisher.broker_host must be a name that stands in the broker's certificate (subject "
            "alternative name); if it is, somebody else answers at the broker's address"
        ),
    ),
    64: (
        "the broker's certificate is for another address",
        (
            "publisher.broker_host must be what stands in the broker's certificate (subject "
            "alternative name)"
        ),
    ),
}
"""By OpenSSL's verification result (``X509_V_ERR_...`` in ``openssl/x509_vfy.h``)."""

_ALERTS: Final[Mapping[str, _Sentence]] = {
    "CERTIFICATE_EXPIRED": (
        "the broker says that this booth's certificate has expired",
        (
            "renew the files of publisher.tls_certificate_file and tls_key_file; if it is "
            "still valid, set the broker's clock"
        ),
    ),
    "CERTIFICATE_REVOKED": (
        "the broker says that this booth's certificate was revoked",
        "ask who runs the broker why; a new certificate is needed",
    ),
    "UNKNOWN_CA": (
        "the broker says that this booth's certificate is of an authority it does not know",
        (
            "have publisher.tls_certificate_file issued by the authority that the broker trusts, "
            "with the certificates in between"
        ),
    ),
    "CERTIFICATE_REQUIRED": (
        "the broker says that this booth shows no certificate that it takes",
        "have publisher.tls_certificate_file issued by the authority that the broker trusts",
    ),
    "BAD_CERTIFICATE": (
        "the broker says that this booth's certificate is bad",
        "look into the broker's log; the certificate may be revoked, or not be made for clients",
    ),
    "UNSUPPORTED_CERTIFICATE": (
        "the broker says that this booth's certificate is of a kind it does not take",
        "have publisher.tls_certificate_file issued for TLS clients",
    ),
    "CERTIFICATE_UNKNOWN": (
        "the broker does not accept this booth's certificate",
        "look into the broker's log for the reason",
    ),
    "ACCESS_DENIED": (
        "the broker denies this booth access",
        "allow the certificate in the broker's configuration",
    ),
    "PROTOCOL_VERSION": (
        "the broker does not speak TLS 1.3",
        "switch TLS 1.3 on at the broker; nothing older is spoken",
    ),
    "UNSUPPORTED_PROTOCOL": (
        "the broker does not speak TLS 1.3",
        "switch TLS 1.3 on at the broker; nothing older is spoken",
    ),
    "HANDSHAKE_FAILURE": (
        "the broker found no way to speak TLS with this booth",
        "switch TLS 1.3 on at the broker, with its usual ciphers",
    ),
    "UNRECOGNIZED_NAME": (
        "the broker does not know the name that it was asked for",
        "publisher.broker_host must be a name that the broker serves",
    ),
    "WRONG_VERSION_NUMBER": (
        "what answers does not speak TLS",
        "publisher.broker_port must be the broker's TLS port, mostly 8883",
    ),
    "RECORD_LAYER_FAILURE": (
        "what answers does not speak TLS",
        "publisher.broker_port must be the broker's TLS port, mostly 8883",
    ),
}
"""By the tail of OpenSSL's reason: the alerts of RFC 8446, 6.2, and what is no TLS at all."""

ALERT: Final = 100
"""Added to the number of an alert, so that it is told from a verification's."""

_ALERT_NUMBERS: Final[Mapping[str, int]] = {
    "BAD_CERTIFICATE": 42,
    "UNSUPPORTED_CERTIFICATE": 43,
    "CERTIFICATE_REVOKED": 44,
    "CERTIFICATE_EXPIRED": 45,
    "CERTIFICATE_UNKNOWN": 46,
    "UNKNOWN_CA": 48,
    "ACCESS_DENIED": 49,
    "CERTIFICATE_REQUIRED": 116,
}
"""By the tail of OpenSSL's reason (RFC 8446, B.2)."""

_HUNG_UP: Final[_Sentence] = (
    "the connection was closed during the TLS greeting",
    (
        "publisher.broker_port must be the broker's TLS port, mostly 8883; if it is, look into the "
        "broker's log"
    ),
)
_UNKNOWN_ADVICE: Final = "look into the broker's log for the reason"


def tls_fault(error: OSError) -> BrokerTlsError:
    """Put a failed greeting, or a refusal after it, into words.

    Args:
        error: As the TLS library raised it, or the connection's end during the greeting.

    Returns:
        The error to raise, with reason and advice.
    """
    return BrokerTlsError(*_sentence(error), _code(error))


def _code(error: OSError) -> int:
    """Return the number of the reason: of a verification, or ``ALERT`` and that of an alert."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return min(error.verify_code, ALERT - 1)
    reason = (error.reason or "") if isinstance(error, ssl.SSLError) else ""
    numbers = (number for tail, number in _ALERT_NUMBERS.items() if reason.endswith(tail))
    return ALERT + next(numbers, -ALERT - 1)


def _sentence(error: OSError) -> _Sentence:
    """Return what happened, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        unknown = f"the broker's certificate does not hold ({error.verify_message})"
        return _OURS.get(error.verify_code, (unknown, "correct the broker's certificate"))
    if not isinstance(error, ssl.SSLError) or isinstance(error, ssl.SSLEOFError):
        return _HUNG_UP
    reason = error.reason or "no reason given"
    for tail, sentence in _ALERTS.items():
        if reason.endswith(tail):
            return sentence
    return f"TLS failed ({reason})", _UNKNOWN_ADVICE
