"""What the aim page is shown, as it leaves vision: where plates pass, gauges, counters, a sketch.

::

    bytes  content
        4  "LPRA"
        1  version, 1
        2  width of the frame in pixels
        2  height of the frame in pixels
        4  fingerprint of the lanes in force
       16  8 gauges of 2 bytes, in the order of ``GAUGES``, each plus 1000; 65535: not known
      208  26 counters of 8 bytes, in the order of ``VISION_COUNTERS``
        1  number of outlines, 0 to 4
      4 n  outlines: across, down, place of the width in ``WIDTHS``, tilt plus 6 (16 more if tall)
        2  columns and rows of the sketch; 0, 0: there is none
        …  its cells row by row, two of 4 bits a byte; 0: not known, 1 (black) to 15 (white)

Big-endian. An outline stands on a grid of 64 by 64, and coarser for a larger plate: nowhere finer
than a quarter of its width rounds up to, so that it says where a plate was and how large, and
nothing of what is written on it. All of it is checked at either end, so that a hostile vision can
say numbers in these ranges and nothing else; how many a session is the keeper's to bound
(``edge_lpr/aim/keeper.py``).
"""

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from edge_lpr.core.errors import HandoffError
from edge_lpr.core.settings import LaneSection
from edge_lpr.core.vision_counts import VISION_COUNTERS

MAXIMUM_OUTLINES: Final = 4
"""In one frame of a second: as many as lanes show; the newest are told."""

MAXIMUM_CELLS: Final = 32
"""Columns or rows of a sketch at most."""

GRID: Final = 64
"""Steps of a picture's width, and of its height."""

WIDTHS: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
"""Widths that an outline may have, in steps of the picture's width: half an octave apart."""

MAXIMUM_TILT: Final = 6
"""Steps of five degrees, to either side."""

MAXIMUM_FRAME_BYTES: Final = 1024
"""More than the longest frame has."""

Gauge = Literal[
    "plate_width_px",
    "focus_percent",
    "blur_percent",
    "brightness_percent",
    "glare_percent",
    "roll_deg",
    "slant_deg",
    "plates",
]
GAUGES: Final[tuple[Gauge, ...]] = get_args(Gauge)
"""In the order of the message."""

GAUGE_RANGES: Final[Mapping[Gauge, range]] = {
    "plate_width_px": range(0, 2001, 5),
    "focus_percent": range(0, 201, 10),
    "blur_percent": range(0, 101, 10),
    "brightness_percent": range(0, 101, 10),
    "glare_percent": range(0, 101, 10),
    "roll_deg": range(-90, 91, 2),
    "slant_deg": range(-90, 91, 2),
    "plates": range(1001),
}
"""What each may say: coarse, because how bright and how steep a plate's strokes are hangs on its
text a little, and a technician needs no more."""

_HEAD: Final = struct.Struct(f">4sBHHI{len(GAUGES)}H{len(VISION_COUNTERS)}QB")
_OUTLINE: Final = struct.Struct(">4B")
_MAGIC: Final = b"LPRA"
_VERSION: Final = 1
_NOT_KNOWN: Final = 0xFFFF
_OFFSET: Final = 1000
_TALL: Final = 16
_LARGEST_PX: Final = 0xFFFF
_MAXIMUM_COUNT: Final = 990_000_000_000_000
_BRIGHTEST: Final = 15


def step_of(width: int) -> int:
    """Return how many steps of the grid apart the places of a plate of some width are.

    Args:
        width: One of ``WIDTHS``.

    Returns:
        The smallest power of two that is at least a quarter of the width: 1 to 16.
    """
    return 1 << (-(-width // 4) - 1).bit_length()


@dataclass(frozen=True, slots=True)
class Outline:
    """Where a plate was, and how large.

    Raises:
        HandoffError: Something is out of range, or finer than it may be.
    """

    across: int
    """Its middle, in steps of the picture's width, 0 to 64, a multiple of ``step_of(width)``."""
    down: int
    """Likewise in steps of the picture's height."""
    width: int
    """One of ``WIDTHS``, in steps of the picture's width."""
    tilt: int
    """How far it is turned clockwise, in steps of five degrees."""
    is_tall: bool
    """Whether it is nearer to two lines of text than to one."""

    def __post_init__(self) -> None:
        """Check everything, at either end."""
        if self.width not in WIDTHS or abs(self.tilt) > MAXIMUM_TILT:
            raise HandoffError("an outline's width or tilt is none that it may have")
        places = range(0, GRID + 1, step_of(self.width))
        if self.across not in places or self.down not in places:
            raise HandoffError("an outline's place is out of range, or finer than it may be")


@dataclass(frozen=True, slots=True)
class Sketch:
    """The empty lane in cells of a few greys.

    Raises:
        HandoffError: Size or a cell is out of range.
    """

    columns: int
    """1 to ``MAXIMUM_CELLS``."""
    rows: int
    """Likewise."""
    cells: bytes
    """Row by row, one a byte: 0 for not known, 1 (black) to 15 (white)."""

    def __post_init__(self) -> None:
        """Check everything, at either end."""
        sizes = range(1, MAXIMUM_CELLS + 1)
        if self.columns not in sizes or self.rows not in sizes:
            raise HandoffError(f"a sketch has 1 to {MAXIMUM_CELLS} columns and rows")
        if len(self.cells) != self.columns * self.rows or max(self.cells) > _BRIGHTEST:
            raise HandoffError("a sketch's cells are too few, too many or out of range")


@dataclass(frozen=True, slots=True)
class AimFrame:
    """All that the aim page learns from vision at one time.

    Raises:
        HandoffError: Something is missing, unknown or out of range.
    """

    width_px: int
    """Of the camera's frame; 0 before the first one."""
    height_px: int
    """Likewise."""
    lanes_fingerprint: int
    """``lanes_fingerprint`` of the lanes that this vision process works with."""
    gauges: Mapping[Gauge, int]
    """What is known of them, in the units of their names."""
    counters: Mapping[str, int]
    """By the names of ``VISION_COUNTERS``, all of them, since the process's start."""
    outlines: tuple[Outline, ...] = ()
    """Plates seen since the last question, at most ``MAXIMUM_OUTLINES``."""
    sketch: Sketch | None = None
    """The empty lane, once a session."""

    def __post_init__(self) -> None:
        """Check everything, at either end."""
        if not (0 <= self.width_px <= _LARGEST_PX and 0 <= self.height_px <= _LARGEST_PX):
            raise HandoffError(f"a frame has at most {_LARGEST_PX} pixels each way")
        if not 0 <= self.lanes_fingerprint < 1 << 32:
            raise HandoffError("a fingerprint of lanes has 32 bits")
        if any(value not in GAUGE_RANGES.get(name, ()) for name, value in self.gauges.items()):
            raise HandoffError("a gauge is unknown, out of range or finer than it may be")
        if set(self.counters) != set(VISION_COUNTERS):
            raise HandoffError("an aim frame needs each counter of vision once, and no other")
        if not all(0 <= number <= _MAXIMUM_COUNT for number in self.counters.values()):
            raise HandoffError(f"a counter of vision must be 0 to {_MAXIMUM_COUNT}")
        if len(self.outlines) > MAXIMUM_OUTLINES:
            raise HandoffError(f"an aim frame has at most {MAXIMUM_OUTLINES} outlines")


def lanes_fingerprint(lanes: Sequence[LaneSection]) -> int:
    """Return 32 bits by which two processes notice that they work with the same lanes.

    Args:
        lanes: As the settings have them.
    """
    text = json.dumps([lane.model_dump(mode="json") for lane in lanes], sort_keys=True)
    return zlib.crc32(text.encode("ascii"))


def pack_aim_frame(frame: AimFrame) -> bytes:
    """Return a frame as it crosses, at most ``MAXIMUM_FRAME_BYTES``.

    Args:
        frame: What to say.
    """
    gauges = (frame.gauges.get(name, _NOT_KNOWN - _OFFSET) + _OFFSET for name in GAUGES)
    head = _HEAD.pack(
        *(_MAGIC, _VERSION, frame.width_px, frame.height_px, frame.lanes_fingerprint),
        *gauges,
        *(frame.counters[name] for name in VISION_COUNTERS),
        len(frame.outlines),
    )
    return b"".join((head, *map(_packed_outline, frame.outlines), _packed_sketch(frame.sketch)))


def parse_aim_frame(untrusted_message: bytes) -> AimFrame:
    """Check a frame and take it apart.

    Args:
        untrusted_message: As received, of any length.

    Returns:
        The frame, every number within its range.

    Raises:
        HandoffError: Anything at all is not as the layout above says.
    """
    if not _HEAD.size + 2 <= len(untrusted_message) <= MAXIMUM_FRAME_BYTES:
        raise HandoffError("an aim frame is too short or too long")
    magic, version, width_px, height_px, fingerprint, *numbers = _HEAD.unpack_from(
        untrusted_message
    )
    if magic != _MAGIC or version != _VERSION:
        raise HandoffError("a message is no aim frame of version 1; all must be of one release")
    gauges, counters, outlines = numbers[: len(GAUGES)], numbers[len(GAUGES) : -1], numbers[-1]
    end = _HEAD.size + outlines * _OUTLINE.size
    if outlines > MAXIMUM_OUTLINES or end + 2 > len(untrusted_message):
        raise HandoffError("an aim frame has more outlines than it may, or fewer than it says")
    frame = AimFrame(
        width_px,
        height_px,
        fingerprint,
        {
            name: value - _OFFSET
            for name, value in zip(GAUGES, gauges, strict=True)
            if value != _NOT_KNOWN
        },
        dict(zip(VISION_COUNTERS, counters, strict=True)),
        tuple(
            _parsed_outline(*each)
            for each in _OUTLINE.iter_unpack(untrusted_message[_HEAD.size : end])
        ),
        _parsed_sketch(untrusted_message[end:]),
    )
    # One meaning, one message: what means nothing (a spare half byte) must be zero.
    if pack_aim_frame(frame) != untrusted_message:
        raise HandoffError("an aim frame says something that means nothing")
    return frame


def _packed_outline(outline: Outline) -> bytes:
    """Return the four bytes of an outline."""
    turned = outline.tilt + MAXIMUM_TILT + (_TALL if outline.is_tall else 0)
    return _OUTLINE.pack(outline.across, outline.down, WIDTHS.index(outline.width), turned)


def _parsed_outline(across: int, down: int, width: int, turned: int) -> Outline:
    """Return what four bytes say."""
    if width >= len(WIDTHS):
        raise HandoffError("an outline's width is none that it may have")
    tilt = turned % _TALL - MAXIMUM_TILT
    return Outline(across, down, WIDTHS[width], tilt, turned >= _TALL)


def _packed_sketch(sketch: Sketch | None) -> bytes:
    """Return size and cells of a sketch."""
    if sketch is None:
        return bytes(2)
    cells = sketch.cells + bytes(len(sketch.cells) % 2)
    pairs = bytes(cells[place] << 4 | cells[place + 1] for place in range(0, len(cells), 2))
    return bytes((sketch.columns, sketch.rows)) + pairs


def _parsed_sketch(untrusted_rest: bytes) -> Sketch | None:
    """Return the sketch at the end of a frame, if there is one."""
    columns, rows = untrusted_rest[0], untrusted_rest[1]
    if (columns, rows) == (0, 0):
        return None
    halves = bytes(half for pair in untrusted_rest[2:] for half in (pair >> 4, pair & 0xF))
    return Sketch(columns, rows, halves[: columns * rows])
