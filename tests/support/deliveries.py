"""An authority that delivers token keys to a test's booth."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edge_lpr.core.clock import EPOCH_LENGTH_S
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire import base64url
from edge_lpr.wire.jwe import TransportPublicKey
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.key_delivery import EpochKeys, KeyDelivery, sign_delivery
from edge_lpr.wire.topics import DeviceAddress
from tests.support.booth import ADDRESS, epoch_keys


def keys_of(epochs: Iterable[int]) -> tuple[EpochKeys, ...]:
    """Return the keys that a test's authority has for some epochs."""
    return tuple(EpochKeys(epoch, *epoch_keys(epoch)) for epoch in epochs)


def settings_with_authority(folder: Path) -> str:
    """Return what ``[tokeniser]`` says about deliveries."""
    return f'authority_file = "{folder}/authority.pub"\nincoming_folder = "{folder}/incoming"\n'


def write_authority(folder: Path, authority_key: SigningKey) -> None:
    """Write the authority's public key where ``settings_with_authority`` says that it is."""
    octets = authority_key.public_key.octets
    (folder / "authority.pub").write_bytes(base64url.encode(octets) + b"\n")


@dataclass
class DeliveringAuthority:
    """Numbers its deliveries, as the real one does."""

    key: SigningKey
    now_s: int
    number: int = 0

    def delivery(
        self,
        *epochs: int,
        address: DeviceAddress = ADDRESS,
        number: int | None = None,
        issued_at: int | None = None,
        last_valid: int | None = None,
        purpose: KeyPurpose = KeyPurpose.TEST,
        keys: tuple[EpochKeys, ...] | None = None,
    ) -> KeyDelivery:
        """Return a delivery, sound unless a test says otherwise."""
        self.number = self.number + 1 if number is None else number
        issued = self.now_s if issued_at is None else issued_at
        return KeyDelivery(
            address=address,
            number=self.number,
            issued_at=issued,
            last_valid=issued + EPOCH_LENGTH_S if last_valid is None else last_valid,
            purpose=purpose,
            keys=keys_of(epochs) if keys is None else keys,
        )

    def sealed(self, recipient: TransportPublicKey, delivery: KeyDelivery) -> bytes:
        """Return a delivery as it travels."""
        return sign_delivery(delivery, recipient, self.key)
