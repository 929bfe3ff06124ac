"""What a live camera is to the rest of ``vision``, whatever library or program is behind it.

How one is opened, and what its faults look like, is left to ``adapters/``; when it is opened again,
to ``camera_keeper.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from edge_lpr.vision.contracts import BgrImage

OPEN_TIMEOUT_S: Final = 5.0
"""A camera on a wire answers within a second; at one frame a second the first takes four."""

READ_TIMEOUT_S: Final = 5.0
"""A camera that gives no frame for longer is lost; the slowest that we take gives one a second."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class CameraFrame:
    """One frame as a camera gave it. No ``repr``: tracebacks print those."""

    image_bgr: BgrImage
    """Pixels, in memory of their own."""
    stream_ns: int | None
    """When the camera took it, on a clock of the camera's own that may wrap, jump or stand still;
    None if it does not say."""


class Camera(Protocol):
    """A camera that was opened."""

    def read(self) -> CameraFrame | None:
        """Wait for the next frame; None if the camera is lost.

        Waits about ``READ_TIMEOUT_S`` at most. What is lost stays lost: close it.
        """
        ...

    def interrupt(self) -> None:
        """Let a waiting ``read`` end early where that can be done; callable from any thread."""
        ...

    def close(self) -> None:
        """Let go of the camera; may be called twice, and in the thread that reads alone."""
        ...

    def last_words(self) -> str:
        """Return why it gives no frames, as far as it said, in words fit for the log; or ""."""
        ...


CameraOpener: TypeAlias = Callable[[], Camera]
"""Opens the camera, or raises ``FrameSourceError`` or ``KeyFileError``."""
