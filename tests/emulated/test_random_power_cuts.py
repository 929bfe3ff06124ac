"""Power cuts at random moments of running and updating: ``EDGE_LPR_POWER_CUTS`` of them.

A run of hundreds takes hours where there is no KVM, so it can be stopped and gone on with:

``EDGE_LPR_POWER_CUTS``
    how many there shall be in all, those of earlier runs in the same folder included
``EDGE_LPR_POWER_CUTS_FOLDER``
    a short path where card, agency, keys and rows stay; a temporary one if left out
``EDGE_LPR_POWER_CUTS_SEED``
    draws the moments; printed
``EDGE_LPR_POWER_CUTS_MINUTES``
    after so many no other cut is begun

``EDGE_LPR_IMAGE_FOLDER`` is the folder that ``scripts/build_image`` has filled. A table of what was
found: ``python -m tests.emulated.power_cut_table FOLDER/rows.jsonl``.
"""

import os
import secrets
import tempfile
import time
from pathlib import Path

import pytest

from tests.emulated.power_cut_table import table_of
from tests.emulated.random_cuts import PowerCuts

pytestmark = pytest.mark.emulator

FEW = 6


def test_after_every_power_cut_the_booth_is_old_or_new_and_nothing_committed_is_lost() -> None:
    image_folder = os.environ.get("EDGE_LPR_IMAGE_FOLDER")
    if image_folder is None:
        pytest.fail(
            "EDGE_LPR_IMAGE_FOLDER names no image; scripts/test_image makes one and sets it"
        )
    wanted = int(os.environ.get("EDGE_LPR_POWER_CUTS", FEW))
    seed = int(os.environ.get("EDGE_LPR_POWER_CUTS_SEED", secrets.randbelow(1_000_000)))
    end = time.monotonic() + 60 * float(os.environ.get("EDGE_LPR_POWER_CUTS_MINUTES", "inf"))
    # Not pytest's own folder: sockets have short names.
    with tempfile.TemporaryDirectory(prefix="cuts-") as temporary:
        folder = Path(os.environ.get("EDGE_LPR_POWER_CUTS_FOLDER", temporary))
        print(f"seed {seed}")  # noqa: T201
        cuts = PowerCuts(Path(image_folder), folder, seed)
        try:
            cuts.begin()
            while cuts.booth.memory["number"] < wanted and time.monotonic() < end:
                cuts.cut()
            cuts.verify_last()
        finally:
            cuts.booth.end()
        rows = cuts.rows.read_text().splitlines()
        print(table_of(rows))  # noqa: T201
        assert rows, "no time for a single cut"
        assert cuts.problems == []
