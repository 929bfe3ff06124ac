"""Power cuts at random places of a booth's life, each judged offline, and some of them started.

One emulated booth is played once on a card that writes everything down (``cut_scenes.py``); the
card after a power cut at any place is then put together from the record.

``EDGE_LPR_POWER_CUTS``
    how many there shall be
``EDGE_LPR_POWER_CUTS_SEED``
    draws the places and what is lost; printed
``EDGE_LPR_POWER_CUTS_FOLDER``
    a short path; a recording that lies there is used again, and rows and recording stay
``EDGE_LPR_POWER_STARTS``
    how many of the cards are started

``EDGE_LPR_IMAGE_FOLDER`` is the folder that ``scripts/build_image`` has filled. A table of what was
found: ``python -m tests.emulated.power_cut_table FOLDER/cuts/rows.jsonl``.
"""

import os
import random
import secrets
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.emulated.cut_offline import OfflineJudge, Spoil, Verdict
from tests.emulated.cut_sample import choose, start_some
from tests.emulated.cut_scenes import WHOLE, Scenes
from tests.emulated.cut_state import Partition
from tests.emulated.power_cut_table import table_of
from tests.emulated.random_cuts import PowerCuts, write_rows

pytestmark = pytest.mark.emulator

CUTS: Final = 250
STARTS: Final = 5


class Campaign:
    """A recording, its cuts and their rows."""

    def __init__(self, image_folder: Path, folder: Path) -> None:
        if not (folder / WHOLE).exists():
            Scenes(image_folder, folder).play()
        seed = int(os.environ.get("EDGE_LPR_POWER_CUTS_SEED", secrets.randbelow(1_000_000)))
        print(f"seed {seed}")  # noqa: T201
        number = int(os.environ.get("EDGE_LPR_POWER_CUTS", CUTS))
        self.recording = folder
        self.folder = folder / "cuts"
        self.file = self.folder / "rows.jsonl"
        self.rows = write_rows(
            PowerCuts(folder, self.folder, number, seed), self.file, sys.stdout.write
        )

    def judge(self, *, is_liar: bool = False) -> OfflineJudge:
        """Return a judge before the first entry, with a folder of its own."""
        return OfflineJudge(self.recording, self.folder / "check", is_liar=is_liar)

    def spoiled(self, row: dict[str, Any], spoil: Spoil) -> Verdict:
        """Judge one cut again, with something done to its card that must be found."""
        judge = self.judge()
        chance = random.Random(1)  # noqa: S311 - no key
        verdict = judge.judge(row["place"], chance, spoil=spoil)
        judge.close()
        return verdict

    def last_of(self, phase: str) -> dict[str, Any]:
        """Return the row of the last cut of a phase."""
        return [row for row in self.rows if row["phase"] == phase][-1]


@pytest.fixture(scope="module")
def campaign() -> Iterator[Campaign]:
    image_folder = os.environ.get("EDGE_LPR_IMAGE_FOLDER")
    if image_folder is None:
        pytest.fail(
            "EDGE_LPR_IMAGE_FOLDER names no image; scripts/test_image makes one and sets it"
        )
    # Not pytest's own folder: sockets have short names.
    with tempfile.TemporaryDirectory(prefix="cuts-") as temporary:
        folder = Path(os.environ.get("EDGE_LPR_POWER_CUTS_FOLDER", temporary))
        made = Campaign(Path(image_folder), folder)
        yield made
        print(table_of(made.file.read_text().splitlines()))  # noqa: T201


def test_after_every_power_cut_the_booth_is_old_or_new_and_nothing_committed_is_lost(
    campaign: Campaign,
) -> None:
    assert campaign.rows
    assert [(row["cut"], row["problems"]) for row in campaign.rows if row["problems"]] == []


def test_a_card_that_lies_about_flushes_is_found(campaign: Campaign) -> None:
    judge = campaign.judge(is_liar=True)
    found: dict[str, list[str]] = {}
    rows = [campaign.last_of(phase) for phase in ("broker away", "trial", "kept")]
    for row in sorted(rows, key=lambda row: int(row["place"])):
        chance = random.Random(1)  # noqa: S311 - no key
        found[row["phase"]] = judge.judge(row["place"], chance, 0.0).problems
    judge.close()
    assert all(found.values()), found


class MixedSlot(Spoil):
    """One byte of another system in the slot that would be started."""

    def __init__(self, slot: str) -> None:
        self._name = f"system-{slot.lower()}"

    def card(self, card: Path, places: dict[str, Partition]) -> None:
        place = places[self._name].start + 100_000_000
        with card.open("r+b") as file:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 1]))


class LostCommit(Spoil):
    """The outbox without the sighting before the newest."""

    def state(self, folder: Path) -> None:
        outbox = sqlite3.connect(folder / "var-lib-edge-lpr/publisher/outbox.sqlite3")
        outbox.execute("DELETE FROM sighting WHERE place = (SELECT max(place) - 1 FROM sighting)")
        outbox.commit()
        outbox.close()


def test_one_byte_of_another_system_is_found(campaign: Campaign) -> None:
    row = campaign.last_of("at work")
    verdict = campaign.spoiled(row, MixedSlot(row["starts"]["slot"]))
    assert any("holds no whole system" in each for each in verdict.problems), verdict


def test_a_lost_commit_is_found(campaign: Campaign) -> None:
    verdict = campaign.spoiled(campaign.last_of("broker away"), LostCommit())
    assert any("were committed" in each for each in verdict.problems), verdict


def test_a_start_agrees_with_the_verdict(campaign: Campaign) -> None:
    starts = int(os.environ.get("EDGE_LPR_POWER_STARTS", STARTS))
    numbers = choose(campaign.rows, starts)
    found = list(start_some(campaign.recording, campaign.folder, campaign.rows, numbers))
    assert found
    assert [(each["booted"], each["problems"]) for each in found if each["problems"]] == []
