"""Every way in which a TLS greeting fails is put into words with what to do."""

import ssl

import pytest

from edge_lpr.publisher.tls_faults import tls_fault


def alert(reason: str | None) -> ssl.SSLError:
    error = ssl.SSLError(1, "as the library says it")
    error.reason = reason  # type: ignore[assignment]
    return error


def verification(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


@pytest.mark.parametrize(
    ("error", "reason", "advice"),
    [
        pytest.param(
            alert("SSLV3_ALERT_CERTIFICATE_REVOKED"),
            "this booth's certificate was revoked",
            "a new certificate is needed",
            id="revoked",
        ),
        pytest.param(
            alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"),
            "shows no certificate that it takes",
            "issued by the authority that the broker trusts",
            id="none shown",
        ),
        pytest.param(
            alert("TLSV1_ALERT_PROTOCOL_VERSION"),
            "does not speak TLS 1.3",
            "switch TLS 1.3 on",
            id="old version",
        ),
        pytest.param(
            verification(18, "self-signed certificate"),
            "signed by nobody but itself",
            "publisher.tls_ca_file",
            id="self-signed",
        ),
        pytest.param(
            verification(64, "IP address mismatch"),
            "for another address",
            "publisher.broker_host",
            id="address",
        ),
        pytest.param(
            verification(79, "invalid CA certificate"),
            "does not hold (invalid CA certificate)",
            "correct the broker's certificate",
            id="another verification",
        ),
        pytest.param(
            alert("TLSV1_ALERT_INTERNAL_ERROR"),
            "TLS failed (TLSV1_ALERT_INTERNAL_ERROR)",
            "the broker's log",
            id="unknown alert",
        ),
        pytest.param(
            alert(None), "TLS failed (no reason given)", "the broker's log", id="no reason"
        ),
        pytest.param(
            ConnectionResetError(104, "Connection reset by peer"),
            "closed during the TLS greeting",
            "publisher.broker_port",
            id="reset",
        ),
    ],
)
def test_fault_has_a_sentence_and_an_advice(error: OSError, reason: str, advice: str) -> None:
    fault = tls_fault(error)
    assert reason in str(fault)
    assert advice in fault.advice
