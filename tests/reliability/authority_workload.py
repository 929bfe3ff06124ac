"""What a process does with an authority's keys, and what it may then count on.

The authority and its wrapping keys lie in one folder here, because one folder is what the record of
writes covers; their files have different names.
"""

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from edge_lpr.authority.authority import Authority, DeploymentPlan
from edge_lpr.authority.configuration import Configuration, FilesPlace
from edge_lpr.authority.file_wrapping import FileWrappingKeys
from edge_lpr.authority.issuing import make_delivery
from edge_lpr.authority.wrapping import epoch_name
from edge_lpr.core.clock import EPOCH_LENGTH_S
from edge_lpr.core.errors import DestroyedError, EdgeLprError
from edge_lpr.wire.key_delivery import EpochKeys
from tests.support.authority import Booth, no_pin
from tests.support.clock import SetClock

FIRST_DAY: Final = 20_454
SITE: Final = "north"
DEVICE: Final = "booth-1"

_NEAR: Final = 8
_FAR: Final = 30
"""Days ahead: those that the workload destroys, and one that it never does."""

Note: TypeAlias = dict[str, Any]


def clock_of(day: int) -> SetClock:
    """Return a clock at noon of a day."""
    return SetClock(day * EPOCH_LENGTH_S + EPOCH_LENGTH_S // 2)


def make_authority(folder: Path) -> None:
    """Make an authority with one booth."""
    wrapping = FileWrappingKeys.create(folder)
    plan = DeploymentPlan("agency", "localhost", 8883, 8884, None)
    configuration = Configuration(wrapping=FilesPlace(folder=folder))
    folder.chmod(0o700)
    with Authority.create(folder, configuration, wrapping, plan, clock_of(FIRST_DAY)) as authority:
        Booth(authority, DEVICE, SITE)


def open_authority(folder: Path, day: int) -> Authority:
    """Open it, wherever the folder is now."""
    return Authority.open(folder, no_pin, clock_of(day), wrapping_folder=folder)


def fingerprint(keys: EpochKeys) -> str:
    """Return what tells one pair of keys from another."""
    return hashlib.sha256(bytes(keys.stretch) + bytes(keys.site)).hexdigest()


class Workload:
    """Makes, issues and destroys keys by chance, and notes what was promised."""

    def __init__(self, folder: Path, note: Callable[[Note], None], seed: int, day: int) -> None:
        """Open the authority.

        Args:
            folder: Of authority and wrapping keys.
            note: Called before what may be cut off, and after what was promised.
            seed: Decides what is done.
            day: Today.
        """
        self._folder = folder
        self._note = note
        self._chance = random.Random(seed)  # noqa: S311 - a test, repeatable
        self._authority = open_authority(folder, day)
        self._day = day

    def work(self, steps: int) -> None:
        """Do so many things."""
        acts = [self._issue, self._issue, self._deliver, self._destroy, self._claim]
        for _ in range(steps):
            self._chance.choice(acts)()
            ((entries,),) = self._authority.store.rows("SELECT max(number) FROM journal")
            self._note({"journal": entries})
        self._authority.close()

    def _issue(self) -> None:
        """Make the keys of a day, or find them."""
        epoch = self._day + self._chance.randrange(6)
        self._note({"begin": "issue", "epoch": epoch})
        try:
            keys = self._authority.epoch_keys(SITE, epoch)
        except DestroyedError:
            return
        self._note({"issued": epoch, "keys": fingerprint(keys)})

    def _deliver(self) -> None:
        """Make a delivery of what may be delivered."""
        destroyed = set(self._destroyed())
        epochs = [epoch for epoch in range(self._day, self._day + 4) if epoch not in destroyed]
        if not epochs:
            return
        device = self._authority.devices.get(SITE, DEVICE)
        self._note({"begin": "delivery", "epoch": epochs[0]})
        make_delivery(self._authority, device, epochs)
        self._note({"delivered": self._authority.devices.get(SITE, DEVICE).last_delivery})

    def _destroy(self) -> None:
        """Destroy a day's keys."""
        held = [epoch for epoch in self._authority.vault.held() if epoch < self._day + _NEAR]
        if not held:
            return
        epoch = self._chance.choice(held)
        secret = (self._folder / f"{epoch_name(epoch)}.key").read_bytes()
        self._note({"begin": "destroy", "epoch": epoch})
        self._authority.vault.destroy([epoch])
        self._note({"destroyed": epoch, "wrapping": secret.hex()})

    def _claim(self) -> None:
        """Use some of the quota."""
        self._note({"begin": "claim", "epoch": self._day})
        self._authority.claim_quota(self._day, 1, "a test")
        self._note({"claimed": self._authority.quota.used(self._day)})

    def _destroyed(self) -> list[int]:
        """Return the days whose keys are gone."""
        rows = self._authority.store.rows("SELECT epoch FROM epoch WHERE state != 'held'")
        return [int(epoch) for (epoch,) in rows]


@dataclass
class Promises:
    """What was promised up to some moment."""

    keys: dict[int, str] = field(default_factory=dict)
    destroying: set[int] = field(default_factory=set)
    destroyed: dict[int, str] = field(default_factory=dict)
    newest_delivery: int = 0
    claimed: int = 0
    entries: int = 0
    moment: str = "between"

    def hear(self, note: Note) -> None:
        """Take one note."""
        self.moment = note.get("begin", "between")
        if note.get("begin") == "destroy":
            self.destroying.add(note["epoch"])
        if "issued" in note:
            self.keys[note["issued"]] = note["keys"]
        if "destroyed" in note:
            self.destroyed[note["destroyed"]] = note["wrapping"]
        self.newest_delivery = note.get("delivered", self.newest_delivery)
        self.claimed = note.get("claimed", self.claimed)
        self.entries = note.get("journal", self.entries)

    def copy(self) -> "Promises":
        """Return one that may be changed."""
        made = Promises(dict(self.keys), set(self.destroying), dict(self.destroyed))
        made.newest_delivery, made.claimed = self.newest_delivery, self.claimed
        made.entries, made.moment = self.entries, self.moment
        return made


def judge(folder: Path, promises: Promises, day: int) -> Iterator[str]:
    """Open the authority and yield a word for every promise that was broken."""
    try:
        with open_authority(folder, day) as authority:
            yield from _judge_opened(authority, promises, day)
    except EdgeLprError as error:
        yield f"damaged: {error}"
    everything = b"".join(file.read_bytes() for file in sorted(folder.iterdir()))
    if any(bytes.fromhex(secret) in everything for secret in promises.destroyed.values()):
        yield "wrapping key left on the disk"


def _judge_opened(authority: Authority, promises: Promises, day: int) -> Iterator[str]:
    """Yield what is wrong with an authority that could be opened."""
    for epoch in sorted(promises.keys.keys() | promises.destroyed.keys()):
        yield from _judge_epoch(authority, epoch, promises)
    if authority.devices.get(SITE, DEVICE).last_delivery < promises.newest_delivery:
        yield "delivery number went back"
    if authority.quota.used(day) < promises.claimed:
        yield "quota forgotten"
    verdict = authority.journal.verify()
    if verdict.fault is not None:
        yield f"journal: {verdict.fault}"
    if verdict.entries < promises.entries:
        yield "journal entry lost"
    # A new day must work as before.
    authority.epoch_keys(SITE, day + _FAR)


def _judge_epoch(authority: Authority, epoch: int, promises: Promises) -> Iterator[str]:
    """Yield what is wrong with the keys of one day."""
    try:
        now = fingerprint(authority.epoch_keys(SITE, epoch))
    except DestroyedError:
        if epoch not in promises.destroying:
            yield "lost"
        return
    if epoch in promises.destroyed:
        yield "came back"
    if now != promises.keys.get(epoch, now):
        yield "changed"


def parse_notes(journal: bytes) -> list[Note]:
    """Return the notes of a journal, a cut last line left out."""
    return [json.loads(line) for line in journal.decode().split("\n")[:-1]]
