"""How vision is, as it crosses to the tokeniser: 256 bytes of numbers, and no room for a picture.

::

    offset  bytes  content
         0      4  "LPRV"
         4      1  version, 1
         5      1  what the camera gives: the position in ``CAMERA_STATES``
         6      2  zero
         8    208  26 counters of 8 bytes, big-endian, in the order of ``VISION_COUNTERS``
       216     40  zero

It goes over the same socket as the readings and is told from them by its length. Every byte is
checked, also those that mean nothing. Of the counters only the first two digits ever leave the
booth (``wire/health.py``).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.errors import HandoffError
from edge_lpr.core.vision_counts import CAMERA_STATES, VISION_COUNTERS, CameraState

REPORT_BYTES: Final = 256
"""Length of every report: four times a reading's, so that neither passes for the other."""

REPORT_INTERVAL_S: Final = 30.0
"""How often vision reports: twice for each health record, so that none has to go without."""

MAXIMUM_COUNT: Final = 990_000_000_000_000
"""What a health record can hold; whoever counts further says this."""

_LAYOUT: Final = struct.Struct(f">4sBB2s{len(VISION_COUNTERS)}Q40s")
_MAGIC: Final = b"LPRV"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class VisionReport:
    """What vision says about itself: a word out of five, and numbers.

    Raises:
        HandoffError: A counter is missing, unknown or out of range, or the camera's state is none.
    """

    camera: CameraState
    """What the camera gives."""
    counters: Mapping[str, int]
    """By the names of ``VISION_COUNTERS``, all of them, since the process's start."""

    def __post_init__(self) -> None:
        """Check everything, at either end."""
        if self.camera not in CAMERA_STATES:
            raise HandoffError(f"a report's camera state is none of {CAMERA_STATES}")
        if set(self.counters) != set(VISION_COUNTERS):
            raise HandoffError("a report of vision needs each counter once, and no other")
        if not all(0 <= number <= MAXIMUM_COUNT for number in self.counters.values()):
            raise HandoffError(f"a counter of vision must be 0 to {MAXIMUM_COUNT}")


def pack_report(report: VisionReport) -> bytes:
    """Return the ``REPORT_BYTES`` of a report.

    Args:
        report: What to say.
    """
    camera = CAMERA_STATES.index(report.camera)
    counters = (report.counters[name] for name in VISION_COUNTERS)
    return _LAYOUT.pack(_MAGIC, _VERSION, camera, b"", *counters, b"")


def parse_report(untrusted_message: bytes | memoryview) -> VisionReport:
    """Check a report and take it apart.

    Args:
        untrusted_message: As received, of any length.

    Returns:
        The report, every number within its range.

    Raises:
        HandoffError: Anything at all is not as the layout above says.
    """
    if len(untrusted_message) != REPORT_BYTES:
        raise HandoffError(
            f"a report has {REPORT_BYTES} bytes, but one of {len(untrusted_message)} came"
        )
    magic, version, camera, gap, *counters, padding = _LAYOUT.unpack(untrusted_message)
    if magic != _MAGIC or version != _VERSION:
        raise HandoffError(
            "a message is no report of version 1; vision and tokeniser must be of one release"
        )
    if any(gap) or any(padding):
        raise HandoffError("a report's padding is not zero")
    if camera >= len(CAMERA_STATES):
        raise HandoffError(f"a report's camera state is none of {CAMERA_STATES}")
    return VisionReport(CAMERA_STATES[camera], dict(zip(VISION_COUNTERS, counters, strict=True)))
