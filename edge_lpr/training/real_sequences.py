"""Puts the photographs of a data folder that are frames of films back into order.

Two collections are films: the Romanian dashcam, whose rows say ``#t=`` and a second, and a camera
above an Indian highway, whose pictures are numbered. Both are photographs that a person chose and
labelled, about one a second and a few a second; most of their vehicles were trained on, and the
tables say so.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from edge_lpr.core.settings import VisionSection
from edge_lpr.training.dataset import SceneRow, load_scenes
from edge_lpr.training.passage_outcomes import KnownPassage
from edge_lpr.training.pictures import read_picture
from edge_lpr.vision.contracts import NANOSECONDS, Frame

_DASHCAM: Final = "romania_rl"
_HIGHWAY: Final = "alwyn_in"
_SECOND: Final = re.compile(r"([^/]+)#t=(\d+)")
_NUMBERED: Final = re.compile(r"_(\d+)\.jpg$")

_HIGHWAY_HZ: Final = 5.0
"""Rate of the highway camera's pictures: plates move 30 to 50 px from one to the next."""

_SAME_PASSAGE_S: Final = 10.0
"""A plate that was not labelled for longer is back, and passes again."""

_GAP_S: Final = 3.0
"""What ``passage_gap_s`` must be for films of one frame a second."""

_FEWEST_FRAMES: Final = 2
"""A vote needs as many; passages with fewer are known, but not counted."""

_NARROWEST_PX: Final = 40.0
"""Narrower plates are not read, by the device's settings."""


@dataclass(frozen=True, slots=True)
class RealSequence:
    """One film."""

    rows: tuple[SceneRow, ...]
    """Its frames, in order."""
    times_s: tuple[float, ...]
    """When each was taken."""
    passages: tuple[KnownPassage, ...]
    """Vehicles whose plates are labelled."""
    rows_of_frames: tuple[str, ...]
    """Row of the table that each frame belongs to."""
    gap_s: float
    """After this long without a plate its passage is over, as the film's frames come."""

    def frames(self, pictures: Path) -> Iterator[Frame]:
        """Read its frames.

        Args:
            pictures: Folder that the rows' pictures lie in.

        Yields:
            Frames in order, on the film's own timeline.

        Raises:
            DataSetError: A picture cannot be read.
        """
        for index, (row, time_s) in enumerate(zip(self.rows, self.times_s, strict=True)):
            picture = read_picture(pictures / row.image)
            yield Frame(picture, index, round(time_s * NANOSECONDS))

    def settings(self, usual: VisionSection) -> VisionSection:
        """Return the device's settings with times that fit the film: its rate, its passages."""
        times = {"passage_gap_s": self.gap_s, "repeat_window_s": _SAME_PASSAGE_S}
        return usual.model_copy(update=times)


def load_real_sequences(data: Path) -> list[RealSequence]:
    """Find the films of a data folder.

    Args:
        data: Folder of ``scenes-train.jsonl`` and ``scenes-val.jsonl``; either may be missing.

    Returns:
        Films in the order of their names.

    Raises:
        DataSetError: A label file is damaged.
    """
    films: dict[tuple[str, str], list[tuple[float, SceneRow, str]]] = defaultdict(list)
    for split, seen in (("train", "trained on"), ("val", "held out")):
        path = data / f"scenes-{split}.jsonl"
        for row in load_scenes(path) if path.is_file() else []:
            placed = _place(row)
            if placed is not None:
                film, time_s = placed
                films[row.table, film].append((time_s, row, seen))
    return [_sequence(table, frames) for (table, _), frames in sorted(films.items())]


def _place(row: SceneRow) -> tuple[str, float] | None:
    """Say which film a photograph is from and when it was taken, if from any."""
    second = _SECOND.search(row.source)
    if row.table == _DASHCAM and second:
        return second[1], float(second[2])
    number = _NUMBERED.search(row.source)
    if row.table == _HIGHWAY and number:
        return _HIGHWAY, float(number[1]) / _HIGHWAY_HZ
    return None


def _sequence(table: str, frames: list[tuple[float, SceneRow, str]]) -> RealSequence:
    """Put a film's frames into order, and find its passages."""
    frames.sort(key=lambda frame: (frame[0], frame[1].image))
    name = {_DASHCAM: "Romanian dashcam", _HIGHWAY: "highway camera alwyn_in"}[table]
    times = tuple(time_s for time_s, _, _ in frames)
    seen = tuple(f"{name}, {trained}" for _, _, trained in frames)
    rows = tuple(row for _, row, _ in frames)
    return RealSequence(
        rows=rows,
        times_s=times,
        passages=tuple(_passages(rows, times, seen)),
        rows_of_frames=seen,
        gap_s=_GAP_S if table == _DASHCAM else 1.0,
    )


def _passages(
    rows: Sequence[SceneRow], times_s: Sequence[float], names: Sequence[str]
) -> Iterable[KnownPassage]:
    """Find where each labelled plate comes and goes."""
    places: dict[str, list[list[int]]] = defaultdict(list)
    for index, row in enumerate(rows):
        for text in {plate.text for plate in row.plates if plate.text is not None}:
            stretches = places[text]
            if not stretches or times_s[index] - times_s[stretches[-1][-1]] > _SAME_PASSAGE_S:
                stretches.append([])
            stretches[-1].append(index)
    for text, stretches in places.items():
        for stretch in stretches:
            wide = [index for index in stretch if _width_px(rows[index], text) >= _NARROWEST_PX]
            known = KnownPassage(
                text=text,
                first_seen=stretch[0],
                last_seen=stretch[-1],
                first_readable=stretch[0],
                last_readable=stretch[-1],
                direction="unknown",
                row=names[stretch[0]],
            )
            yield replace(known, is_counted=len(wide) >= _FEWEST_FRAMES)


def _width_px(row: SceneRow, text: str) -> float:
    """Return how wide a plate is in a photograph."""
    return max(plate.box_xywh[2] for plate in row.plates if plate.text == text)
