import ssl

import pytest

from edge_lpr.core.errors import BrokerError, BrokerRefusedError, BrokerUnreachableError
from edge_lpr.subscriber import trouble
from edge_lpr.subscriber.broker_url import BrokerUrl

BROKER = BrokerUrl("broker.example", 8883, is_tls=True)
PLAIN = BrokerUrl("127.0.0.1", 1883, is_tls=False)


def _verification(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = code, "words of the library"
    return error


def _tls(reason: str | None) -> ssl.SSLError:
    error = ssl.SSLError()
    error.reason = reason  # type: ignore[assignment]
    return error


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (_verification(62), "another name"),
        (_verification(10), "renew it at the broker"),
        (_verification(20), "ca_file must hold"),
        (_tls("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "give certificate_file and key_file"),
        (_tls("SSLV3_ALERT_CERTIFICATE_REVOKED"), "was revoked"),
        (_tls("TLSV1_ALERT_UNKNOWN_CA"), "authority that the broker does not know"),
        (_tls("WRONG_VERSION_NUMBER"), "none of TLS"),
        (_tls("SOMETHING_ELSE"), "broker's log"),
        (_tls(None), "no reason given"),
    ],
    ids=["name", "expired", "authority", "no certificate", "revoked", "unknown", "port", "x", "y"],
)
def test_refusal_during_the_greeting_says_what_to_do(error: OSError, advice: str) -> None:
    found = trouble.unreachable(BROKER, error)
    assert isinstance(found, BrokerRefusedError)
    assert advice in str(found)
    assert str(found).startswith("broker broker.example:8883: ")


def test_broker_that_is_not_there_may_come() -> None:
    found = trouble.unreachable(PLAIN, ConnectionRefusedError(111, "Connection refused"))
    assert isinstance(found, BrokerUnreachableError)
    assert "nobody answers (Connection refused)" in str(found)
    assert isinstance(trouble.unreachable(PLAIN, TimeoutError("timed out")), BrokerUnreachableError)
    assert isinstance(trouble.lost(PLAIN), BrokerUnreachableError)


def test_broker_that_hangs_up_during_the_greeting_may_have_another_port_for_tls() -> None:
    found = trouble.unreachable(BROKER, ConnectionResetError(104, "Connection reset by peer"))
    assert isinstance(found, BrokerUnreachableError)
    assert "the port must be the broker's TLS port" in str(found)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (trouble.refused(BROKER, "Not authorized"), "let in by the broker's configuration"),
        (trouble.closed_early(BROKER), "does not take this consumer's certificate"),
        (
            trouble.closed_early(PLAIN),
            "may be a TLS port, which needs mqtts://",
        ),
        (trouble.forbidden(BROKER, ["lpr/v1/+/+/+/gap"]), "does not let this consumer read lpr/v1"),
        (trouble.flooded(BROKER, 8192), "more than 8192 bytes"),
    ],
    ids=["refused", "closed", "closed plain", "forbidden", "flooded"],
)
def test_every_refusal_says_what_to_do(error: BrokerError, advice: str) -> None:
    assert isinstance(error, BrokerRefusedError)
    assert advice in str(error)
