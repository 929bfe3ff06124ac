"""Runs the whole of the vision process over a filmed lane and counts passes read, and invented.

The pipeline is the device's own; only the end differs: consensuses go to a list.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import DataSetError
from edge_lpr.core.log import Log
from edge_lpr.core.settings import SourceSection, VisionSection
from edge_lpr.training.measures import Proportion, edit_distance, fold_shapes
from edge_lpr.vision.capture import open_source
from edge_lpr.vision.contracts import Consensus
from edge_lpr.vision.engine import Engine
from edge_lpr.vision.funnel import Funnel
from edge_lpr.vision.pipeline import Pipeline

MAX_PASSES_FILE_BYTES: Final = 16 * 1024 * 1024
"""Longest label file of passes that is read."""

SLACK_S: Final = 0.5
"""A sighting belongs to a pass from this long before to this long after its labelled frames:
people disagree about the frame in which a plate can first be seen."""

FRAMES_OF_INVENTIONS: Final = 10_000
"""Inventions are given per this many frames."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One vehicle's labelled way through the lane."""

    first: int
    """Index of the first frame in which its plate can be seen."""
    last: int
    """Index of the last one."""
    text: str
    """A-Z0-9, upper case."""


@dataclass(frozen=True, slots=True)
class LabelledFilm:
    """What a film shows."""

    frames: int
    """Number of frames."""
    frame_rate_hz: float
    """Frames a second."""
    passes: tuple[Pass, ...]
    """Every vehicle, in order."""


@dataclass(frozen=True, slots=True)
class SightedPlate:
    """One published sighting, in clear: laboratory only."""

    first: int
    """Index of the first frame of its passage."""
    last: int
    """Index of the last one so far."""
    text: str
    """A-Z0-9, upper case."""


class SightingList:
    """Takes consensuses in place of the tokeniser."""

    def __init__(self) -> None:
        """Begin without any."""
        self.sightings: list[SightedPlate] = []

    def take(self, consensus: Consensus) -> bool:
        """Copy a consensus.

        Args:
            consensus: Lent until return.

        Returns:
            True: it is never full.
        """
        spelled = bytes(PLATE_ALPHABET[index] for index in consensus.class_indices)
        self.sightings.append(
            SightedPlate(consensus.first_frame, consensus.last_frame, spelled.decode("ascii"))
        )
        return True


def load_film_labels(path: Path) -> LabelledFilm:
    """Read the label file of a film.

    Args:
        path: JSON file: ``{"frames": n, "fps": f, "passes": [{"first", "last", "text"}, ...]}``.

    Returns:
        The checked labels.

    Raises:
        DataSetError: The file cannot be read or says something that cannot be.
    """
    try:
        if path.stat().st_size > MAX_PASSES_FILE_BYTES:
            raise DataSetError(f"{path} is longer than {MAX_PASSES_FILE_BYTES} bytes.")
        untrusted: Any = json.loads(path.read_text(encoding="utf-8"))
        film = LabelledFilm(
            frames=int(untrusted["frames"]),
            frame_rate_hz=float(untrusted["fps"]),
            passes=tuple(_pass_from(entry) for entry in untrusted["passes"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataSetError(f"{path} is no label file of passes: {error!r}.") from error
    if film.frames < 1 or film.frame_rate_hz <= 0:
        raise DataSetError(f"{path} needs at least one frame and a positive frame rate.")
    return film


def sight_plates(path: Path, film: LabelledFilm, engine: Engine) -> list[SightedPlate]:
    """Run the vision process over a film.

    Args:
        path: Video file, or folder of frames that sort by name.
        film: Its labels; only the frame rate is used.
        engine: Detector and reader.

    Returns:
        What would have been published, in order.

    Raises:
        FrameSourceError: There is no such film.
        DetectorError: The detector failed again and again.
        ReaderError: The reader failed again and again.
    """
    source = SourceSection(
        kind="folder" if path.is_dir() else "video",
        address=str(path),
        frame_rate_hz=film.frame_rate_hz,
    )
    settings = VisionSection(source=source)
    funnel, log, taken = Funnel(), Log("vision"), SightingList()
    pipeline = Pipeline(engine, taken, settings, funnel=funnel, log=log)
    pipeline.run(open_source(source, clock=SystemClock(), funnel=funnel, log=log))
    return taken.sightings


def passage_measures(
    sightings: Sequence[SightedPlate], film: LabelledFilm
) -> dict[str, Proportion]:
    """Compare what was published with what passed.

    Args:
        sightings: Published sightings, in order.
        film: What the film shows.

    Returns:
        ``read_rate`` over passes (any sighting) and ``read_exactly`` over passes (a right one);
        ``misread_rate``, ``misread_rate_folded``, ``duplicates`` and ``invented`` over
        sightings; ``invented_per_frame`` over frames.
    """
    passes_of = [_pass_of(sighting, film) for sighting in sightings]
    seen: set[int] = set()
    read_exactly: set[int] = set()
    wrong = wrong_folded = duplicates = 0
    for sighting, index in zip(sightings, passes_of, strict=True):
        if index is None:
            continue
        text = film.passes[index].text
        duplicates += index in seen
        seen.add(index)
        read_exactly.update({index} if sighting.text == text else ())
        wrong += sighting.text != text
        wrong_folded += fold_shapes(sighting.text) != fold_shapes(text)
    invented, count = passes_of.count(None), len(sightings)
    return {
        "read_rate": Proportion(len(seen), len(film.passes)),
        "read_exactly": Proportion(len(read_exactly), len(film.passes)),
        "misread_rate": Proportion(wrong, count),
        "misread_rate_folded": Proportion(wrong_folded, count),
        "duplicates": Proportion(duplicates, count),
        "invented": Proportion(invented, count),
        "invented_per_frame": Proportion(invented, film.frames),
    }


def _pass_of(sighting: SightedPlate, film: LabelledFilm) -> int | None:
    """Find the pass a sighting stands for: of those at its time the one most like it."""
    slack = round(SLACK_S * film.frame_rate_hz)
    candidates = [
        (edit_distance(sighting.text, labelled.text), index)
        for index, labelled in enumerate(film.passes)
        if sighting.first <= labelled.last + slack and sighting.last >= labelled.first - slack
    ]
    return min(candidates)[1] if candidates else None


def _pass_from(untrusted: dict[str, Any]) -> Pass:
    """Check one labelled pass."""
    first, last, text = int(untrusted["first"]), int(untrusted["last"]), str(untrusted["text"])
    if not 0 <= first <= last:
        raise ValueError("a pass ends before it begins")
    return Pass(first, last, "".join(c for c in text.upper() if c.isascii() and c.isalnum()))
