"""The drill's world: authority, broker, central server, ten enrolled booths, and what is true.

Everything in it is real but the vehicles, the clock and, for most passages, the cost of a token.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import EPOCH_LENGTH_S, epoch_of
from edge_lpr.drill.broker_side import DrillBroker, Recorder, sender
from edge_lpr.drill.central_side import CentralServer
from edge_lpr.drill.crowd import BOOTHS, DAYS, SITES, TENANT, Booth, Crossing
from edge_lpr.drill.custodian import Custodian
from edge_lpr.drill.dated_clock import DatedClock
from edge_lpr.drill.lab_booth import LaboratoryBooth
from edge_lpr.drill.linking import PassageKey
from edge_lpr.drill.waiting import wait_until
from edge_lpr.wire.device_certificate import CustodyTier
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.topics import DeviceAddress

EPOCHS_HELD: Final = 4
"""Today's keys and those of three days to come (tokens and keys, 2.4)."""

TIERS: Final = {
    Booth("alder", 1): CustodyTier.A,
    Booth("alder", 2): CustodyTier.A,
    Booth("birch", 1): CustodyTier.B,
    Booth("birch", 2): CustodyTier.B,
    Booth("cedar", 1): CustodyTier.C,
    Booth("cedar", 2): CustodyTier.C,
    Booth("elm", 1): CustodyTier.A,
    Booth("elm", 2): CustodyTier.B,
    Booth("fir", 1): CustodyTier.A,
    Booth("fir", 2): CustodyTier.B,
}
"""How well each booth keeps its keys."""

HIT_ONLY_TIERS: Final = {Booth("alder", 3): CustodyTier.A, Booth("birch", 3): CustodyTier.B}
"""The same of two more booths, which publish hits alone (``hit_only.py``)."""

_SENT_A_SECOND: Final = 100.0
"""At least: what waiting for the central server is sized by."""


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """Who a booth is. No ``repr``: it holds private keys."""

    address: DeviceAddress
    """Its place in topics."""
    event_key: SigningKey
    """Signs what it says."""
    transport_key: TransportKey
    """The first one, made at enrolment."""
    certificate: bytes
    """The authority's."""
    tier: CustodyTier
    """How well it keeps keys."""


@dataclass(slots=True, repr=False)
class World:
    """Everything that can be stolen, and what is true about it. No ``repr``."""

    folder: Path
    """For files of all parts."""
    clock: DatedClock
    """The authority's, and that of the laboratory's booths."""
    first_epoch: int
    """Day 0."""
    custodian: Custodian
    """Runs the authority."""
    broker: DrillBroker
    """Carries everything."""
    recorder: Recorder
    """Has heard everything."""
    server: CentralServer
    """Has stored every sighting."""
    identities: dict[Booth, Identity]
    """All booths."""
    truth: dict[PassageKey, bytes] = field(default_factory=dict)
    """Plate of every passage that was signed."""
    real: set[PassageKey] = field(default_factory=set)
    """Those at the real cost."""

    def moment(self, crossing: Crossing) -> int:
        """Return when somebody crosses, UTC in seconds since 1970."""
        return (self.first_epoch + crossing.day) * EPOCH_LENGTH_S + crossing.second

    def begin_day(self, day: int) -> None:
        """Set the authority's clock to shortly after midnight."""
        self.clock.set((self.first_epoch + day) * EPOCH_LENGTH_S + 60)

    def epochs(self) -> list[int]:
        """Return the five days."""
        return [self.first_epoch + day for day in range(DAYS)]

    def send_cheap(self, crossings: Sequence[Crossing]) -> float:
        """Let vehicles pass at the laboratory cost, and wait until all of them are stored.

        Args:
            crossings: By day and time.

        Returns:
            Seconds that it took.
        """
        begin_s = time.monotonic()
        booths = {
            booth: LaboratoryBooth(who.address, who.event_key, who.certificate, self.custodian.keys)
            for booth, who in self.identities.items()
        }
        stored = self.server.count()
        with sender(self.broker.port, "laboratory") as connected:
            for each in booths.values():
                topic, birth = each.birth()
                connected.send(topic, birth, retain=True)
            connected.send_all(self._messages(booths, crossings))
        wait_s = 60 + len(crossings) / _SENT_A_SECOND
        self.server.wait_for(stored + len(crossings), within_s=wait_s)
        self.wait_for_recorder(wait_s)
        return time.monotonic() - begin_s

    def wait_for_recorder(self, within_s: float) -> None:
        """Wait until the recorder has heard of every passage."""
        wait_until(
            lambda: len(self.recorder.payloads("/sighting")) >= len(self.truth),
            "the recorder has not heard everything",
            within_s=within_s,
        )

    def make_keys(self) -> None:
        """Have the keys of all days made, each on its own day or before."""
        for epoch in range(self.first_epoch, self.first_epoch + DAYS + EPOCHS_HELD - 1):
            for site in SITES:
                self.custodian.keys(site, epoch)

    def _messages(
        self, booths: dict[Booth, LaboratoryBooth], crossings: Iterable[Crossing]
    ) -> Iterator[tuple[str, bytes]]:
        """Yield signed sightings, and write down what is true."""
        for crossing in crossings:
            booth = booths[crossing.booth]
            epoch = self.first_epoch + crossing.day
            seq, message = booth.pass_by(crossing, epoch, self.moment(crossing))
            self.truth[crossing.booth.device, booth.boot, seq] = crossing.plate
            yield message


@contextmanager
def a_world(folder: Path, unix_s: int, dsn: str | None = None) -> Iterator[World]:
    """Make a world, five days back, and end its processes whatever happens.

    Args:
        folder: Made if it is missing, for its owner alone.
        unix_s: Now: the fifth day is yesterday, so that the central server believes all of it.
        dsn: An empty PostgreSQL database for the central server; ``None`` for a SQLite file.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    first_epoch = epoch_of(unix_s) - DAYS
    clock = DatedClock(folder / "clock")
    clock.set(first_epoch * EPOCH_LENGTH_S + 60)
    with ExitStack() as parts:
        custodian = Custodian(folder / "custodian", clock)
        parts.callback(custodian.authority.close)
        broker = DrillBroker(_made(folder / "broker"))
        parts.callback(broker.stop)
        recorder = Recorder(broker.port)
        parts.callback(recorder.close)
        server = CentralServer(_made(folder / "central"), broker.port, custodian.public_key, dsn)
        parts.callback(server.stop)
        identities = {booth: enrol(booth, TIERS[booth], custodian) for booth in BOOTHS}
        world = World(folder, clock, first_epoch, custodian, broker, recorder, server, identities)
        world.make_keys()
        yield world


def enrol(booth: Booth, tier: CustodyTier, custodian: Custodian) -> Identity:
    """Give a booth its keys and its certificate.

    Args:
        booth: Which.
        tier: How well it keeps keys.
        custodian: Certifies it.
    """
    address = DeviceAddress(TENANT, booth.site, booth.device)
    event_key, transport_key = SigningKey.generate(), TransportKey.generate()
    certificate = custodian.enrol(address, event_key.public_key, transport_key.public_key, tier)
    return Identity(address, event_key, transport_key, certificate, tier)


def _made(folder: Path) -> Path:
    """Make a folder for its owner alone."""
    folder.mkdir(mode=0o700, parents=True)
    return folder


def plates_by_passages(crossings: Iterable[Crossing]) -> list[bytes]:
    """Return plates, those that cross most often first."""
    counts = Counter(each.plate for each in crossings)
    return [plate for plate, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
