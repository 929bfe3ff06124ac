"""Says in the log when a source begins to give frames of another size."""

from collections.abc import Iterable, Iterator
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.log import Log
from edge_lpr.vision.contracts import NANOSECONDS, Frame, Moment

_QUIET_NS: Final = 60 * NANOSECONDS
"""A folder whose pictures all differ is worth a line a minute."""


def report_frame_size(source: Iterable[Moment], clock: Clock, log: Log) -> Iterator[Moment]:
    """Pass the moments of a source on, and write down when their frames change size.

    A camera that was set to another resolution, or replaced, sees plates smaller or elsewhere;
    without this line the funnel alone would tell.

    Args:
        source: Frames of one camera, in order.
        clock: Its monotonic time spaces the lines, at most one a minute.
        log: Where ``frame_size_changed`` is written.

    Yields:
        Every moment, as it is.
    """
    last_shape: tuple[int, ...] | None = None
    quiet_until_ns = clock.monotonic_ns()
    for moment in source:
        if isinstance(moment, Frame):
            shape = moment.image_bgr.shape
            is_other = last_shape is not None and shape != last_shape
            if is_other and clock.monotonic_ns() >= quiet_until_ns:
                log.warning("frame_size_changed", width_px=shape[1], height_px=shape[0])
                quiet_until_ns = clock.monotonic_ns() + _QUIET_NS
            last_shape = shape
        yield moment
