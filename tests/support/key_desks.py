"""A booth's keeper of keys and its intake, without a process around them."""

from dataclasses import dataclass, field
from pathlib import Path

from edge_lpr.core.clock import epoch_of
from edge_lpr.core.errors import KeyFileError
from edge_lpr.core.log import Log
from edge_lpr.core.settings import BoothSettings, load_settings
from edge_lpr.tokeniser.clock_floor import FlooredClock
from edge_lpr.tokeniser.funnel import Funnel
from edge_lpr.tokeniser.key_intake import LOOK_INTERVAL_NS, KeyIntake
from edge_lpr.tokeniser.key_keeper import KeyKeeper, fresh_state
from edge_lpr.tokens.key_ring import (
    KeyPurpose,
    KeyRing,
    KeyState,
    read_key_state,
    write_key_state,
)
from edge_lpr.tokens.sealing import SealingKey
from edge_lpr.tokens.suite1 import TokenKeys
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.key_delivery import KeyDelivery
from tests.support.booth import epoch_keys, lay_out_booth
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock
from tests.support.deliveries import DeliveringAuthority, settings_with_authority

TODAY = epoch_of(NOON_OF_THE_VECTORS)
AUTHORITY_KEY = SigningKey.generate()
CERTIFICATE = b"header.payload.signature"


@dataclass
class Desk:
    """A booth's keeper and intake, without a process around them."""

    settings: BoothSettings
    clock: SetClock
    authority: DeliveringAuthority
    sealing_key: SealingKey | None = None
    funnel: Funnel = field(default_factory=Funnel)

    def __post_init__(self) -> None:
        self.start()

    @property
    def path(self) -> Path:
        return self.settings.tokeniser.key_ring_file

    @property
    def incoming(self) -> Path:
        return self.settings.tokeniser.incoming_folder

    def start(self, *, has_authority: bool = True) -> None:
        """Start, or start again, with what the file says."""
        state = read_key_state(self.path, self.sealing_key)
        self.floored = FlooredClock(self.clock, state.issued_at_s)
        self.keeper = KeyKeeper(
            self.settings,
            state,
            authority=AUTHORITY_KEY.public_key if has_authority else None,
            sealing_key=self.sealing_key,
            clock=self.floored,
        )
        self.intake = KeyIntake(
            self.keeper,
            self.incoming,
            funnel=self.funnel,
            log=Log("test"),
            clock=self.floored,
        )

    def delivered(self, *epochs: int) -> bytes:
        """Return a sound delivery to the newest key."""
        return self.sealed(self.authority.delivery(*epochs))

    def sealed(self, delivery: KeyDelivery) -> bytes:
        return self.authority.sealed(self.keeper.announcement(CERTIFICATE).key, delivery)

    def look_around(self) -> None:
        self.clock.now_monotonic_ns += LOOK_INTERVAL_NS
        self.intake.look_around()

    def counts(self) -> tuple[int, int]:
        counters = self.funnel.counters()
        return counters["deliveries"], counters["deliveries_refused"]


def desk_of(
    folder: Path,
    *epochs: int,
    source_kind: str = "folder",
    purpose: KeyPurpose = KeyPurpose.TEST,
    sealing_key: SealingKey | None = None,
) -> Desk:
    booth = lay_out_booth(
        folder, source_kind=source_kind, more_tokeniser_settings=settings_with_authority(folder)
    )
    keys = {epoch: TokenKeys(*epoch_keys(epoch)) for epoch in epochs}
    write_key_state(
        booth.key_ring_file,
        KeyState(
            ring=KeyRing(purpose, keys),
            transport_key=fresh_state(KeyRing(purpose, {}), SetClock()).transport_key,
            transport_number=1,
        ),
        sealing_key,
    )
    authority = DeliveringAuthority(AUTHORITY_KEY, NOON_OF_THE_VECTORS)
    return Desk(load_settings(booth.settings_file), SetClock(), authority, sealing_key)


def no_space(path: Path, *_: object) -> None:
    """Stand for a function that writes, on a full disk."""
    raise KeyFileError(f"{path}: cannot be written (No space left on device)")
