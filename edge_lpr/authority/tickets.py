"""Tickets: who may ask to be enrolled as which booth, once, and until when.

Only a hash of a ticket is kept, so a copy of the data base lets nobody in.
"""

from dataclasses import dataclass
from typing import Final

from edge_lpr.authority.store import Store
from edge_lpr.authority.tls_records import require_not_ours
from edge_lpr.core.errors import InputRefusedError, NotAllowedError
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire.device_certificate import CustodyTier
from edge_lpr.wire.ticket import new_ticket, ticket_code, ticket_hash
from edge_lpr.wire.topics import DeviceAddress

MAXIMUM_HOURS: Final = 31 * 24
"""Longest validity: a ticket that lies about for longer is a key under the mat."""

_HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket allows."""

    address: DeviceAddress
    """Who its holder may become."""
    tier: CustodyTier
    """What the device certificate will say about custody."""
    tier_c_reason: str | None
    """Why a device of tier C may have keys of live passages, if it may."""
    purpose: KeyPurpose
    """Which keys it gets."""


class TicketBook:
    """The tickets of one authority."""

    def __init__(self, store: Store, tenant: str) -> None:
        """Use the authority's data base.

        Args:
            store: Of the table.
            tenant: The deployment's.
        """
        self._store = store
        self._tenant = tenant

    def make(self, ticket: Ticket, now_s: int, valid_hours: int) -> str:
        """Return the code of a new ticket; it is shown this once.

        Args:
            ticket: What it allows.
            now_s: UTC in whole seconds since 1970.
            valid_hours: 1 to ``MAXIMUM_HOURS``.

        Raises:
            InputRefusedError: The hours are out of range.
            NotAllowedError: Tier C asks for live keys without a reason, or the name is the
                authority's own.
        """
        if not 1 <= valid_hours <= MAXIMUM_HOURS:
            raise InputRefusedError(f"a ticket is valid for 1 to {MAXIMUM_HOURS} hours")
        require_not_ours(ticket.address.device)
        is_live = ticket.purpose is KeyPurpose.LIVE
        if is_live and ticket.tier is CustodyTier.C and ticket.tier_c_reason is None:
            raise NotAllowedError(
                "a booth of custody tier C gets no keys of live passages; whoever steals it reads "
                "them. For a laboratory: --test-keys; to allow it all the same: --allow-tier-c "
                "REASON"
            )
        secret = new_ticket()
        with self._store.transaction() as session:
            session.execute(
                "INSERT INTO ticket VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                (
                    ticket_hash(secret),
                    ticket.address.site,
                    ticket.address.device,
                    ticket.tier.value,
                    ticket.tier_c_reason,
                    ticket.purpose.value,
                    now_s,
                    now_s + valid_hours * _HOUR_S,
                ),
            )
        return ticket_code(secret)

    def redeem(self, secret: bytes, address: DeviceAddress, digest: bytes, now_s: int) -> Ticket:
        """Use a ticket for a request; inside a transaction it stands or falls with that.

        Args:
            secret: The ticket, as the request has it.
            address: Who the request wants to become.
            digest: Of the request.
            now_s: UTC in whole seconds since 1970.

        Returns:
            What it allows.

        Raises:
            NotAllowedError: There is no such ticket, it was used, it has ended, or it is for
                another booth.
        """
        hashed = ticket_hash(secret)
        rows = self._store.rows("SELECT used_by, ends_at FROM ticket WHERE hash = ?", (hashed,))
        if not rows:
            raise NotAllowedError(
                "this authority has not made this ticket; see that bundle and ticket are of the "
                "same authority, or ask the key custodian for another"
            )
        used_by, ends_at = rows[0]
        if used_by is not None:
            raise NotAllowedError(
                "the ticket was used already, and is good for one request; ask the key custodian "
                "for another, and tell him if you did not use it"
            )
        if now_s > ends_at:
            raise NotAllowedError("the ticket has expired; ask the key custodian for another")
        ticket = self.get(hashed)
        if ticket.address != address:
            raise NotAllowedError(
                f"the ticket is for {ticket.address.site}/{ticket.address.device}, but the booth's "
                f"settings say {address.site}/{address.device}; correct [booth], or ask for "
                "another ticket"
            )
        with self._store.transaction() as session:
            session.execute("UPDATE ticket SET used_by = ? WHERE hash = ?", (digest, hashed))
        return ticket

    def is_known(self, secret: bytes) -> bool:
        """Return whether a ticket was ever made here, used or not.

        Args:
            secret: The ticket, as a request has it.
        """
        return bool(self._store.rows("SELECT 1 FROM ticket WHERE hash = ?", (ticket_hash(secret),)))

    def get(self, hashed: bytes) -> Ticket:
        """Return what a ticket allows.

        Args:
            hashed: Hash of a ticket that there is.
        """
        ((site, device, tier, reason, purpose),) = self._store.rows(
            "SELECT site, device, tier, tier_c_reason, purpose FROM ticket WHERE hash = ?",
            (hashed,),
        )
        address = DeviceAddress(self._tenant, site, device)
        return Ticket(address, CustodyTier(tier), reason, KeyPurpose(purpose))
