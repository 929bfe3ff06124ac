"""A flashed booth in a folder, as it stands after ``edge-lpr configure``, with its first boot."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.enrolment import EnrolmentDesk
from edge_lpr.first_boot.first_boot import FirstBoot
from edge_lpr.first_boot.standing import STANDING_FILE, Standing, read_standing
from edge_lpr.first_boot.world import World
from edge_lpr.installation.keeping import keep_installation
from edge_lpr.installation.model import Installation
from edge_lpr.installation.places import Places
from edge_lpr.installation.reading import read_installation
from edge_lpr.provisioning.service_link import Silence
from edge_lpr.provisioning.waiting import Link
from edge_lpr.tokens.sealing import SealingKey
from tests.support.clock import SetClock
from tests.support.enrolment import DeskLink, SilentLink, TrialBooth, approve_all


class StoppedError(Exception):
    """The power was cut."""


@dataclass
class FlashedBooth:
    """One booth and its machine."""

    root: Path
    authority: Authority
    clock: SetClock = field(default_factory=SetClock)
    port: int = 8883
    source: str = 'kind = "camera"\naddress = "0"'
    said: list[str] = field(default_factory=list)
    proxies: list[str | None] = field(default_factory=list)
    """By which way the service was asked."""
    patience_s: float = 2000
    """A test that waits so long waits for ever: the power is cut."""
    tick: Callable[[], None] = lambda: None
    """What happens while the booth waits a moment."""

    def __post_init__(self) -> None:
        """Lay out the folders; nothing happens to those that are there."""
        self.trial = TrialBooth(
            self.root / "var/lib/edge-lpr", self.authority, self.clock, self.port, self.source
        )
        for folder in ("etc/edge-lpr", "boot/efi", "run/edge-lpr-update"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(self.trial.settings_file, self.places.settings)
        if not self.places.deployment.exists():
            shutil.copy(self.trial.bundle, self.places.deployment)

    @property
    def places(self) -> Places:
        return Places(self.root, self.root / "boot/efi", self.root / "templates")

    @property
    def answers(self) -> Installation:
        return read_installation(self.places.installation)

    def answer(self, *, ticket: str | None, time_server: str | None = "192.0.2.1") -> None:
        """Give the installer's answers."""
        answers = Installation(
            site="north", device="booth-1", camera="usb", ticket=ticket, time_server=time_server
        )
        keep_installation(self.places.installation, answers)

    def standing(self) -> Standing:
        """Return what the screen is told."""
        standing = read_standing(self.places.below(STANDING_FILE))
        assert standing is not None
        return standing

    def first_boot(
        self,
        *,
        decide: Callable[[EnrolmentDesk], None] | None = approve_all,
        link: Link | Silence | None = None,
    ) -> None:
        """Run ``edge-lpr first-boot`` in this process, with the desk in place of the network."""
        chosen = link or DeskLink(EnrolmentDesk(self.authority), self.authority, decide)
        waited_s = 0.0

        def sleep(seconds: float) -> None:
            nonlocal waited_s
            waited_s += seconds
            if waited_s > self.patience_s:
                raise StoppedError
            self.clock.now_monotonic_ns += int(seconds * 1e9)
            self.tick()

        def open_link(url: str, ca_pem: str, proxy: str | None) -> Link:
            del url, ca_pem
            self.proxies.append(proxy)
            return SilentLink(chosen) if isinstance(chosen, Silence) else chosen

        world = World(self.clock, sleep, self.said.append, open_link, _no_seal)
        FirstBoot(self.places, world).run()


@contextmanager
def _no_seal(custody: str) -> Iterator[SealingKey | None]:
    """Seal nothing."""
    assert custody == "plain"
    yield None
