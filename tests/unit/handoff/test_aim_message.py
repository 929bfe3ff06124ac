"""What the aim page is shown crosses as it is meant, and nothing else crosses."""

from dataclasses import replace

import pytest

from edge_lpr.core.errors import HandoffError
from edge_lpr.core.settings import LaneSection
from edge_lpr.core.vision_counts import VISION_COUNTERS
from edge_lpr.handoff.aim_message import (
    MAXIMUM_CELLS,
    MAXIMUM_FRAME_BYTES,
    MAXIMUM_OUTLINES,
    WIDTHS,
    AimFrame,
    Outline,
    Sketch,
    lanes_fingerprint,
    pack_aim_frame,
    parse_aim_frame,
    step_of,
)

COUNTERS = {name: 1000 * place for place, name in enumerate(VISION_COUNTERS)}
OUTLINE = Outline(across=32, down=40, width=6, tilt=-2, is_tall=False)
SKETCH = Sketch(3, 3, bytes(range(7, 16)))
FRAME = AimFrame(
    1280, 720, 0xDEADBEEF, {"plate_width_px": 130, "roll_deg": -8}, COUNTERS, (OUTLINE,), SKETCH
)


@pytest.mark.parametrize(
    "frame",
    [
        FRAME,
        replace(FRAME, sketch=None, outlines=(), gauges={}),
        replace(FRAME, outlines=(OUTLINE, replace(OUTLINE, is_tall=True, tilt=6))),
        replace(FRAME, sketch=Sketch(4, 2, bytes(8))),
    ],
)
def test_frame_arrives_as_it_left(frame: AimFrame) -> None:
    assert parse_aim_frame(pack_aim_frame(frame)) == frame


def test_longest_frame_fits() -> None:
    cells = Sketch(MAXIMUM_CELLS, MAXIMUM_CELLS, bytes([15]) * MAXIMUM_CELLS**2)
    packed = pack_aim_frame(replace(FRAME, outlines=(OUTLINE,) * MAXIMUM_OUTLINES, sketch=cells))
    assert len(packed) <= MAXIMUM_FRAME_BYTES
    assert parse_aim_frame(packed).sketch == cells


def test_outline_is_nowhere_finer_than_a_quarter_of_a_plate() -> None:
    for width in WIDTHS:
        assert width / 4 <= step_of(width) < max(2, width / 2)


@pytest.mark.parametrize(
    ("across", "down", "width", "tilt"),
    [(33, 40, 6, 0), (32, 41, 6, 0), (66, 0, 6, 0), (-2, 0, 6, 0), (0, 0, 5, 0), (0, 0, 6, 7)],
)
def test_outline_that_says_more_than_it_may_is_refused(
    across: int, down: int, width: int, tilt: int
) -> None:
    with pytest.raises(HandoffError):
        Outline(across, down, width, tilt, is_tall=False)


@pytest.mark.parametrize(
    ("columns", "rows", "cells"),
    [(0, 1, b""), (1, 33, bytes(33)), (2, 2, bytes(3)), (2, 2, bytes([0, 0, 0, 16]))],
)
def test_sketch_out_of_range_is_refused(columns: int, rows: int, cells: bytes) -> None:
    with pytest.raises(HandoffError):
        Sketch(columns, rows, cells)


@pytest.mark.parametrize(
    "change",
    [
        {"width_px": 70_000},
        {"height_px": -1},
        {"lanes_fingerprint": 1 << 32},
        {"gauges": {"plate_width_px": 131}},
        {"gauges": {"plate": 5}},
        {"counters": {"frames": 1}},
        {"counters": COUNTERS | {"frames": -1}},
        {"outlines": (OUTLINE,) * (MAXIMUM_OUTLINES + 1)},
    ],
)
def test_frame_out_of_range_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(HandoffError):
        replace(FRAME, **change)  # type: ignore[arg-type]


PACKED = pack_aim_frame(FRAME)
HEAD_BYTES = len(pack_aim_frame(replace(FRAME, outlines=(), sketch=None))) - 2


def with_byte(place: int, value: int) -> bytes:
    return PACKED[:place] + bytes([value]) + PACKED[place + 1 :]


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(PACKED[: HEAD_BYTES + 1], id="cut"),
        pytest.param(PACKED + bytes(MAXIMUM_FRAME_BYTES), id="too long"),
        pytest.param(PACKED + b"\0", id="a byte more"),
        pytest.param(b"LPRX" + PACKED[4:], id="other magic"),
        pytest.param(with_byte(4, 2), id="other version"),
        pytest.param(with_byte(HEAD_BYTES - 1, 5), id="outlines: more than it may"),
        pytest.param(with_byte(HEAD_BYTES - 1, 4), id="outlines: more than there are"),
        pytest.param(with_byte(HEAD_BYTES + 2, len(WIDTHS)), id="no such width"),
        pytest.param(with_byte(HEAD_BYTES + 3, 40), id="no such tilt"),
        pytest.param(with_byte(len(PACKED) - 1, 0xF1), id="spare half byte"),
    ],
)
def test_anything_else_is_refused(message: bytes) -> None:
    with pytest.raises(HandoffError):
        parse_aim_frame(message)


def test_lanes_are_told_apart_by_their_fingerprint() -> None:
    one = LaneSection(number=1, region=((0.1, 0.1), (0.9, 0.1), (0.9, 0.9)))
    other = one.model_copy(update={"region": ((0.1, 0.1), (0.9, 0.1), (0.9, 0.8))})
    assert lanes_fingerprint([one]) == lanes_fingerprint([one.model_copy()])
    assert lanes_fingerprint([one]) != lanes_fingerprint([other])
