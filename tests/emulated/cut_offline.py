"""Judges a card as a power cut leaves it, without starting it: what is on it, and what a start
would make of it.
"""

import hashlib
import json
import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from edge_lpr.core.errors import EmulationError
from edge_lpr.emulation.disk import read_from_boot_partition, run_tool
from tests.emulated.cut_judging import block, card_problems, fat_complaints, state_problems
from tests.emulated.cut_record import ForgetfulCard, Loss, Record
from tests.emulated.cut_start import Found, start_from
from tests.emulated.cut_state import (
    HEADER_BYTES,
    Luks,
    LuksError,
    Partition,
    PlainState,
    check_file_system,
    partitions,
    take_out,
)
from tests.emulated.cut_story import Story

KEY_FILE: Final = "state.key"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one cut."""

    loss: Loss
    card: dict[str, Any]
    """``notes``, ``spare``, ``slots``, ``boot``: see ``cut_judging.card_problems``."""
    starts: dict[str, str]
    """``version`` and ``slot`` of what would be started, and whether it is a ``trial``."""
    found: Found
    problems: list[str]


class Spoil:
    """What a self-check does to a card before it is judged; here, nothing."""

    def card(self, card: Path, places: dict[str, Partition]) -> None:
        """Change the card."""

    def state(self, folder: Path) -> None:
        """Change what was taken out of its state."""


class OfflineJudge:
    """Goes through one record, from cut to cut."""

    def __init__(self, recording: Path, folder: Path, *, is_liar: bool = False) -> None:
        """Begin with the card as it was flashed.

        Args:
            recording: Folder of ``cut_scenes.py``.
            folder: For everything; made anew.
            is_liar: The card answers a flush and does nothing.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.flash = folder / "flash.img"
        run_tool("cp", "--sparse=always", str(recording / "base.img"), str(self.flash))
        self.record = Record(recording / "record")
        self.card = ForgetfulCard(self.record, self.flash, is_liar=is_liar)
        boot = partitions(self.flash)["boot"]
        # Version, sha256 and bytes of all that there are.
        self._systems: list[dict[str, Any]] = json.loads((recording / "systems.json").read_text())
        versions = [str(each["version"]) for each in self._systems]
        self.story = Story(self.record, recording / "base.img", boot, versions)
        self._folder = folder
        self._plain: PlainState | None = None
        self._decrypted = 0
        self._spoil = Spoil()
        self._keys: set[str] = set()
        self._found: dict[str, tuple[int, Any]] = {}

    def judge(
        self,
        place: int,
        chance: random.Random,
        share: float | None = None,
        *,
        keep: Path | None = None,
        spoil: Spoil | None = None,
    ) -> Verdict:
        """Cut the power before an entry, and look.

        Args:
            place: Number of the entry; not before that of the last call.
            chance: Draws what is lost.
            share: How much survives, from 0 to 1; ``None`` draws that, too.
            keep: Where a copy of the card goes, if anywhere.
            spoil: Does what no card of ours would, to show that it is found; the last call.
        """
        for scene in self.story.scenes:
            if self.card.place < scene <= place:
                # Played scenes begin when the one before is over, so these keys are the ones.
                self._keys = {self._whole(scene).keys}
        whole = self._whole(place)
        self._keys.add(whole.keys)
        with self.card.after_power_cut(chance, share) as loss:
            if keep is not None:
                run_tool("cp", "--sparse=always", str(self.flash), str(keep))
            if spoil is not None:
                self._spoil = spoil
                self._found.clear()
                spoil.card(self.flash, self._partitions())
            return self._verdict(place, loss, whole)

    def _whole(self, place: int) -> Found:
        """Go on to an entry, and return what a kinder card would hold: nothing is lost."""
        self.card.go_to(place)
        with self.card.after_power_cut(random.Random(0), 1.0):  # noqa: S311 - no key
            return self._state()[0] or Found()

    def close(self) -> None:
        """Close what is open."""
        self.card.close()
        self.record.close()

    def _verdict(self, place: int, loss: Loss, whole: Found) -> Verdict:
        promised = self.story.promises(place)
        try:
            card = self._card_facts()
        except EmulationError as error:
            return Verdict(loss, {}, {}, Found(), [f"the card cannot be read: {error}"])
        problems = card_problems(card, promised.current, promised.target)
        found, wrong = self._state()
        problems += wrong
        if found is None:
            problems += ["the state is not there"] * promised.is_enrolled
        else:
            problems += found.problems + state_problems(found, whole, promised)
            if promised.is_enrolled and found.keys not in self._keys:
                problems.append(f"keys {found.keys}, which are neither of {self._keys}")
        return Verdict(loss, card, _start_of(card), found or Found(), problems)

    def _card_facts(self) -> dict[str, Any]:
        """Return what a card reader sees.

        Returns:
            ``notes`` and ``spare``: GRUB's two blocks as dictionaries, empty for a torn one;
            ``slots``: the version of the whole system that lies in each that is named, by its
            digest, or ``None``; ``boot``: what the check of the boot partition says.
        """
        places = self._partitions()
        boot = places["boot"]
        notes = self._known("notes", boot, lambda: block(self._read("grub/grubenv")))
        spare = self._known("spare", boot, lambda: block(self._read("grub/grubenv.spare")))
        named = set(" ".join([*notes.values(), *spare.values()]).split()) & {"A", "B"}
        slots = {slot: self._system_in(places, slot) for slot in sorted(named)}
        checked = self._known("boot", boot, lambda: self._check_boot(boot))
        return {"notes": notes, "spare": spare, "slots": slots, "boot": checked}

    def _partitions(self) -> dict[str, Partition]:
        """Return the card's partitions, by the first of its tables that is whole."""
        return self._known("table", Partition(0, 1 << 20), lambda: partitions(self.flash))

    def _known(self, name: str, part: Partition, find: Callable[[], _T]) -> _T:
        """Return what was found before, unless that part of the card has changed since."""
        number, known = self._found.get(name, (0, None))
        if name not in self._found or self.card.touched_since(number, part.start, part.size):
            known = find()
            self._found[name] = len(self.card.touched), known
        return known  # type: ignore[no-any-return]

    def _state(self) -> tuple[Found | None, list[str]]:
        """Return what a start finds on the state, ``None`` where there is none; and what is wrong.

        As ``open-state`` does it: without a partition, one is made, and nothing is lost by that.
        """
        place = self._partitions().get("state")
        if place is None:
            return None, []
        return self._known("state", place, lambda: self._look_into(place))

    def _look_into(self, place: Partition) -> tuple[Found | None, list[str]]:
        header = Partition(place.start, HEADER_BYTES)
        boot = self._partitions()["boot"]
        try:
            key = self._known("key", boot, lambda: read_from_boot_partition(self.flash, KEY_FILE))
            name = f"luks {hashlib.sha256(key).hexdigest()}"
            luks = self._known(name, header, lambda: self._open(place, key))
        except (LuksError, EmulationError) as error:
            return None, [f"the state cannot be opened: {error}"]
        if self._plain is None or self._plain.luks != luks:
            self._plain = PlainState(luks, place, self._folder / "plain.img")
            self._decrypted = 0
        with self.flash.open("rb") as card:
            self._plain.follow(card, self.card.touched[self._decrypted :])
        self._decrypted = len(self.card.touched)
        copy = self._folder / "state.img"
        self._plain.copy_to(copy)
        problems = check_file_system(copy)
        take_out(copy, self._folder / "state")
        self._spoil.state(self._folder / "state")
        return start_from(self._folder / "state"), problems

    def _open(self, place: Partition, key: bytes) -> Luks:
        with self.flash.open("rb") as card:
            return Luks.open(card, place, key, self._folder)

    def _read(self, name: str) -> str:
        return read_from_boot_partition(self.flash, name).decode("ascii", "replace")

    def _system_in(self, places: dict[str, Partition], slot: str) -> str | None:
        place = places.get(f"system-{slot.lower()}")
        return None if place is None else self._known(slot, place, lambda: self._hashed(place))

    def _hashed(self, place: Partition) -> str | None:
        """Return the version of the whole system that lies there, if one does."""
        with self.flash.open("rb") as card:
            for system in self._systems:
                card.seek(place.start)
                content = card.read(int(system["bytes"]))
                if hashlib.sha256(content).hexdigest() == system["sha256"]:
                    return str(system["version"])
        return None

    def _check_boot(self, place: Partition) -> str:
        """Return what fsck.vfat complains of, but for what a booth that is off always has."""
        copy = self._folder / "boot.img"
        with self.flash.open("rb") as card:
            card.seek(place.start)
            copy.write_bytes(card.read(place.size))
        done = subprocess.run(
            ["/usr/sbin/fsck.vfat", "-n", str(copy)], capture_output=True, text=True, check=False
        )
        return "; ".join(fat_complaints(done.stdout))


def _start_of(card: dict[str, Any]) -> dict[str, str]:
    """Return what GRUB would start, by ``firmware_config/image/grub.cfg``."""
    notes, spare = card["notes"], card["spare"]
    order = (notes.get("ORDER") or spare.get("ORDER") or "A B").split()
    trial = notes.get("TRIAL", "")
    slot = trial or order[0]
    return {
        "slot": slot,
        "version": str(card["slots"].get(slot)),
        "trial": "yes" if trial else "no",
    }
