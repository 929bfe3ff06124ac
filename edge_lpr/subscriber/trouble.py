"""Why there is no session with the broker, in a sentence that says what to do."""

import ssl
from collections.abc import Mapping
from typing import Final

from paho.mqtt.reasoncodes import ReasonCode

from edge_lpr.core.errors import BrokerError, BrokerRefusedError, BrokerUnreachableError
from edge_lpr.subscriber.broker_url import BrokerUrl

_HOSTNAME_MISMATCH: Final = frozenset({62, 64})
_OUT_OF_DATE: Final = frozenset({9, 10})
"""Results of OpenSSL's verification (``X509_V_ERR_...`` in ``openssl/x509_vfy.h``)."""

_ALERTS: Final[Mapping[str, str]] = {
    "CERTIFICATE_EXPIRED": "certificate_file has expired: have a new one issued",
    "CERTIFICATE_REVOKED": "certificate_file was revoked: ask who runs the broker why",
    "UNKNOWN_CA": "certificate_file is of an authority that the broker does not know",
    "CERTIFICATE_REQUIRED": "give certificate_file and key_file, issued for this consumer",
    "BAD_CERTIFICATE": "certificate_file is bad or revoked: look into the broker's log",
    "PROTOCOL_VERSION": "switch TLS 1.3 on at the broker; nothing older is spoken",
    "UNSUPPORTED_PROTOCOL": "switch TLS 1.3 on at the broker; nothing older is spoken",
    "WRONG_VERSION_NUMBER": "the port is none of TLS; 8883 is the usual one",
    "RECORD_LAYER_FAILURE": "the port is none of TLS; 8883 is the usual one",
}
"""By the tail of OpenSSL's reason: what the broker said about us (RFC 8446, 6.2)."""

_SESSION_TAKEN_OVER: Final = 142
"""MQTT 5, 3.14.2.1."""

_LOG: Final = "look into the broker's log for the reason"


def unreachable(broker: BrokerUrl, error: OSError) -> BrokerError:
    """Put into words that no connection came about.

    Args:
        broker: Where it should have.
        error: As the socket or TLS library raised it.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return BrokerRefusedError(f"{_place(broker)}: {_verification(error)}")
    if isinstance(error, ssl.SSLError):
        return tls_broke(broker, error)
    if broker.is_tls and isinstance(error, ConnectionResetError):
        return BrokerUnreachableError(
            f"{_place(broker)}: hung up during the TLS greeting; the port must be the broker's TLS "
            f"port, and if it is, {_LOG}"
        )
    return BrokerUnreachableError(
        f"{_place(broker)}: nobody answers ({error.strerror or error}); is the broker running, "
        "and the address right?"
    )


def tls_broke(broker: BrokerUrl, error: ssl.SSLError) -> BrokerError:
    """Put into words that the broker, or we, would not go on speaking TLS.

    Args:
        broker: With whom.
        error: As the TLS library raised it.
    """
    reason = error.reason or "no reason given"
    advice = next((text for tail, text in _ALERTS.items() if reason.endswith(tail)), _LOG)
    return BrokerRefusedError(f"{_place(broker)}: TLS failed ({reason}); {advice}")


def refused(broker: BrokerUrl, reason: str) -> BrokerError:
    """Put into words that the broker refused the session.

    Args:
        broker: Which one.
        reason: The name of its reason code.
    """
    return BrokerRefusedError(
        f"{_place(broker)}: refused ({reason}); this consumer's certificate must be let in by the "
        "broker's configuration"
    )


def closed_early(broker: BrokerUrl) -> BrokerError:
    """Put into words that the connection was closed before the broker answered.

    Args:
        broker: Which one.
    """
    if broker.is_tls:
        advice = "most often it does not take this consumer's certificate"
    else:
        advice = "it may be a TLS port, which needs mqtts://, or speak another MQTT version"
    return BrokerRefusedError(
        f"{_place(broker)}: closed the connection without an answer; {advice}; {_LOG}"
    )


def lost(broker: BrokerUrl) -> BrokerError:
    """Put into words that a session that had begun broke off.

    Args:
        broker: Which one.
    """
    # Mosquitto 2.0.11 has no word for whom it throws out: the connection just ends.
    return BrokerUnreachableError(
        f"{_place(broker)}: the connection broke; it is tried again. If that goes on, another "
        "program with the same certificate or the same name throws this one out: look for 'already "
        "connected' in the broker's log"
    )


def ended(broker: BrokerUrl, reason: ReasonCode) -> BrokerError:
    """Put into words that the broker ended the session with a reason of its own (MQTT 5 only).

    Args:
        broker: Which one.
        reason: What it gave.
    """
    if reason.value == _SESSION_TAKEN_OVER:
        return BrokerUnreachableError(
            f"{_place(broker)}: another program with the same certificate or the same name has "
            "taken this session over; give every program, and every worker, its own"
        )
    return BrokerUnreachableError(f"{_place(broker)}: ended the session ({reason}); {_LOG}")


def forbidden(broker: BrokerUrl, topics: list[str]) -> BrokerError:
    """Put into words that the broker does not let us read.

    Args:
        broker: Which one.
        topics: What it refused.
    """
    return BrokerRefusedError(
        f"{_place(broker)}: does not let this consumer read {', '.join(topics)}; allow it in the "
        "broker's access rules"
    )


def flooded(broker: BrokerUrl, limit_bytes: int) -> BrokerError:
    """Put into words that the broker sends what is none of this contract.

    Args:
        broker: Which one.
        limit_bytes: Longest packet that is taken.
    """
    return BrokerRefusedError(
        f"{_place(broker)}: sends packets of more than {limit_bytes} bytes; set its largest packet "
        "to 4096 bytes"
    )


def _place(broker: BrokerUrl) -> str:
    """Name the broker."""
    return f"broker {broker.host}:{broker.port}"


def _verification(error: ssl.SSLCertVerificationError) -> str:
    """Say what is wrong with the broker's certificate."""
    if error.verify_code in _HOSTNAME_MISMATCH:
        return (
            "its certificate is for another name; the URL must name it as the certificate does, "
            "or somebody else answers there"
        )
    if error.verify_code in _OUT_OF_DATE:
        return f"its certificate does not hold ({error.verify_message}); renew it at the broker"
    return (
        f"its certificate is of another authority ({error.verify_message}); ca_file must hold the "
        "broker's, or somebody else answers there"
    )
