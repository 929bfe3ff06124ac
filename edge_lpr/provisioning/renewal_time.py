"""When a booth's two certificates are renewed: at half time, so that there is time to fail."""

from cryptography import x509

from edge_lpr.core.errors import EnrolmentError, WireError
from edge_lpr.provisioning.asking import read_public
from edge_lpr.provisioning.booth_files import BoothFiles
from edge_lpr.wire.device_certificate import (
    MAXIMUM_CERTIFICATE_BYTES,
    decode_unverified_certificate,
)

_MAXIMUM_CHAIN_BYTES = 65_536
_DAY_S = 86_400


def renewal_is_due(files: BoothFiles, now_s: int) -> bool:
    """Return whether half of either certificate's time is over.

    Args:
        files: Of an enrolled booth.
        now_s: UTC in whole seconds since 1970.

    Raises:
        EnrolmentError: A certificate is missing or damaged.
    """
    return any(now_s >= (begin + end) // 2 for begin, end in _validities(files))


def days_left(files: BoothFiles, now_s: int) -> int:
    """Return for how many days both certificates are still valid, rounded; 0 if one is not.

    Args:
        files: Of an enrolled booth.
        now_s: UTC in whole seconds since 1970.

    Raises:
        EnrolmentError: A certificate is missing or damaged.
    """
    left_s = min(end - now_s for _, end in _validities(files))
    return max(0, (left_s + _DAY_S // 2) // _DAY_S)


def _validities(files: BoothFiles) -> list[tuple[int, int]]:
    """Return first and last second of both certificates."""
    document = read_public(files.certificate, MAXIMUM_CERTIFICATE_BYTES + 2) or b""
    chain = read_public(files.tls_certificate, _MAXIMUM_CHAIN_BYTES) or b""
    try:
        device = decode_unverified_certificate(document.rstrip(b"\r\n"))
        tls = x509.load_pem_x509_certificate(chain)
    except (WireError, ValueError, x509.InvalidVersion) as error:
        raise EnrolmentError(
            "a certificate of this booth is missing or damaged; enrol with --again and a new ticket"
        ) from error
    begin, end = tls.not_valid_before_utc, tls.not_valid_after_utc
    return [
        (device.not_before, device.not_after),
        (int(begin.timestamp()), int(end.timestamp())),
    ]
