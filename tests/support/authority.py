"""An authority in a temporary folder, and booths that it knows."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_lpr.authority.authority import Authority, DeploymentPlan
from edge_lpr.authority.configuration import Configuration, FilesPlace
from edge_lpr.authority.devices import DeviceRow
from edge_lpr.authority.file_wrapping import FileWrappingKeys
from edge_lpr.core.clock import Clock, epoch_of
from edge_lpr.wire.device_certificate import CustodyTier, DeviceCertificate, issue_certificate
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.topics import DeviceAddress
from edge_lpr.wire.transport import TransportClaims, sign_transport
from tests.support.clock import SetClock

TENANT = "agency"
PLAN = DeploymentPlan(TENANT, "localhost", 8883, 8884, None)
YEAR_S = 365 * 86_400


def no_pin() -> str:
    """Fail: files need none."""
    raise AssertionError


@contextmanager
def memory_folder() -> Iterator[Path]:
    """Give a folder whose files wait for no disk; tests of power cuts use others."""
    memory = Path("/dev/shm")  # noqa: S108 - Linux's own name for it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


@dataclass
class Folders:
    """Where an authority of a test is."""

    base: Path

    @property
    def folder(self) -> Path:
        return self.base / "authority"

    @property
    def wrapping(self) -> Path:
        return self.base / "wrapping"

    def create(
        self,
        clock: Clock | None = None,
        *,
        retention_days: int = 30,
        two_person: bool = False,
        plan: DeploymentPlan = PLAN,
    ) -> Authority:
        """Make an authority with its wrapping keys in files."""
        configuration = Configuration(
            wrapping=FilesPlace(folder=self.wrapping),
            retention_days=retention_days,
            two_person=two_person,
        )
        keys = FileWrappingKeys.create(self.wrapping)
        return Authority.create(self.folder, configuration, keys, plan, clock or SetClock())

    def open(self, clock: Clock | None = None) -> Authority:
        """Open it again, as another process would."""
        return Authority.open(self.folder, no_pin, clock or SetClock())


class Booth:
    """A booth with its keys, enrolled by hand."""

    def __init__(
        self,
        authority: Authority,
        name: str = "booth-1",
        site: str = "north",
        tier: CustodyTier = CustodyTier.B,
    ) -> None:
        """Enrol it."""
        self.address = DeviceAddress(authority.deployment.tenant, site, name)
        self.event_key = SigningKey.generate()
        self.transport_key = TransportKey.generate()
        self.number = 1
        now = authority.clock.unix_s()
        self.certificate = issue_certificate(
            DeviceCertificate(self.address, self.event_key.public_key, tier, now, now + YEAR_S),
            authority.signing_key(),
        )
        row = DeviceRow(
            self.address,
            self.event_key.public_key,
            tier,
            self.certificate,
            self.transport_key.public_key,
            self.number,
        )
        authority.devices.add(row, now)

    def row(self, authority: Authority) -> DeviceRow:
        """Return what the authority knows of it."""
        return authority.devices.get(self.address.site, self.address.device)

    def announcement(self, at: int, epochs: Sequence[int] = (), delivery: int = 0) -> bytes:
        """Return its newest announcement."""
        claims = TransportClaims(
            certificate=self.certificate,
            number=self.number,
            key=self.transport_key.public_key,
            epochs=tuple(epochs),
            delivery=delivery,
            at=at,
        )
        return sign_transport(claims, self.event_key)

    def turn_key(self) -> None:
        """Make a new transport key, as after every delivery."""
        self.transport_key = TransportKey.generate()
        self.number += 1


def today(authority: Authority) -> int:
    """Return the epoch by the authority's clock."""
    return epoch_of(authority.clock.unix_s())
