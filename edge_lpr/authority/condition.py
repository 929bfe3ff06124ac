"""How the authority is, and what of it needs the custodian: facts, without a word of layout."""

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Final

from cryptography import x509

from edge_lpr.authority.authority import CERTIFICATE_KINDS, Authority
from edge_lpr.authority.devices import DeviceRow, DeviceState
from edge_lpr.core.clock import EPOCH_LENGTH_S, epoch_of
from edge_lpr.core.errors import WireError
from edge_lpr.wire.device_certificate import decode_unverified_certificate

CERTIFICATE_WARNING_DAYS: Final = 14
"""A device's certificate that ends sooner, and was not renewed by itself, needs somebody."""

CA_WARNING_DAYS: Final = 365
"""A certificate authority that ends sooner: every booth and server needs a new bundle."""

_TLS_WARNING_DAYS: Final = {"broker": 21, "consumers": 21, "devices": 7}
"""Devices renew theirs once half of 30 days is over; nobody renews a broker's or a server's."""

_TLS_ADVICE: Final = {
    "broker": "edge-lpr authority certify-broker",
    "consumers": "edge-lpr authority certify-consumer",
    "devices": "it should have renewed by itself; does it reach the enrolment service?",
}
_FORGOTTEN_DAYS: Final = 30
"""Who went without a certificate for so long is not in service any more."""

SILENT_DAYS: Final = 2
"""A device that has announced nothing for longer is off, or cut off."""


_TWO: Final = 2


@dataclass(frozen=True, slots=True)
class DeviceCondition:
    """How one booth is, as far as the authority knows."""

    name: str
    """Site and device."""
    tier: str
    """Custody tier."""
    state: str
    """``active``, ``revoked`` or ``decommissioned``."""
    days: int | None
    """Days of keys from today on, by its own announcement; ``None`` before the first."""
    announced_at: int | None
    """When it said so."""
    certificate_ends: int | None
    """Last second of its certificate's validity."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How the authority is."""

    tenant: str
    """The agency."""
    fingerprint: str
    """Name of its key."""
    today: int
    """Epoch by this machine's clock."""
    place: str
    """Where the wrapping keys are."""
    held_epochs: tuple[int, ...]
    """Epochs whose keys exist."""
    overdue_epochs: tuple[int, ...]
    """Epochs whose keys should have been destroyed."""
    quota_used: int
    """Plates compiled for today."""
    quota_limit: int
    """Most plates for today."""
    journal_entries: int
    """How many calls are recorded."""
    journal_fault: str | None
    """What is wrong with the journal."""
    devices: tuple[DeviceCondition, ...]
    """Every booth."""
    troubles: tuple[str, ...]
    """What needs the custodian, one sentence each."""

    def as_dict(self) -> dict[str, object]:
        """Return it for JSON."""
        return asdict(self)


def condition_of(authority: Authority) -> Condition:
    """Look at everything.

    Args:
        authority: Open.
    """
    now = authority.clock.unix_s()
    today = epoch_of(now)
    verdict = authority.journal.verify()
    devices = tuple(_device(row, today) for row in authority.devices.all())
    overdue = tuple(
        epoch
        for epoch in authority.vault.destructible()
        if epoch < today - authority.configuration.retention_days
    )
    troubles = [
        *_own_troubles(verdict.fault, overdue),
        *_person_troubles(authority),
        *_certificate_troubles(authority, now),
        *_tls_troubles(authority, now),
        *_waiting_troubles(authority),
        *(trouble for device in devices for trouble in _device_troubles(device, now)),
    ]
    return Condition(
        tenant=authority.deployment.tenant,
        fingerprint=authority.deployment.authority.kid,
        today=today,
        place=authority.wrapping.place,
        held_epochs=authority.vault.held(),
        overdue_epochs=overdue,
        quota_used=authority.quota.used(today),
        quota_limit=authority.quota.limit,
        journal_entries=verdict.entries,
        journal_fault=verdict.fault,
        devices=devices,
        troubles=tuple(troubles),
    )


def in_days(count: int, word: str = "") -> str:
    """Return a number of days as people say it, with a word before "days"."""
    return f"{count} {word}day{'' if count == 1 else 's'}"


def _own_troubles(journal_fault: str | None, overdue: tuple[int, ...]) -> list[str]:
    """Return what is wrong with the authority itself."""
    troubles = []
    if journal_fault is not None:
        troubles.append(f"the journal is not whole: {journal_fault} (docs/authority.md)")
    if overdue:
        troubles.append(
            f"keys of {in_days(len(overdue))} should have been destroyed: run edge-lpr authority "
            "rotate, and see why its timer does not"
        )
    return troubles


def _person_troubles(authority: Authority) -> list[str]:
    """Return whether those are missing who must agree."""
    ((count,),) = authority.store.rows("SELECT count(*) FROM person")
    if not authority.configuration.two_person or count >= _TWO:
        return []
    return [f"two persons must agree, and {count} is known: edge-lpr authority person add NAME"]


def _certificate_troubles(authority: Authority, now: int) -> list[str]:
    """Return which certificate authorities end soon."""
    troubles = []
    for kind in CERTIFICATE_KINDS:
        pem = authority.certificate_authority(kind).certificate_pem
        ends = x509.load_pem_x509_certificate(pem).not_valid_after_utc
        days = (ends - dt.datetime.fromtimestamp(now, dt.timezone.utc)).days
        if days < CA_WARNING_DAYS:
            troubles.append(
                f"the certificate authority for {kind} ends in {in_days(days)}: "
                "plan its replacement"
            )
    return troubles


def _tls_troubles(authority: Authority, now: int) -> list[str]:
    """Return whose newest TLS certificate ends soon, or has ended lately."""
    rows = authority.store.rows(
        "SELECT kind, name, max(ends_at) FROM tls_certificate WHERE revoked_at IS NULL "
        "GROUP BY kind, name ORDER BY kind, name"
    )
    troubles = []
    for kind, name, ends in rows:
        days = (ends - now) // EPOCH_LENGTH_S
        if -_FORGOTTEN_DAYS <= days < _TLS_WARNING_DAYS[kind]:
            left = f"ends in {in_days(days)}" if days >= 0 else f"ended {in_days(-days)} ago"
            troubles.append(f"the TLS certificate of {name} ({kind}) {left}: {_TLS_ADVICE[kind]}")
    return troubles


def _waiting_troubles(authority: Authority) -> list[str]:
    """Return whether booths wait for somebody to approve them."""
    ((count,),) = authority.store.rows("SELECT count(*) FROM enrolment WHERE state = 'waiting'")
    return [f"booths wait for your approval: {count}; edge-lpr authority requests"] if count else []


def _device(row: DeviceRow, today: int) -> DeviceCondition:
    """Return what is known about one device."""
    days = None
    if row.announced_at is not None:
        days = sum(1 for epoch in row.announced_epochs if epoch >= today)
    try:
        ends = decode_unverified_certificate(row.certificate).not_after
    except WireError:
        ends = None
    return DeviceCondition(
        name=f"{row.address.site}/{row.address.device}",
        tier=row.tier.value,
        state=row.state.value,
        days=days,
        announced_at=row.announced_at,
        certificate_ends=ends,
    )


def _device_troubles(device: DeviceCondition, now: int) -> list[str]:
    """Return what of one device needs somebody."""
    if device.state != DeviceState.ACTIVE.value:
        return []
    troubles = []
    if device.days is None:
        troubles.append(f"{device.name} has never announced a transport key")
    elif device.days <= 1:
        troubles.append(f"{device.name} has keys for {in_days(device.days, 'more ')} only")
    if device.announced_at is not None and now - device.announced_at > SILENT_DAYS * EPOCH_LENGTH_S:
        days = (now - device.announced_at) // EPOCH_LENGTH_S
        troubles.append(f"{device.name} has said nothing for {in_days(days)}")
    if device.certificate_ends is None:
        troubles.append(f"{device.name} has a certificate that cannot be read; enrol it again")
    elif device.certificate_ends - now < CERTIFICATE_WARNING_DAYS * EPOCH_LENGTH_S:
        days = (device.certificate_ends - now) // EPOCH_LENGTH_S
        troubles.append(f"{device.name} has a certificate that ends in {in_days(days)}")
    return troubles
