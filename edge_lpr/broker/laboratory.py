"""A laboratory's folder: authorities, a broker's certificate, and one for each name of a list.

::

    broker-ca.crt           what booths and consumers trust
    broker.crt, broker.key  the broker's own
    devices-ca.crt, .crl    what the broker trusts on the booths' port, and what was taken back
    consumers-ca.crt, .crl  the same for the consumers' port
    devices/NAME.crt, .key
    consumers/NAME.crt, .key        also those of authorities, which use the same port

The authorities' keys lie beside them, and nobody asked who wants a certificate: not for booths in
the field, whose keys the Token Authority certifies (``edge-lpr authority``).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cryptography import x509

from edge_lpr.broker.access_list import AccessList
from edge_lpr.certificates.certificate_authority import (
    CERTIFICATE_DAYS,
    CertificateAuthority,
    Validity,
)
from edge_lpr.core.errors import KeyFileError, SettingsError

DEVICES: Final = "devices"
CONSUMERS: Final = "consumers"

_BROKER_AUTHORITY: Final = "broker-ca"


class Laboratory:
    """The folder; making it again keeps what is there and adds what is missing."""

    def __init__(self, folder: Path, unix_s: int) -> None:
        """Make the authorities that are missing.

        Args:
            folder: Made if it is missing.
            unix_s: Now, UTC in whole seconds since 1970.

        Raises:
            KeyFileError: A file is damaged or cannot be written.
        """
        self.folder = folder
        self._unix_s = unix_s
        for each in (folder, folder / DEVICES, folder / CONSUMERS):
            _make_folder(each)
        self.broker_authority = self._authority(_BROKER_AUTHORITY)
        self.authorities = {kind: self._authority(f"{kind}-ca") for kind in (DEVICES, CONSUMERS)}

    @property
    def ca_file(self) -> Path:
        """What booths and consumers trust."""
        return self.folder / f"{_BROKER_AUTHORITY}.crt"

    def certify(self, access: AccessList, hosts: list[str], *, renew: bool = False) -> list[str]:
        """Certify the broker and everybody of a list.

        Args:
            access: Whom the broker lets in.
            hosts: Names and IP addresses of the broker.
            renew: Whether those that have a certificate get a new one.

        Returns:
            Names of the files' owners that got a certificate now.

        Raises:
            KeyFileError: A file cannot be written.
        """
        validity = Validity.days_from(self._unix_s, CERTIFICATE_DAYS)
        # Always anew: the hosts may be others, and nobody keeps it but the broker.
        self.broker_authority.certify_broker(hosts, validity).write(self.folder, "broker")
        made = self._certify_all(DEVICES, (each.device for each in access.devices), renew=renew)
        return made + self._certify_all(
            CONSUMERS, (each.name for each in access.servers), renew=renew
        )

    def revoke(self, name: str) -> None:
        """Take a certificate back; the broker must read the revocation lists again.

        Args:
            name: A booth, consumer or authority that has a certificate here.

        Raises:
            SettingsError: Nobody of that name has one.
            KeyFileError: A file is damaged or cannot be written.
        """
        for kind, authority in self.authorities.items():
            path = self.folder / kind / f"{name}.crt"
            if path.is_file():
                authority.revoke(x509.load_pem_x509_certificate(path.read_bytes()), self._unix_s)
                authority.write(self.folder, f"{kind}-ca")
                return
        raise SettingsError(f"{name}: no booth and no consumer of this name has a certificate here")

    def _authority(self, name: str) -> CertificateAuthority:
        """Return the authority of an earlier run, or a new one."""
        if (self.folder / f"{name}.key").exists():
            return CertificateAuthority.read(self.folder, name)
        authority = CertificateAuthority.generate(f"edge-lpr laboratory {name}", self._unix_s)
        authority.write(self.folder, name)
        return authority

    def _certify_all(self, kind: str, names: Iterable[str], *, renew: bool) -> list[str]:
        """Certify the names of one kind."""
        validity = Validity.days_from(self._unix_s, CERTIFICATE_DAYS)
        folder = self.folder / kind
        made = [name for name in names if renew or not (folder / f"{name}.crt").exists()]
        for name in made:
            self.authorities[kind].certify_client(name, validity).write(folder, name)
        return made


def _make_folder(folder: Path) -> None:
    """Make a folder unless it is there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KeyFileError(
            f"{folder}: cannot be made ({error.strerror}); the folder above must be writable"
        ) from error
