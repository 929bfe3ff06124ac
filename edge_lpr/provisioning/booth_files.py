"""Where everything of a booth's identity goes: read from its settings, checked with its bundle.

A booth whose settings cannot work with the deployment is refused before any key is made, with the
lines to be written.
"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import EnrolmentError, SettingsError
from edge_lpr.core.settings import BoothSettings
from edge_lpr.wire.deployment import Deployment
from edge_lpr.wire.topics import DeviceAddress

_STATE_NAME: Final = "enrolment"

PUBLISHER_USER: Final = "edge-lpr-publisher"
"""Whom the publisher's folder belongs to if it has to be made (``systemd/edge-lpr.sysusers.conf``);
the tokeniser's user stands in the settings."""


@dataclass(frozen=True, slots=True)
class BoothFiles:
    """The files of a booth's identity."""

    address: DeviceAddress
    """Who the booth is."""
    event_key: Path
    key_ring: Path
    certificate: Path
    """The device certificate."""
    incoming: Path
    """Folder where the tokeniser takes deliveries."""
    authority: Path
    """The authority's public key."""
    tls_ca: Path
    tls_certificate: Path
    tls_key: Path

    @property
    def state(self) -> Path:
        """Folder of what enrolment itself keeps: bundle, answer, and what is under way."""
        return self.key_ring.parent.parent / _STATE_NAME


def booth_files(settings: BoothSettings) -> BoothFiles:
    """Return where the settings say that everything goes.

    Args:
        settings: The booth's.

    Raises:
        SettingsError: A file that enrolment writes has no place; the message has the lines.
    """
    tokeniser, publisher, booth = settings.tokeniser, settings.publisher, settings.booth
    if (
        tokeniser.authority_file is None
        or publisher.tls_ca_file is None
        or publisher.tls_certificate_file is None
        or publisher.tls_key_file is None
    ):
        raise SettingsError(
            "the settings have no place for what enrolment brings; write in [tokeniser]: "
            'authority_file = "/etc/edge-lpr/authority.pub"; and in [publisher]: '
            'tls_ca_file = "/etc/edge-lpr/broker-ca.pem", '
            'tls_certificate_file = "/var/lib/edge-lpr/publisher/tls-certificate.pem", '
            'tls_key_file = "/var/lib/edge-lpr/publisher/tls-key.pem"'
        )
    return BoothFiles(
        DeviceAddress(booth.tenant, booth.site, booth.device),
        event_key=tokeniser.event_key_file,
        key_ring=tokeniser.key_ring_file,
        certificate=tokeniser.device_certificate_file,
        incoming=tokeniser.incoming_folder,
        authority=tokeniser.authority_file,
        tls_ca=publisher.tls_ca_file,
        tls_certificate=publisher.tls_certificate_file,
        tls_key=publisher.tls_key_file,
    )


def require_fitting(settings: BoothSettings, deployment: Deployment) -> None:
    """Refuse settings that are not for this deployment.

    Args:
        settings: The booth's.
        deployment: The bundle, verified.

    Raises:
        EnrolmentError: They are of another tenant or name another broker; the message has the
            lines to be written.
    """
    if settings.booth.tenant != deployment.tenant:
        raise EnrolmentError(
            f"the bundle is of the tenant {deployment.tenant!r}, but booth.tenant is "
            f"{settings.booth.tenant!r}; correct the settings, or ask for the right bundle"
        )
    wanted = (deployment.broker_host, deployment.devices_port)
    if (settings.publisher.broker_host, settings.publisher.broker_port) != wanted:
        raise EnrolmentError(
            "the settings name another broker than the bundle; write in [publisher]: "
            f'broker_host = "{wanted[0]}" and broker_port = {wanted[1]}'
        )


def user_named(name: str | None) -> tuple[int, int] | None:
    """Return user and group of a name, for root; others can give nothing away.

    Args:
        name: Such as ``edge-lpr-tokeniser``; ``None`` for nobody.

    Returns:
        Numbers, or ``None`` where folders stay our own.
    """
    if name is None or os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return entry.pw_uid, entry.pw_gid
