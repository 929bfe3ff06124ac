"""Renewals: an enrolled booth gets new certificates before the old ones end, without a person."""

from typing import Final

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.certifying import device_certificate, require_ours, signed_answer
from edge_lpr.authority.devices import DeviceRow, DeviceState
from edge_lpr.authority.tls_records import certified_since
from edge_lpr.certificates.signing_request import read_signing_request
from edge_lpr.core.clock import EPOCH_LENGTH_S
from edge_lpr.core.errors import (
    InputRefusedError,
    NotAllowedError,
    VerificationError,
)
from edge_lpr.wire.enrolment import RENEWAL_TYP, document_digest, parse_renewal
from edge_lpr.wire.jws import UntrustedDocument
from edge_lpr.wire.ticket import fingerprint

_RENEWALS_A_DAY: Final = 10
"""One is enough; a booth whose event key was stolen must not fill the data base."""


def renew(authority: Authority, untrusted_document: bytes, came_from: str) -> bytes:
    """Return new certificates for an enrolled booth; the same document again, the same answer.

    Args:
        authority: Open.
        untrusted_document: A renewal as received, of any length.
        came_from: Network address or file, for the journal.

    Returns:
        The answer.

    Raises:
        WireError: It is no sound renewal.
        InputRefusedError: No such booth is enrolled, or its signing request is not sound.
        NotAllowedError: The booth is revoked, or asks too often.
        AuthorityError: The data base was restored from a backup, and nobody has said so yet.
    """
    digest = document_digest(untrusted_document)
    known = authority.store.rows(
        "SELECT answer FROM enrolment WHERE digest = ? AND kind = 'renewal'", (digest,)
    )
    if known:
        return bytes(known[0][0])
    # Garbage is not written down: anybody could fill the journal with it.
    document, claims = parse_renewal(untrusted_document)
    _require_signed(document, authority.devices.get(claims.address.site, claims.address.device))
    try:
        require_ours(authority, claims.address, claims.at)
        # Whole, so that nobody revokes it in between.
        with authority.store.transaction():
            row = authority.devices.get(claims.address.site, claims.address.device)
            _require_signed(document, row)
            _require_may_renew(authority, row)
            return _answer(authority, row, untrusted_document, claims.signing_request, came_from)
    except (InputRefusedError, NotAllowedError) as error:
        authority.journal.record("renewal-refused", came_from=came_from, why=str(error))
        raise


def _answer(
    authority: Authority,
    row: DeviceRow,
    untrusted_document: bytes,
    signing_request: bytes,
    came_from: str,
) -> bytes:
    """Certify a booth anew, and keep the answer."""
    read_signing_request(signing_request, row.address.device)
    name = f"{row.address.site}/{row.address.device}"
    with authority.store.transaction() as session:
        authority.journal.require_newest()
        certificate = device_certificate(authority, row.address, row.event_key, row.tier)
        answer = signed_answer(authority, untrusted_document, signing_request, certificate, None)
        authority.devices.renew_certificate(row.address, certificate)
        now_s = authority.clock.unix_s()
        session.execute(
            "INSERT INTO enrolment (digest, fingerprint, kind, site, device, document, "
            "came_from, came_at, state, answer, fetched_at) "
            "VALUES (?, ?, 'renewal', ?, ?, ?, ?, ?, 'approved', ?, ?)",
            (
                document_digest(untrusted_document),
                fingerprint(untrusted_document),
                row.address.site,
                row.address.device,
                untrusted_document,
                came_from,
                now_s,
                answer,
                now_s,
            ),
        )
        authority.journal.record("renewed", device=name, came_from=came_from)
    return answer


def _require_signed(document: UntrustedDocument, row: DeviceRow) -> None:
    """Refuse a renewal of anybody but the booth."""
    try:
        document.verified(RENEWAL_TYP, row.event_key)
    except VerificationError as error:
        raise NotAllowedError(
            "the renewal is not signed by the event key that is enrolled; enrol again"
        ) from error


def _require_may_renew(authority: Authority, row: DeviceRow) -> None:
    """Refuse a booth that is out, or that asks for certificates without end."""
    if row.state is not DeviceState.ACTIVE:
        raise NotAllowedError(
            f"{row.address.site}/{row.address.device} is {row.state.value} and gets no "
            "certificates; ask the key custodian for a ticket"
        )
    since_s = authority.clock.unix_s() - EPOCH_LENGTH_S
    if certified_since(authority, "devices", row.address.device, since_s) > _RENEWALS_A_DAY:
        raise NotAllowedError("the booth has asked for too many certificates today; ask tomorrow")
