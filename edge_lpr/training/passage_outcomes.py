"""Compares sightings with the passages that are known, and counts; by condition and scenario.

Other than ``passage_evaluation.py``, a sighting that resembles no plate of its time is invented
even while some vehicle is there: a sign beside the lane is not that vehicle's plate.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

from edge_lpr.training.figure_tables import Cell
from edge_lpr.training.measures import Proportion, edit_distance, fold_shapes
from edge_lpr.training.passage_evaluation import FRAMES_OF_INVENTIONS, SLACK_S

_MOST_UNLIKE: Final = 0.5
"""Share of a plate's characters that a misreading changes at most; more, and it is invented."""

COLUMNS: Final = (
    "passages",
    "read %",
    "read exactly %",
    "misread %",
    "duplicates %",
    "invented / 10,000 frames",
    "direction right %",
    "single frames right %",
    "sightings right %",
    "gain of voting, points",
)
"""Headings of the tables, without that of the rows' names. Texts are compared with O = 0 and
I = 1, as many countries letter them; shares have 95 % intervals."""

NOT_GIVEN: Final = "not given"


@dataclass(frozen=True, slots=True, repr=False)
class KnownPassage:
    """The truth about one plate's passage. No ``repr``: it holds the plate."""

    text: str
    """A-Z and 0-9."""
    first_seen: int
    """First frame in which the vehicle is there."""
    last_seen: int
    """Last one."""
    first_readable: int
    """First frame in which the plate can be read."""
    last_readable: int
    """Last one."""
    direction: str
    """``in``, ``out``, or ``unknown`` where neither is right."""
    row: str
    """Row of the tables that it counts in."""
    is_counted: bool = True
    """False where a passage is only known so that its sightings are not taken for inventions."""


@dataclass(frozen=True, slots=True, repr=False)
class Sighted:
    """One published sighting, in clear: laboratory only. No ``repr``: it holds the plate."""

    first: int
    """First frame of its passage."""
    last: int
    """Last one so far."""
    text: str
    """A-Z and 0-9."""
    direction: str | None
    """What the pipeline says; None where it does not."""


@dataclass(frozen=True, slots=True, repr=False)
class SingleReading:
    """What was read in one frame. No ``repr``: it holds the plate."""

    frame: int
    """Number of the frame."""
    text: str
    """A-Z and 0-9."""


@dataclass(slots=True)
class PassageTally:
    """Counts over some passages."""

    passages: int = 0
    """How many there were."""
    read: int = 0
    """Those with a sighting."""
    read_exactly: int = 0
    """Those with a right one."""
    sightings: int = 0
    """Sightings of a passage."""
    wrong: int = 0
    """Those that are wrong."""
    wrong_strictly: int = 0
    """Those that are wrong where O is not 0 and I is not 1."""
    duplicates: int = 0
    """Those of a passage that had one already."""
    invented: int = 0
    """Sightings that resemble no plate that was there."""
    frames: int = 0
    """Frames that were looked at."""
    directions: int = 0
    """Sightings with a direction, of passages that have one."""
    directions_right: int = 0
    """Those with the right one."""
    singles: int = 0
    """Readings of single frames while a plate could be read."""
    singles_right: int = 0
    """Those that are right."""

    def add(self, other: "PassageTally") -> None:
        """Add what was counted elsewhere.

        Args:
            other: Counts over other passages. Not modified.
        """
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    def cells(self, *, knows_all: bool = True) -> list[Cell]:
        """Return a row of the table.

        Args:
            knows_all: False where vehicles without a label drive by, so that nobody knows what is
                invented.

        Returns:
            One cell for each of ``COLUMNS``.
        """
        single = Proportion(self.singles_right, self.singles)
        voted = Proportion(self.sightings - self.wrong, self.sightings)
        per_frame = Proportion(self.invented, self.frames)
        low, high = (FRAMES_OF_INVENTIONS * end for end in per_frame.interval)
        invented = f"{FRAMES_OF_INVENTIONS * per_frame.share:.2f} [{low:.2f}, {high:.2f}]"
        gain = f"{100 * (voted.share - single.share):+.1f}" if single.total and voted.total else "-"
        return [
            self.passages,
            Proportion(self.read, self.passages),
            Proportion(self.read_exactly, self.passages),
            Proportion(self.wrong, self.sightings),
            Proportion(self.duplicates, self.sightings),
            invented if knows_all and self.frames else "not known",
            Proportion(self.directions_right, self.directions) if self.directions else NOT_GIVEN,
            single,
            voted,
            gain,
        ]


def tally_passages(
    passages: Sequence[KnownPassage],
    sightings: Sequence[Sighted],
    singles: Sequence[SingleReading],
    *,
    rows_of_frames: Sequence[str],
    frame_rate_hz: float,
) -> dict[str, PassageTally]:
    """Count what became of the passages of one stretch of frames.

    Args:
        passages: What is known.
        sightings: What was published, in order.
        singles: What single frames were read as.
        rows_of_frames: Row of the table that each frame belongs to; inventions count there.
        frame_rate_hz: Frames a second.

    Returns:
        Counts by row.
    """
    slack = round(SLACK_S * frame_rate_hz)
    tallies = {row: PassageTally() for row in {*rows_of_frames, *(p.row for p in passages)}}
    for row in rows_of_frames:
        tallies[row].frames += 1
    for passage in passages:
        tallies[passage.row].passages += passage.is_counted
    seen: set[int] = set()
    right: set[int] = set()
    for sighting in sightings:
        index = passage_of(sighting, passages, slack)
        if index is None:
            place = min(max(0, sighting.first), len(rows_of_frames) - 1)
            tallies[rows_of_frames[place]].invented += 1
        elif passages[index].is_counted:
            _count_sighting(sighting, index, passages[index], tallies, (seen, right))
    for single in singles:
        _count_single(single, passages, tallies)
    return tallies


def passage_of(sighting: Sighted, passages: Sequence[KnownPassage], slack: int) -> int | None:
    """Find the passage a sighting stands for: of those of its time the one most like it.

    Args:
        sighting: The sighting.
        passages: What is known.
        slack: Frames before and after a passage that still belong to it.

    Returns:
        Its index; None if there is none that it resembles.
    """
    text = fold_shapes(sighting.text)
    candidates = [
        (edit_distance(text, fold_shapes(passage.text)), index)
        for index, passage in enumerate(passages)
        if sighting.first <= passage.last_seen + slack
        and sighting.last >= passage.first_seen - slack
    ]
    if not candidates:
        return None
    distance, index = min(candidates)
    longest = max(len(text), len(passages[index].text))
    return index if distance <= _MOST_UNLIKE * longest else None


def _count_sighting(
    sighting: Sighted,
    index: int,
    passage: KnownPassage,
    tallies: dict[str, PassageTally],
    found: tuple[set[int], set[int]],
) -> None:
    """Count one sighting of a known passage."""
    tally, (seen, right) = tallies[passage.row], found
    is_right = fold_shapes(sighting.text) == fold_shapes(passage.text)
    tally.sightings += 1
    tally.duplicates += index in seen
    tally.read += index not in seen
    tally.read_exactly += is_right and index not in right
    tally.wrong += not is_right
    tally.wrong_strictly += sighting.text != passage.text
    seen.add(index)
    right.update({index} if is_right else ())
    if sighting.direction is not None and passage.direction != "unknown":
        tally.directions += 1
        tally.directions_right += sighting.direction == passage.direction


def _count_single(
    single: SingleReading, passages: Sequence[KnownPassage], tallies: dict[str, PassageTally]
) -> None:
    """Count one reading of a frame in which a plate can be read."""
    there = [
        (edit_distance(fold_shapes(single.text), fold_shapes(passage.text)), passage.row)
        for passage in passages
        if passage.is_counted and passage.first_readable <= single.frame <= passage.last_readable
    ]
    if there:
        distance, row = min(there)
        tallies[row].singles += 1
        tallies[row].singles_right += distance == 0
