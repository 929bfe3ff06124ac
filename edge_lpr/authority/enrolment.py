"""The custodian's desk for booths: takes requests, keeps them for approval, and answers them.

Every rule is here and no network; the service and the files only carry. A request needs a ticket
and a custodian; renewals, which need neither, are left to ``certificate_renewals.py``. A document
that comes twice is one: the second time it is answered as the first.
"""

import sqlite3
from dataclasses import dataclass
from enum import Enum
from typing import Final

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.certificate_renewals import renew
from edge_lpr.authority.certifying import device_certificate, require_ours, signed_answer
from edge_lpr.authority.devices import DeviceRow, DeviceState
from edge_lpr.authority.issuing import make_delivery, mark_sent
from edge_lpr.authority.rate_limit import RateLimit
from edge_lpr.authority.store import Row
from edge_lpr.authority.tickets import Ticket, TicketBook
from edge_lpr.authority.tls_records import has_certificate
from edge_lpr.certificates.signing_request import read_signing_request
from edge_lpr.core.clock import epoch_of
from edge_lpr.core.errors import (
    InputRefusedError,
    NotAllowedError,
    WireError,
)
from edge_lpr.wire.device_certificate import CustodyTier
from edge_lpr.wire.enrolment import (
    EnrolmentClaims,
    document_digest,
    is_renewal,
    verify_enrolment,
)
from edge_lpr.wire.jwe import TransportPublicKey
from edge_lpr.wire.jws import PublicKey
from edge_lpr.wire.ticket import fingerprint, tidy_fingerprint
from edge_lpr.wire.topics import DeviceAddress

FIRST_TRANSPORT_NUMBER: Final = 1
"""Number of the transport key in a request; later ones are announced with larger ones."""

_STRANGERS: Final = 5
"""Refusals a minute that are written down of who never had a ticket: enough to be noticed."""

_UNSEALED: Final = "plain"
_REQUEST: Final = "request"
_TAKEN_BACK: Final = (
    "the booth was revoked after it was approved, or another has taken its place; ask the key "
    "custodian for a ticket"
)


class EnrolmentState(Enum):
    """How far a request is."""

    WAITING = "waiting"
    """For the custodian."""
    APPROVED = "approved"
    """There is an answer."""
    REFUSED = "refused"
    """For good."""


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """What the custodian sees of a request."""

    fingerprint: str
    """To be compared with what the booth shows."""
    ticket: Ticket
    """What it was let in by."""
    custody: str
    """Where the booth says that it keeps its keys."""
    came_from: str
    """Network address, or the file's name."""
    came_at: int
    """UTC in whole seconds since 1970."""


@dataclass(frozen=True, slots=True, repr=False)
class Standing:
    """How a request stands."""

    state: EnrolmentState
    """How far it is."""
    answer: bytes | None
    """The authority's answer, once approved."""
    reason: str
    """Why it was refused, or nothing."""


class EnrolmentDesk:
    """Takes requests of booths, and decisions of the custodian."""

    def __init__(self, authority: Authority) -> None:
        """Work for an authority.

        Args:
            authority: Open.
        """
        self._authority = authority
        self._store = authority.store
        self.tickets = TicketBook(authority.store, authority.deployment.tenant)
        self._strangers = RateLimit(authority.clock, _STRANGERS, _STRANGERS)

    def submit(self, untrusted_document: bytes, came_from: str) -> bytes:
        """Take a request for enrolment; the custodian finds it among those that wait.

        Args:
            untrusted_document: As received, of any length.
            came_from: Network address or file, for the custodian and the journal.

        Returns:
            The request's digest, which ``standing`` takes.

        Raises:
            WireError: It is no sound request.
            InputRefusedError: Its signing request is not sound.
            NotAllowedError: Ticket, name, clock or custody forbid it.
        """
        digest = document_digest(untrusted_document)
        if self._store.rows("SELECT 1 FROM enrolment WHERE digest = ?", (digest,)):
            return digest
        # Garbage is not written down: anybody could fill the journal with it.
        claims = verify_enrolment(untrusted_document)
        try:
            self._take(claims, untrusted_document, came_from)
        except (WireError, InputRefusedError, NotAllowedError) as error:
            # Nor is every word of strangers: anybody can sign a request with a ticket of his own.
            if self.tickets.is_known(claims.ticket) or self._strangers.allows(came_from):
                self._authority.journal.record(
                    "enrolment-refused", came_from=came_from, why=str(error)
                )
            raise
        return digest

    def standing(self, digest: bytes) -> Standing:
        """Return how a request stands; its answer counts as given.

        A booth that was revoked meanwhile, or whose name another has now, is not answered any more:
        the answer holds keys of days to come.

        Args:
            digest: As ``submit`` returned it.

        Raises:
            InputRefusedError: There is no such request.
        """
        rows = self._store.rows(
            "SELECT state, answer, reason, fetched_at, kind, document, site, device "
            "FROM enrolment WHERE digest = ?",
            (digest,),
        )
        if not rows:
            raise InputRefusedError("no such request is known here; enrol again")
        state, answer, reason, fetched_at, kind, document, site, device = rows[0]
        if answer is None:
            return Standing(EnrolmentState(state), None, reason or "")
        row = self._authority.devices.get(site, device)
        if not _is_of(document, kind, row):
            return Standing(EnrolmentState.REFUSED, None, _TAKEN_BACK)
        if fetched_at is None:
            with self._store.transaction() as session:
                session.execute(
                    "UPDATE enrolment SET fetched_at = ? WHERE digest = ?",
                    (self._authority.clock.unix_s(), digest),
                )
                mark_sent(self._authority, row)
        return Standing(EnrolmentState(state), answer, reason or "")

    def waiting(self) -> list[PendingRequest]:
        """Return the requests that wait for the custodian, oldest first."""
        rows = self._store.rows(
            "SELECT document, ticket, came_from, came_at FROM enrolment "
            "WHERE state = 'waiting' ORDER BY came_at, fingerprint"
        )
        return [
            PendingRequest(
                fingerprint(document),
                self.tickets.get(ticket),
                verify_enrolment(document).custody,
                came_from,
                came_at,
            )
            for document, ticket, came_from, came_at in rows
        ]

    def approve(self, untrusted_fingerprint: str) -> PendingRequest:
        """Enrol the booth whose request has a fingerprint.

        Args:
            untrusted_fingerprint: As the custodian typed it.

        Returns:
            The request that was approved.

        Raises:
            InputRefusedError: No request that waits has it.
            NotAllowedError: The booth's name is in use.
        """
        with self._store.transaction() as session:
            pending, document, ticket_hash = self._find(untrusted_fingerprint)
            ticket = self.tickets.get(ticket_hash)
            claims = verify_enrolment(document)
            self._require_free(ticket.address, claims.event_key)
            certificate = device_certificate(
                self._authority, ticket.address, claims.event_key, ticket.tier
            )
            row = DeviceRow(
                address=ticket.address,
                event_key=claims.event_key,
                tier=ticket.tier,
                certificate=certificate,
                transport_key=TransportPublicKey(claims.transport_key),
                transport_number=FIRST_TRANSPORT_NUMBER,
                tier_c_reason=ticket.tier_c_reason,
                purpose=ticket.purpose,
            )
            self._authority.devices.add(row, self._authority.clock.unix_s())
            today = epoch_of(self._authority.clock.unix_s())
            epochs = range(today, today + self._authority.configuration.epochs_ahead)
            delivery = make_delivery(self._authority, row, epochs, purpose=ticket.purpose)
            answer = signed_answer(
                self._authority, document, claims.signing_request, certificate, delivery
            )
            _decide(session, document_digest(document), EnrolmentState.APPROVED, answer=answer)
            self._authority.journal.record(
                "enrolled",
                device=f"{ticket.address.site}/{ticket.address.device}",
                fingerprint=pending.fingerprint,
                tier=ticket.tier.value,
                purpose=ticket.purpose.name.lower(),
            )
        return pending

    def refuse(self, untrusted_fingerprint: str, reason: str) -> PendingRequest:
        """Refuse a request for good.

        Args:
            untrusted_fingerprint: As the custodian typed it.
            reason: For the installer and the journal.

        Raises:
            InputRefusedError: No request that waits has this fingerprint.
        """
        with self._store.transaction() as session:
            pending, document, _ = self._find(untrusted_fingerprint)
            _decide(session, document_digest(document), EnrolmentState.REFUSED, reason=reason)
            self._authority.journal.record(
                "enrolment-refused", fingerprint=pending.fingerprint, why=reason
            )
        return pending

    def take_file(self, untrusted_document: bytes, came_from: str) -> bytes:
        """Take a request or a renewal from a file, and return its digest.

        Raises:
            WireError: It is neither.
            InputRefusedError: As in ``submit`` and ``renew``.
            NotAllowedError: Likewise.
        """
        if is_renewal(untrusted_document):
            renew(self._authority, untrusted_document, came_from)
            return document_digest(untrusted_document)
        return self.submit(untrusted_document, came_from)

    def _take(self, claims: EnrolmentClaims, document: bytes, came_from: str) -> None:
        """Keep a request once nothing speaks against it; the ticket is used last."""
        require_ours(self._authority, claims.address, claims.at)
        read_signing_request(claims.signing_request, claims.address.device)
        TransportPublicKey(claims.transport_key)
        digest, now_s = document_digest(document), self._authority.clock.unix_s()
        with self._store.transaction() as session:
            ticket = self.tickets.redeem(claims.ticket, claims.address, digest, now_s)
            if ticket.tier is not CustodyTier.C and claims.custody == _UNSEALED:
                raise NotAllowedError(
                    f"the ticket is for custody tier {ticket.tier.value}, but the booth keeps its "
                    "keys in plain files; enrol with --custody tpm, or what else keeps them "
                    "(docs/custody.md), or ask for a ticket of tier C"
                )
            session.execute(
                "INSERT INTO enrolment (digest, fingerprint, kind, site, device, ticket, document, "
                "came_from, came_at, state) VALUES (?, ?, 'request', ?, ?, "
                "(SELECT hash FROM ticket WHERE used_by = ?), ?, ?, ?, 'waiting')",
                (
                    digest,
                    fingerprint(document),
                    claims.address.site,
                    claims.address.device,
                    digest,
                    document,
                    came_from,
                    now_s,
                ),
            )
            self._authority.journal.record(
                "enrolment-request",
                device=f"{claims.address.site}/{claims.address.device}",
                fingerprint=fingerprint(document),
                came_from=came_from,
            )

    def _require_free(self, address: DeviceAddress, event_key: PublicKey) -> None:
        """Refuse a name that somebody else has: it is a common name and a client identifier."""
        for row in self._authority.devices.active():
            if row.address.device != address.device:
                continue
            if row.address != address or row.event_key.octets != event_key.octets:
                raise NotAllowedError(
                    f"{row.address.site}/{row.address.device} is enrolled and at work; if this "
                    "booth takes its place, revoke that one first: edge-lpr authority revoke "
                    f"{row.address.site}/{row.address.device}"
                )
        if has_certificate(self._authority, "consumers", address.device):
            raise NotAllowedError(
                f"{address.device} is the name of a consumer, and names are client identifiers; "
                "give the booth another"
            )

    def _find(self, untrusted_fingerprint: str) -> tuple[PendingRequest, bytes, bytes]:
        """Return a request that waits, its document and the hash of its ticket.

        Inside the transaction that decides: two custodians must not decide twice.
        """
        wanted = tidy_fingerprint(untrusted_fingerprint)
        rows: list[Row] = self._store.rows(
            "SELECT document, ticket, state FROM enrolment WHERE fingerprint = ?", (wanted,)
        )
        if not rows:
            raise InputRefusedError(
                f"no request has the fingerprint {wanted}; compare it with the booth's, and with "
                "edge-lpr authority requests"
            )
        document, ticket, state = rows[0]
        if state != EnrolmentState.WAITING.value:
            raise InputRefusedError(f"the request {wanted} was {state} already")
        (pending,) = [each for each in self.waiting() if each.fingerprint == wanted]
        return pending, document, ticket


def _is_of(document: bytes, kind: str, row: DeviceRow) -> bool:
    """Return whether an answered document is that of the booth that is enrolled now."""
    if row.state is not DeviceState.ACTIVE:
        return False
    if kind != _REQUEST:
        return True
    return verify_enrolment(document).event_key.octets == row.event_key.octets


def _decide(
    session: sqlite3.Connection,
    digest: bytes,
    state: EnrolmentState,
    *,
    answer: bytes | None = None,
    reason: str | None = None,
) -> None:
    """Keep the custodian's decision."""
    session.execute(
        "UPDATE enrolment SET state = ?, answer = ?, reason = ? WHERE digest = ?",
        (state.value, answer, reason, digest),
    )
