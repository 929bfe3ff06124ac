"""Cuts an emulated booth's power at random moments, and judges what it finds at the next start.

The start that verifies a cut is the start that is cut next. Each cut is a line of JSON in
``rows.jsonl``, and so is what a later start has found: it covers every cut since the one before.
"""

import json
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from edge_lpr.core.errors import EmulationError
from tests.emulated import cut_judging
from tests.emulated.cut_booth import HEALTH, IDENTITY, CutBooth
from tests.emulated.numbered_systems import NumberedSystems, digest

SHARE_UPDATING: Final = 0.4
SHARE_AIMED: Final = 0.4
AIMS: Final = {"installing": 40.0, "installed": 20.0, "judged": 20.0, "kept": 5.0}
"""Moments of an update that are too short to be hit often, and how long after one begins, at most,
the power is cut, in seconds."""

RUNNING_S: Final = 30.0
RUNNING_STARTS: Final = 1.5
"""How long a running booth has power at most: so long, and so many times what a start takes;
together about 90 s on a quiet machine."""

QUIET_START_S: Final = 40.0
"""From power to work on a quiet machine without KVM, until one was seen."""

UPDATE_STARTS: Final = 6.0
"""How many times as long as a start a whole update takes; a guess, until one was seen."""

PATIENCE_S: Final = 2400.0
_FOLLOW: Final = {
    "attempt": "cat /state/update/last-update.json 2>/dev/null",
    "push": "systemctl is-active push.service",
    "said": "tail -n 3 /run/push.txt 2>&1; journalctl -q -o cat --no-pager -n 5 -u push.service",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """When and how one cut happens; the same seed and number give the same plan."""

    number: int
    """From 1."""
    phase: str
    """``running`` or ``updating``."""
    share: float
    """The moment, from 0 to 1 of the time that the phase has."""
    aim: str | None
    """A key of ``AIMS``: ``share`` counts from when an update gets there."""
    is_broker_away: bool
    """Sightings pile up in the outbox before a running booth is cut."""


def plan_of(seed: int, number: int) -> Plan:
    """Draw a cut.

    Args:
        seed: Of the whole run.
        number: Of the cut.
    """
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - moments
    is_updating = chance.random() < SHARE_UPDATING
    is_aimed = is_updating and chance.random() < SHARE_AIMED
    return Plan(
        number=number,
        phase="updating" if is_updating else "running",
        share=chance.random(),
        aim=chance.choice(sorted(AIMS)) if is_aimed else None,
        is_broker_away=not is_updating and chance.random() < 0.5,
    )


class PowerCuts:
    """One run of cuts, over one card."""

    def __init__(self, image_folder: Path, folder: Path, seed: int) -> None:
        """Go on with the folder, or begin it.

        Args:
            image_folder: Filled by ``scripts/build_image``.
            folder: Kept; a short path.
            seed: Of the plans.
        """
        (self._squashfs,) = image_folder.glob("edge-lpr-generic-amd64-*.squashfs")
        self.booth = CutBooth(image_folder, folder)
        self.systems = NumberedSystems(
            folder / "systems", self._squashfs, image_folder / "update-keys"
        )
        self.rows = folder / "rows.jsonl"
        self._seed = seed
        self.problems: list[str] = []
        self._boot_problems: list[str] = []
        self._is_verified = self._trial = self._is_broker_away = False

    def begin(self) -> None:
        """Get the booth to where it can be cut."""
        version = self._squashfs.stem.rpartition("-")[2]
        self.booth.begin({"version": version, **digest(self._squashfs.read_bytes())})
        memory = self.booth.memory
        memory.setdefault("number", 0)
        memory.setdefault("current", {"version": version, "slot": "A"})
        memory.setdefault("target", None)
        memory.setdefault("pending", [])
        memory.setdefault("committed", {})
        memory.setdefault("start_s", QUIET_START_S)
        memory.setdefault("update_starts", UPDATE_STARTS)

    def cut(self) -> None:
        """Do the next one."""
        memory = self.booth.memory
        plan = plan_of(self._seed, memory["number"] + 1)
        self._is_verified = self._trial = False
        if plan.phase == "updating":
            self._lay_bundle()
        self.booth.start()
        where = self._updating(plan) if plan.phase == "updating" else self._running(plan)
        committed = self._ask_outbox() if where["stage"] != "starting" else []
        moment_s = where.pop("moment_s", None) or self.booth.since_power_s
        since_power_s = self.booth.since_power_s
        self.booth.cut_power()
        chance = random.Random(f"{self._seed}/{plan.number}/card")  # noqa: S311 - no key
        loss = self.booth.settle_card(chance)
        if plan.is_broker_away:
            self._broker(is_away=False)
        card = self.booth.card_facts()
        problems = cut_judging.card_problems(card, memory["current"], memory["target"])
        memory["number"] = plan.number
        memory["pending"].append(plan.number)
        memory["card"] = card
        for boot, _, last, _, _ in committed:
            memory["committed"][boot] = last
        self._write(
            {
                "cut": plan.number,
                "phase": plan.phase,
                "aim": plan.aim,
                "at_s": round(moment_s, 1),
                "since_power_s": round(since_power_s, 1),
                **where,
                "answered": self._is_verified,
                "unsent": sum(each[4] or 0 for each in committed),
                "writes": {"waiting": loss.waiting, "lost": loss.lost, "bytes": loss.lost_bytes},
                "card": card,
                "problems": problems,
            }
        )
        self.booth.remember()

    def verify_last(self) -> None:
        """Start once more, for the cuts that no start has verified yet."""
        if self.booth.asks_for_keys():
            self.problems.append("the booth has asked for keys again")
        if not self.booth.memory["pending"]:
            return
        self.booth.start()
        self._must_verify()
        self.booth.cut_power()
        self.booth.remember()

    def _running(self, plan: Plan) -> dict[str, Any]:
        """Wait for the moment; verify on the way, as far as one gets."""
        start_s = self.booth.memory["start_s"]
        moment_s = plan.share * (RUNNING_S + RUNNING_STARTS * start_s)

        def left_s() -> float:
            return float(moment_s) - self.booth.since_power_s

        stage = "starting"
        try:
            if self._verify(left_s):
                stage = "at work"
                if plan.is_broker_away:
                    self._broker(is_away=True)
                    stage = "at work, broker away"
        except EmulationError:
            # The moment has come before the booth answered.
            stage = "starting"
        time.sleep(max(0.0, left_s()))
        return {"stage": stage, "trial": self._trial}

    def _updating(self, plan: Plan) -> dict[str, Any]:
        """Verify, begin an update, and wait for the moment."""
        memory = self.booth.memory
        self._must_verify()
        start_s = memory["start_s"]
        if self._trial:
            # The update of the cut before goes on: the gate is at work.
            time.sleep(plan.share * start_s)
            return {"stage": "judged", "trial": True}
        slot = "B" if memory["current"]["slot"] == "A" else "A"
        version = memory["systems"][-1]["version"]
        memory["target"] = {"version": version, "slot": slot}
        self.booth.remember()
        begin = time.monotonic()
        self.booth.push_update()
        limit_s = memory["update_starts"] * start_s * (4 if plan.aim else plan.share)
        stage = "pushing"
        while (passed_s := time.monotonic() - begin) < limit_s:
            stage, is_over = self._stage(version, stage, min(20.0, limit_s - passed_s + 1))
            if plan.aim is not None and stage == plan.aim:
                time.sleep(AIMS[plan.aim] * plan.share)
                break
            if is_over or stage == "kept":
                break
            time.sleep(min(3.0, max(0.0, limit_s - passed_s)))
        moment_s = time.monotonic() - begin
        if stage == "kept":
            memory["update_starts"] = round(moment_s / start_s, 2)
        return {"stage": stage, "moment_s": moment_s, "trial": stage in ("judged", "kept")}

    def _stage(self, version: str, before: str, patience_s: float) -> tuple[str, bool]:
        """Return how far an update is, and whether it was refused, which it must not be."""
        try:
            answers = self.booth.ask(_FOLLOW, patience_s)
        except EmulationError:
            return ("restarting" if before in ("installed", "restarting") else before), False
        attempt = cut_judging.as_object(answers["attempt"])
        if attempt.get("version") == version and attempt["stage"] != "left":
            return str(attempt["stage"]), False
        if answers["push"].strip() in ("inactive", "failed"):
            self._boot_problems.append(f"the update ended: {answers['said'].strip()[-600:]}")
            return before, True
        return "pushing", False

    def _verify(self, left_s: Callable[[], float]) -> bool:
        """Look at the booth; return whether everything was seen before time was over.

        Raises:
            EmulationError: It did not answer in time.
        """
        memory = self.booth.memory
        identity = self.booth.ask(IDENTITY, left_s())
        answered_s = self.booth.since_power_s
        self._trial = "edge_lpr.trial" in identity["cmdline"].split()
        if not self.booth.is_at_work(left_s()):
            return False
        at_work_s = self.booth.since_power_s
        health = self.booth.ask(HEALTH, max(20.0, left_s()))
        problems = cut_judging.identity_problems(identity | health, memory)
        problems += cut_judging.health_problems(health, memory.setdefault("keys", health["keys"]))
        while missing := cut_judging.missing(memory["committed"], self.booth.events()):
            if left_s() <= 0:
                self._lacking = f"committed and not at the consumer: {missing}"
                self._boot_problems += problems
                return False
            time.sleep(0.5)
        seen = cut_judging.consumer_facts(self.booth.events())
        problems += seen.pop("problems")
        memory["start_s"] = round(at_work_s, 1)
        found = {
            "found": memory["number"] + 1,
            "covers": memory["pending"],
            "version": cut_judging.as_object(identity["image"]).get("version"),
            "slot": cut_judging.slot_of(identity),
            "trial": self._trial,
            "notes": cut_judging.block(health["notes"]),
            "attempt": cut_judging.as_object(health["attempt"]),
            "fsck": re.sub(r"\s+", " ", health["fsck"])[-160:],
            # The rest of it is firmware, GRUB, and the kernel's unpacking.
            "kernel_s": float(identity["up"]),
            "answered_s": round(answered_s, 1),
            "at_work_s": round(at_work_s, 1),
            "committed": sum(memory["committed"].values()),
            "consumer": seen,
            "problems": problems,
        }
        memory["pending"] = []
        self._write(found)
        if not self._trial and memory["target"] is not None:
            is_new = found["version"] == memory["target"]["version"]
            if is_new:
                memory["current"] = memory["target"]
            memory["target"] = None
        self._is_verified = True
        self.booth.remember()
        return True

    def _must_verify(self) -> None:
        """Give a start all the time that it can need; a booth that needs more has not come back."""
        self._lacking = "it is not at work"
        try:
            if self._verify(lambda: PATIENCE_S - self.booth.since_power_s):
                return
        except EmulationError as error:
            self._lacking = str(error)
        number, covers = self.booth.memory["number"] + 1, self.booth.memory["pending"]
        why = f"{self._lacking} after {PATIENCE_S:.0f} s"
        self._write({"found": number, "covers": covers, "problems": [why]})
        pytest.fail(f"{why}\n{self.booth.booth.console()[-3000:]}")

    def _ask_outbox(self) -> list[list[Any]]:
        """Return what the outbox holds, so that it can be missed."""
        try:
            return self.booth.committed(30.0)
        except EmulationError:
            return []

    def _broker(self, *, is_away: bool) -> None:
        if is_away and not self._is_broker_away:
            self.booth.host.stop_broker()
        if not is_away and self._is_broker_away:
            self.booth.host.start_broker()
        self._is_broker_away = is_away

    def _lay_bundle(self) -> None:
        """See to it that the bundle beside the lane is newer than what runs."""
        systems = self.booth.memory["systems"]
        if systems[-1]["version"] != self.booth.memory["current"]["version"]:
            return
        bundle, system = self.systems.bundle(len(systems))
        self.booth.show(bundle)
        systems.append(system)
        self.booth.remember()

    def _write(self, row: dict[str, Any]) -> None:
        if self._boot_problems:
            row["problems"] = [*row["problems"], *self._boot_problems]
            self._boot_problems = []
        self.problems += row["problems"]
        with self.rows.open("a") as file:
            file.write(json.dumps(row) + "\n")
            file.flush()
