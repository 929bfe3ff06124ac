"""The certificates of technicians, and the key that gives them.

A certificate's serial number is that of the journal's entry about it, so that a line of a booth's
audit leads to who gave it. Nothing is ever taken back: a certificate ends after hours, and booths
would learn of a revocation later than that.
"""

import datetime as dt
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_lpr.authority.authority import Authority
from edge_lpr.certificates.technician_certificate import (
    EARLY_S,
    MAXIMUM_HOURS,
    Technician,
    fingerprint_of,
    issue_technician_certificate,
    public_line,
    read_technician_key,
)
from edge_lpr.core.errors import InputRefusedError, NotAllowedError

_HOUR_S: Final = 3600


class Certified(NamedTuple):
    """A certificate that was given."""

    line: str
    """For ``id_ed25519-cert.pub``, without its end."""
    serial: int
    """Its number, and its entry's in the journal."""
    ends_at: dt.datetime
    """UTC."""


def certify_technician(
    authority: Authority, name: str, untrusted_key: str, places: tuple[str, ...], hours: int
) -> Certified:
    """Certify a person's key for some places and hours.

    Args:
        authority: Open.
        name: The person.
        untrusted_key: The person's public key, as OpenSSH writes it.
        places: Sites, or ``SITE/DEVICE``.
        hours: Validity from now on, 1 to ``MAXIMUM_HOURS``.

    Returns:
        The certificate; the journal has it already.

    Raises:
        NotAllowedError: Booths do not know this authority as the technicians'.
        InputRefusedError: Name, key, places or hours make no sense.
    """
    if not 1 <= hours <= MAXIMUM_HOURS:
        raise InputRefusedError(f"--hours must lie in 1..{MAXIMUM_HOURS}")
    key = read_technician_key(untrusted_key)
    issuer = _known_key(authority)
    now_s = authority.clock.unix_s()
    ends_s = now_s + hours * _HOUR_S
    ends_at = dt.datetime.fromtimestamp(ends_s, dt.timezone.utc)
    with authority.store.transaction():
        serial = authority.journal.record(
            "certified-technician",
            technician=name,
            places=" ".join(places),
            until=ends_at.isoformat(),
            key=fingerprint_of(public_line(key)),
        )
        line = issue_technician_certificate(
            Technician(name, serial), key, places, (now_s - EARLY_S, ends_s), issuer
        )
    return Certified(line, serial, ends_at)


def _known_key(authority: Authority) -> Ed25519PrivateKey:
    """Return the key that certifies technicians, if it is the one that booths believe."""
    named = authority.deployment.technician_ca
    if named is None:
        raise NotAllowedError(
            "the bundle lets nobody log in; edge-lpr authority bundle --technician-ca own"
        )
    key = authority.technician_key()
    if public_line(key.public_key()) != named:
        raise NotAllowedError(
            f"booths believe another authority for technicians, {fingerprint_of(named)}; certify "
            "there, or edge-lpr authority bundle --technician-ca own"
        )
    return key
