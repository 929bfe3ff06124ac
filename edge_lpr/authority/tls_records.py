"""What was certified for TLS, so that it can be taken back, and the lists that tell brokers."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from edge_lpr.authority.authority import Authority, CertificateKind
from edge_lpr.certificates.certificate_authority import CertificateAuthority, write_public
from edge_lpr.core.errors import InputRefusedError, NotAllowedError

BROKER_NAME: Final = "token-authority"
"""Common name of the authority itself, which the broker must let in: ``authority token-authority
TENANT`` in its list. Nobody else is certified under it."""

REVOKING_KINDS: Final[tuple[CertificateKind, ...]] = ("devices", "consumers")
"""Whose certificates a broker asks about."""


_MAXIMUM_LIST_BYTES: Final = 16_777_216
"""Hundreds of thousands of revoked certificates."""


def require_not_ours(name: str) -> None:
    """Refuse to anybody the name under which the broker takes keys and watch-lists.

    Args:
        name: Of a booth or consumer.

    Raises:
        NotAllowedError: It is the authority's own.
    """
    if name == BROKER_NAME:
        raise NotAllowedError(
            f"{name} is the name of the authority at the broker, with its rights; choose another"
        )


def record_certificate(
    authority: Authority, kind: CertificateKind, name: str, certificate: x509.Certificate
) -> None:
    """Keep a certificate that was issued.

    Args:
        authority: Open.
        kind: Whose it is.
        name: Its common name, or the broker's first host.
        certificate: The certificate.
    """
    with authority.store.transaction() as session:
        session.execute(
            "INSERT INTO tls_certificate VALUES (?, ?, ?, ?, ?, ?, NULL)",
            (
                f"{certificate.serial_number:x}",
                kind,
                name,
                authority.clock.unix_s(),
                int(certificate.not_valid_after_utc.timestamp()),
                certificate.public_bytes(Encoding.PEM),
            ),
        )


def certified_since(authority: Authority, kind: CertificateKind, name: str, since_s: int) -> int:
    """Return how many certificates a name was given since a moment.

    Args:
        authority: Open.
        kind: Whose they are.
        name: Common name.
        since_s: UTC in whole seconds since 1970.
    """
    ((count,),) = authority.store.rows(
        "SELECT count(*) FROM tls_certificate WHERE kind = ? AND name = ? AND made_at > ?",
        (kind, name, since_s),
    )
    return int(count)


def has_certificate(authority: Authority, kind: CertificateKind, name: str) -> bool:
    """Return whether a name has a certificate that is neither revoked nor over.

    Args:
        authority: Open.
        kind: Whose it is.
        name: Common name.
    """
    return bool(_current(authority, kind, name))


def revoke_certificates(authority: Authority, kind: CertificateKind, name: str) -> int:
    """Take back every certificate of a name that has not ended, and return how many.

    Args:
        authority: Open.
        kind: Whose they are.
        name: Common name.
    """
    now_s = authority.clock.unix_s()
    with authority.store.transaction() as session:
        serials = _current(authority, kind, name)
        issuer = authority.certificate_authority(kind)
        for serial in serials:
            ((pem,),) = session.execute(
                "SELECT pem FROM tls_certificate WHERE serial = ?", (serial,)
            ).fetchall()
            issuer.revoke(x509.load_pem_x509_certificate(pem), now_s)
            session.execute(
                "UPDATE tls_certificate SET revoked_at = ? WHERE serial = ?", (now_s, serial)
            )
        authority.save_certificate_authority(kind, issuer)
    return len(serials)


def write_revocation_lists(authority: Authority, folder: Path) -> list[Path]:
    """Write what the broker trusts, and what was taken back, where it reads them.

    What the list that is there takes back is taken over: a data base out of a backup has forgotten
    it, and would let the revoked in again.

    Args:
        authority: Open.
        folder: Existing, such as ``/etc/mosquitto/edge-lpr``.

    Returns:
        The revocation lists.

    Raises:
        KeyFileError: A file cannot be written.
    """
    written = []
    for kind in REVOKING_KINDS:
        with authority.store.transaction():
            issuer = authority.certificate_authority(kind)
            for line in _lines_there(folder / f"{kind}-ca.crl", issuer):
                issuer.revoke(line, int(line.revocation_date_utc.timestamp()))
            authority.save_certificate_authority(kind, issuer)
        write_public(folder / f"{kind}-ca.crt", issuer.certificate_pem)
        write_public(folder / f"{kind}-ca.crl", issuer.revocation_list_pem())
        written.append(folder / f"{kind}-ca.crl")
    return written


def make_folder(folder: Path) -> None:
    """Make a folder for certificates and lists unless it is there.

    Args:
        folder: For everybody to read.

    Raises:
        InputRefusedError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputRefusedError(f"{folder}: cannot be made ({error.strerror})") from error


def _lines_there(path: Path, issuer: CertificateAuthority) -> Iterable[x509.RevokedCertificate]:
    """Return the lines of a list, if it is there and of this authority."""
    try:
        with path.open("rb") as file:
            untrusted_list = x509.load_pem_x509_crl(file.read(_MAXIMUM_LIST_BYTES))
    except (OSError, ValueError, x509.InvalidVersion):
        return ()
    own = x509.load_pem_x509_certificate(issuer.certificate_pem).public_key()
    is_ours = isinstance(own, EllipticCurvePublicKey) and untrusted_list.is_signature_valid(own)
    return untrusted_list if is_ours else ()


def _current(authority: Authority, kind: CertificateKind, name: str) -> list[str]:
    """Return the serial numbers that still count."""
    rows = authority.store.rows(
        "SELECT serial FROM tls_certificate WHERE kind = ? AND name = ? AND revoked_at IS NULL "
        "AND ends_at >= ?",
        (kind, name, authority.clock.unix_s()),
    )
    return [str(serial) for (serial,) in rows]
