"""The life of one booth, played once, from the first power to an update that is left again.

``python -m tests.emulated.cut_scenes IMAGE_FOLDER FOLDER`` leaves in the folder the card as it was
flashed (``base.img``), what was done to it (``record``) and which systems it knew
(``systems.json``).
"""

import json
import re
import sys
import time
from pathlib import Path
from typing import Any, Final

from tests.emulated.cut_booth import CutBooth
from tests.emulated.cut_judging import as_object
from tests.emulated.numbered_systems import NumberedSystems, digest

WHOLE: Final = "whole"
"""A file that says that all scenes were played."""

WITH_BROKER: Final = 20
WITHOUT_BROKER: Final = 30
"""Sightings that are waited for."""


class Scenes:
    """Plays them."""

    def __init__(self, image_folder: Path, folder: Path) -> None:
        """Make two updates, and flash a card.

        Args:
            image_folder: Filled by ``scripts/build_image``.
            folder: A short path.
        """
        (squashfs,) = image_folder.glob("edge-lpr-generic-amd64-*.squashfs")
        systems = NumberedSystems(folder / "systems", squashfs, image_folder / "update-keys")
        made = [systems.bundle(number) for number in (1, 2)]
        version = squashfs.stem.rpartition("-")[2]
        known = [{"version": version, **digest(squashfs.read_bytes())}, *(each for _, each in made)]
        (folder / "systems.json").write_text(json.dumps(known, indent=1))
        self._whole = folder / WHOLE
        self._whole.unlink(missing_ok=True)
        self._versions = [str(each["version"]) for each in known]
        self._booth = CutBooth(image_folder, folder, [bundle for bundle, _ in made])

    def play(self) -> None:
        """Play all of them; takes as long as seven starts or so."""
        booth = self._booth
        try:
            booth.begin()
            booth.wait_for_events(lambda events: _sightings(events) > 0)
            self._scene("at work")
            seen = _sightings(booth.events())
            booth.wait_for_events(lambda events: _sightings(events) >= seen + WITH_BROKER)
            self._scene("keys issued anew")
            self._issue_keys()
            self._scene("broker away")
            booth.host.stop_broker()
            booth.wait(lambda said: _unsent(said) >= WITHOUT_BROKER)
            self._scene("broker back")
            booth.host.start_broker()
            booth.wait(lambda said: "broker reached" in said["publisher"] and not _unsent(said))
            self._scene("good update")
            booth.push_update(0)
            booth.wait(lambda said: _attempt(said).get("stage") == "kept")
            booth.wait(lambda said: "broker reached" in said["publisher"])
            self._scene("update without a broker")
            booth.push_update(1)
            booth.wait(lambda said: _is_at(said, self._versions[2], "installed", "judged"))
            booth.host.stop_broker()
            booth.wait(lambda said: _is_at(said, self._versions[2], "left") and not _is_trial(said))
            booth.host.start_broker()
            booth.wait(lambda said: "broker reached" in said["publisher"])
            self._scene("at work again")
            seen = _sightings(booth.events())
            booth.wait_for_events(lambda events: _sightings(events) > seen)
        finally:
            booth.end()
        self._whole.touch()

    def _scene(self, name: str) -> None:
        self._booth.card.mark(scene=name)
        sys.stdout.write(f"{time.strftime('%H:%M:%S')} {name}\n")
        sys.stdout.flush()

    def _issue_keys(self) -> None:
        """Have the booth rewrite its key ring."""
        ring = "sha256sum /var/lib/edge-lpr/tokeniser/key-ring"
        _, before = self._booth.booth.run(ring)
        self._booth.issue_keys()
        self._booth.wait(lambda _: self._booth.booth.run(ring)[1] != before)


def _sightings(events: list[dict[str, Any]]) -> int:
    return sum(event["event"] == "sighting" for event in events)


def _unsent(said: dict[str, str]) -> int:
    found = re.search(r"(\d+) sightings wait", said["publisher"])
    return int(found[1]) if found else 0


def _attempt(said: dict[str, str]) -> dict[str, Any]:
    return as_object(said["attempt"])


def _is_at(said: dict[str, str], version: str, *stages: str) -> bool:
    attempt = _attempt(said)
    return attempt.get("version") == version and attempt["stage"] in stages


def _is_trial(said: dict[str, str]) -> bool:
    return "edge_lpr.trial" in said["cmdline"].split()


if __name__ == "__main__":
    Scenes(Path(sys.argv[1]), Path(sys.argv[2])).play()
