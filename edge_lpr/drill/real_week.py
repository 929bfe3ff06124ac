"""Five days of ten real booths: keys come over the broker, vehicles pass, and booths are stolen.

Each day begins shortly after midnight: the past keys' quarter of an hour goes by at once, the
custodian issues keys by the broker, every booth takes them and announces a new transport key. Then
the day's vehicles pass, at four booths at a time, and Argon2 keeps the cores busy.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import EPOCH_LENGTH_S
from edge_lpr.drill.crowd import BOOTHS, DAYS, Booth, Crossing
from edge_lpr.drill.key_round import bring_keys
from edge_lpr.drill.memory import read_memory
from edge_lpr.drill.real_booth import RealBooth
from edge_lpr.drill.waiting import wait_until
from edge_lpr.drill.world import EPOCHS_HELD, World
from edge_lpr.tokens.key_ring import read_key_state
from edge_lpr.tokens.sealing import SealingKey
from edge_lpr.tokens.suite1 import KEY_BYTES

AT_A_TIME: Final = 4
_KEYS_S: Final = 120.0
_STORED_S: Final = 300.0
_PAST_KEY_KEPT_S: Final = 960
"""A past key stays a quarter of an hour (``tokeniser/relay.py``), and a minute for looking."""

_SETTLED_S: Final = 2.5
"""Two seconds after the acknowledgement no plate may be in memory (2.3 of the design)."""


@dataclass(slots=True, repr=False)
class StolenBooth:
    """What was taken from one booth, at the end of a day. No ``repr``."""

    booth: Booth
    """Which."""
    day: int
    """When."""
    card: Path
    """Copy of its memory card."""
    board: Path
    """Copy of what only the running booth has; used by a thief with root alone."""
    memory: bytes | None = None
    """Memory of the running tokeniser; ``None`` if it was off, or the kernel does not let us."""

    def sealing_key(self) -> SealingKey | None:
        """Return what root finds on the board while the booth runs."""
        file = self.board / "sealing-key"
        return SealingKey(file.read_bytes()) if file.exists() else None


@dataclass(slots=True, repr=False)
class WeekNotes:
    """What the drill itself knows of the booths' keys, to look for what must be gone."""

    transport_keys: dict[Booth, list[bytes]] = field(default_factory=dict)
    """Every transport key that a booth has had, in order."""
    stolen: list[StolenBooth] = field(default_factory=list)
    """Booths that were stolen on the way."""
    seconds: float = 0.0
    """How long vehicles took to pass."""


def steal_booth(
    booth: RealBooth, place: Booth, folder: Path, day: int, *, is_running: bool
) -> StolenBooth:
    """Take a booth's card, and its memory if it runs.

    Args:
        booth: What is taken.
        place: Which booth that is.
        folder: Existing; the copies go into a new folder in it.
        day: The day that ends.
        is_running: Whether it runs, and the thief is root.
    """
    copies = folder / f"stolen-{place.device}-{day}"
    copies.mkdir(mode=0o700)
    memory = None
    if is_running and booth.tokeniser is not None:
        time.sleep(_SETTLED_S)
        memory = read_memory(booth.tokeniser.process_id)
    return StolenBooth(place, day, booth.copy_card(copies / "card"), booth.board, memory)


Theft = tuple[Booth, int, bool]
"""Which booth is stolen at the end of which day, and whether it was running."""


class RealWeek:
    """The week, one day after the other."""

    def __init__(self, world: World, folder: Path, tell: Callable[[str], None]) -> None:
        """Lay out all booths.

        Args:
            world: Authority, broker and server.
            folder: Existing folder with a short path.
            tell: Hears how far it is.
        """
        self._world = world
        self._tell = tell
        self._folder = folder
        self.notes = WeekNotes()
        self.booths = {
            booth: RealBooth(
                folder / booth.device,
                world.identities[booth],
                world.custodian.public_key,
                world.broker.port,
                secret=secrets.token_bytes(KEY_BYTES),
            )
            for booth in BOOTHS
        }

    def run(self, crossings: Sequence[Crossing], thefts: Sequence[Theft]) -> WeekNotes:
        """Let the week pass.

        Args:
            crossings: Everybody who crosses, by day and time.
            thefts: What is stolen, and when.

        Returns:
            What was stolen, and what must be gone.
        """
        stored = self._world.server.count()
        with ExitStack() as parts:
            for booth in self.booths.values():
                parts.callback(booth.stop)
                booth.clock.set(self._midnight(0))
                booth.start()
            for booth in self.booths.values():
                booth.connect()
            for day in range(DAYS):
                self._begin(day)
                today = [each for each in crossings if each.day == day]
                self._pass(today)
                self._write_down()
                stored += len(today)
                self._world.server.wait_for(stored, within_s=_STORED_S)
                for place, theft_day, is_running in thefts:
                    if theft_day == day:
                        stolen = steal_booth(
                            self.booths[place], place, self._folder, day, is_running=is_running
                        )
                        self.notes.stolen.append(stolen)
                self._tell(f"day {day + 1} of {DAYS}: {len(today)} vehicles passed")
        self._world.wait_for_recorder(_STORED_S)
        return self.notes

    def _begin(self, day: int) -> None:
        """Let midnight pass, and bring the day's keys."""
        world = self._world
        world.begin_day(day)
        for booth in self.booths.values():
            booth.clock.set(self._midnight(day))
        if day:
            self._until_past_keys_are_gone(day)
        today = world.first_epoch + day
        bring_keys(world, list(self.booths.values()), range(today, today + EPOCHS_HELD))
        for place, booth in self.booths.items():
            state = read_key_state(booth.key_ring_file, booth.sealing_key)
            held = self.notes.transport_keys.setdefault(
                place, [booth.identity.transport_key.private_octets()]
            )
            held.append(bytes(state.transport_key))

    def _until_past_keys_are_gone(self, day: int) -> None:
        """Wait until no booth's file has a past key."""
        today = self._world.first_epoch + day
        # It notices that a day is over, and then for a quarter of an hour nothing may contradict.
        time.sleep(1.5)
        for booth in self.booths.values():
            booth.clock.hasten(_PAST_KEY_KEPT_S)
        wait_until(
            lambda: all(
                min(read_key_state(each.key_ring_file, each.sealing_key).ring.epochs()) >= today
                for each in self.booths.values()
            ),
            "a booth keeps a past key",
            within_s=_KEYS_S,
        )

    def _pass(self, today: Sequence[Crossing]) -> None:
        """Let the day's vehicles pass, each booth's in order."""
        begin_s = time.monotonic()

        def pass_all(booth: Booth) -> None:
            for crossing in today:
                if crossing.booth == booth:
                    self.booths[booth].hand_over(crossing, self._world.moment(crossing))

        with ThreadPoolExecutor(AT_A_TIME) as pool:
            list(pool.map(pass_all, BOOTHS))
        self.notes.seconds += time.monotonic() - begin_s

    def _write_down(self) -> None:
        """Write down what is true: the n-th vehicle handed over has number n of its boot."""
        for place, booth in self.booths.items():
            if booth.handed_over:
                boot = booth.boot()
                for seq, crossing in enumerate(booth.handed_over, start=1):
                    key = place.device, boot, seq
                    self._world.truth[key] = crossing.plate
                    self._world.real.add(key)

    def _midnight(self, day: int) -> int:
        """Return a minute after a day's beginning."""
        return (self._world.first_epoch + day) * EPOCH_LENGTH_S + 60
