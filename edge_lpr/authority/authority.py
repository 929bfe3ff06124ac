"""The Token Authority: its folder, its secrets, and what may be done with them.

The folder holds what may be backed up; the wrapping keys lie apart. Every secret in the data base
is wrapped: token keys under their epoch's wrapping key, all others under the root.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_lpr.authority.beginning import require_unused, was_completed
from edge_lpr.authority.bundle import changed, read_bundle, write_bundle, write_file
from edge_lpr.authority.configuration import Configuration
from edge_lpr.authority.devices import DeviceBook
from edge_lpr.authority.journal import Journal
from edge_lpr.authority.key_vault import KeyVault
from edge_lpr.authority.places import (
    CONFIGURATION_FILE,
    DATA_BASE_FILE,
    PinSource,
    configuration_of,
    lock_of,
    open_store,
    open_wrapping,
)
from edge_lpr.authority.quota import Quota
from edge_lpr.authority.secret_box import SecretBox
from edge_lpr.authority.store import Store
from edge_lpr.authority.wrapping import ROOT, WrappingKeys
from edge_lpr.certificates.certificate_authority import CertificateAuthority
from edge_lpr.certificates.technician_certificate import public_line
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import (
    AuthorityError,
    DestroyedError,
    NotAllowedError,
)
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire.deployment import DEPLOYMENT_FILE_NAME, Deployment
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.key_delivery import EpochKeys
from edge_lpr.wire.topics import NAME_PATTERN

CertificateKind: TypeAlias = Literal["broker", "devices", "consumers"]
"""Whom an X.509 authority certifies."""

CERTIFICATE_KINDS: Final[tuple[CertificateKind, ...]] = ("broker", "devices", "consumers")
CA_DAYS: Final = 3650
"""Ten years: when a certificate authority ends, every booth and server must be visited."""

_SIGNING_KEY: Final = "signing-key"
_TECHNICIAN_KEY: Final = "technician-key"


@dataclass(frozen=True, slots=True)
class DeploymentPlan:
    """What the deployment bundle will say, besides keys."""

    tenant: str
    """The agency."""
    broker_host: str
    """Name or address of the broker."""
    devices_port: int
    """Where booths connect."""
    consumers_port: int
    """Where servers connect."""
    enrolment_url: str | None
    """Where booths enrol, ``https://host:port``."""
    addresses: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """IP addresses by name, so that booths need no name server."""
    admits_technicians: bool = True
    """Whether booths let in whom this authority certifies as a technician."""


@final
class Authority:
    """One authority, open. Several processes may have it open at once."""

    def __init__(
        self,
        folder: Path,
        configuration: Configuration,
        wrapping: WrappingKeys,
        store: Store,
        clock: Clock,
    ) -> None:
        """Put the parts together; ``create`` and ``open`` are the ways in.

        Raises:
            AuthorityError: The folder's deployment bundle is missing or damaged.
        """
        self.folder = folder
        self.configuration = configuration
        self.wrapping = wrapping
        self.store = store
        self.clock = clock
        self.journal = Journal(store, wrapping, clock)
        self.deployment: Deployment = read_bundle(folder)
        self.devices = DeviceBook(store, self.deployment.tenant)
        self.vault = KeyVault(store, wrapping, self.journal, clock)
        self.quota = Quota(store, self.journal, configuration.quota_factor)
        self._secrets = SecretBox(store, wrapping)

    @classmethod
    def create(
        cls,
        folder: Path,
        configuration: Configuration,
        wrapping: WrappingKeys,
        plan: DeploymentPlan,
        clock: Clock,
    ) -> "Authority":
        """Make a new authority.

        One that was interrupted is made anew: the journal's first entry is what completes it.

        Args:
            folder: Empty or missing; for its owner alone.
            configuration: What the custodian has decided.
            wrapping: A place without keys, owned by the authority from now on.
            plan: What the deployment bundle says.
            clock: Tells the time.

        Raises:
            AuthorityError: Folder or wrapping keys belong to an authority already.
        """
        require_unused(folder, wrapping)
        store = Store(folder / DATA_BASE_FILE)
        wrapping.make(ROOT)
        key = SigningKey.generate()
        box = SecretBox(store, wrapping)
        authorities = {
            kind: CertificateAuthority.generate(
                f"edge-lpr {plan.tenant} {kind}", clock.unix_s(), CA_DAYS
            )
            for kind in CERTIFICATE_KINDS
        }
        technician_key = Ed25519PrivateKey.generate()
        technician_ca = public_line(technician_key.public_key())
        with store.transaction():
            box.put(_SIGNING_KEY, key.private_octets())
            box.put(_TECHNICIAN_KEY, technician_key.private_bytes_raw())
            for kind, authority in authorities.items():
                box.put(_ca_name(kind), _ca_octets(authority))
        deployment = Deployment(
            tenant=plan.tenant,
            authority=key.public_key,
            broker_ca_pem=authorities["broker"].certificate_pem.decode("ascii"),
            broker_host=plan.broker_host,
            devices_port=plan.devices_port,
            consumers_port=plan.consumers_port,
            enrolment_url=plan.enrolment_url,
            made_at=clock.unix_s(),
            addresses=plan.addresses,
            technician_ca=technician_ca if plan.admits_technicians else None,
        )
        write_bundle(folder, deployment, key)
        write_file(folder / CONFIGURATION_FILE, configuration.text().encode())
        made = cls(folder, configuration, wrapping, store, clock)
        made.journal.begin(tenant=plan.tenant, fingerprint=key.kid)
        made.note_configuration()
        return made

    @classmethod
    def open(
        cls,
        folder: Path,
        pin: PinSource,
        clock: Clock,
        *,
        wrapping_folder: Path | None = None,
    ) -> "Authority":
        """Open an authority, and complete what a power cut interrupted.

        Args:
            folder: Its folder.
            pin: Asked if the wrapping keys are in a token.
            clock: Tells the time.
            wrapping_folder: Where the wrapping keys are now, if not where ``authority.toml`` says.

        Raises:
            SettingsError: ``authority.toml`` is missing or wrong.
            AuthorityError: The data base or the wrapping keys are away or damaged.
            NotAllowedError: The token refuses the PIN.
            DestroyedError: The whole authority was decommissioned.
        """
        configuration = configuration_of(folder, wrapping_folder)
        store = open_store(folder)
        if not was_completed(store):
            store.close()
            raise AuthorityError(
                f"{folder}: its making was interrupted; run edge-lpr authority init again, with "
                "the same words, or restore a backup if it was at work before"
            )
        try:
            wrapping = open_wrapping(configuration, pin, lock_of(folder))
        except NotAllowedError as error:
            # The head cannot be moved without the token; the entry itself is kept.
            Journal(store, None, clock).record("refused", why=str(error))
            raise
        opened = cls(folder, configuration, wrapping, store, clock)
        opened.signing_key()
        opened.note_configuration()
        opened.vault.finish_destruction()
        return opened

    def __enter__(self) -> "Authority":
        return self

    def __exit__(self, *_reason: object) -> None:
        self.close()

    def close(self) -> None:
        """Close data base and token; may be called twice."""
        self.store.close()
        self.wrapping.close()

    def signing_key(self) -> SigningKey:
        """Return the authority's Ed25519 key, which consumers pin.

        Raises:
            DestroyedError: The authority was decommissioned.
            AuthorityError: The wrapping keys are those of another authority.
        """
        try:
            octets = self._secrets.get(_SIGNING_KEY)
        except DestroyedError as error:
            raise DestroyedError(
                f"{self.wrapping.place}: has no root key: the authority was decommissioned, or "
                "this is not the place of its wrapping keys"
            ) from error
        key = SigningKey(Ed25519PrivateKey.from_private_bytes(octets))
        if key.kid != self.deployment.authority.kid:
            raise AuthorityError(
                f"{self.folder / DEPLOYMENT_FILE_NAME}: belongs to another authority; restore it "
                "from the same backup as the data base"
            )
        return key

    def certificate_authority(self, kind: CertificateKind) -> CertificateAuthority:
        """Return an X.509 authority; ``save_certificate_authority`` keeps what it revokes."""
        key, certificate, revocations = self._secrets.get(_ca_name(kind)).split(b"\0")
        return CertificateAuthority.from_pem(key, certificate, revocations)

    def save_certificate_authority(
        self, kind: CertificateKind, authority: CertificateAuthority
    ) -> None:
        """Keep an X.509 authority with what it has revoked."""
        with self.store.transaction():
            self._secrets.put(_ca_name(kind), _ca_octets(authority))

    def technician_key(self) -> Ed25519PrivateKey:
        """Return the key that certifies technicians, whether or not booths know it.

        An authority that was made before there was such a key gets one now.
        """
        if not self._secrets.has(_TECHNICIAN_KEY):
            self.make_technician_key()
        return Ed25519PrivateKey.from_private_bytes(self._secrets.get(_TECHNICIAN_KEY))

    def make_technician_key(self) -> str:
        """Make a key that certifies technicians in place of the earlier one.

        Returns:
            Its public half, as the bundle names it.
        """
        key = Ed25519PrivateKey.generate()
        self._secrets.put(_TECHNICIAN_KEY, key.private_bytes_raw())
        return public_line(key.public_key())

    def change_bundle(
        self, addresses: tuple[tuple[str, tuple[str, ...]], ...], technician_ca: str | None
    ) -> None:
        """Let the bundle say something else; booths get it when they renew.

        Args:
            addresses: As in the bundle.
            technician_ca: As in the bundle.

        Raises:
            InputRefusedError: Something is out of bounds.
            AuthorityError: It cannot be written.
        """
        deployment = changed(self.deployment, self.clock.unix_s(), addresses, technician_ca)
        # Intent first: a bundle that differs from the journal's word is written again by whoever
        # finds it so.
        self.journal.record(
            "bundle",
            addresses=" ".join(f"{name}={','.join(texts)}" for name, texts in addresses),
            technician_ca=technician_ca or "nobody",
        )
        write_bundle(self.folder, deployment, self.signing_key())
        self.deployment = deployment

    def epoch_keys(self, site: str, epoch: int, purpose: KeyPurpose = KeyPurpose.LIVE) -> EpochKeys:
        """Return the token keys of a site and epoch; made now if there are none and it may be.

        Args:
            site: Name of the site.
            epoch: Days since 1970.
            purpose: Test keys are others.

        Raises:
            DestroyedError: They were destroyed.
            NoValidKeyError: They were never made, and it is past or too far ahead.
        """
        if not NAME_PATTERN.fullmatch(site):
            raise AuthorityError(f"a site's name has the form {NAME_PATTERN.pattern}")
        return self.vault.keys(site, epoch, purpose)

    def sites(self) -> tuple[str, ...]:
        """Return the sites that have devices or keys, in the order of the alphabet."""
        rows = self.store.rows(
            "SELECT site FROM device UNION SELECT site FROM epoch_key WHERE site != '' ORDER BY 1"
        )
        return tuple(str(site) for (site,) in rows)

    def claim_quota(self, epoch: int, plates: int, reason: str | None) -> None:
        """Count plates before their tokens are made.

        Args:
            epoch: The day whose keys are used.
            plates: How many, variants included.
            reason: Why the quota may be exceeded, or ``None`` if it may not.

        Raises:
            NotAllowedError: The quota does not allow it.
        """
        self.quota.claim(epoch, plates, reason)

    def note_configuration(self) -> None:
        """Write into the journal that ``authority.toml`` was changed, if it was."""
        public = self.configuration.model_dump(mode="json", exclude={"wrapping"})
        text = json.dumps(public, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        if self.store.fact("configuration") != digest:
            with self.store.transaction():
                self.store.set_fact("configuration", digest)
                self.journal.record("configuration", now=text)


def _ca_name(kind: CertificateKind) -> str:
    """Return the name of an X.509 authority's secret."""
    return f"certificate-authority-{kind}"


def _ca_octets(authority: CertificateAuthority) -> bytes:
    """Return the three parts of an X.509 authority in one piece."""
    parts = (
        authority.private_pem(),
        authority.certificate_pem,
        authority.revocation_list_pem(),
    )
    return b"\0".join(parts)
