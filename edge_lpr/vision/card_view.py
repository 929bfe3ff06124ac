"""What vision saw while somebody shows the test card: numbers about any plate, and no text.

Nothing is measured unless somebody looks; a question keeps it open for half a minute. Which text
the card has is the tokeniser's to know: vision looks at it as at every plate.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.handoff.card_message import LOSSES, MOST, OPEN_NS, CardSeen, Loss, begins, pack_seen
from edge_lpr.handoff.diagnosis_message import CARD, Question, pack_body
from edge_lpr.vision.contracts import Detection, Frame
from edge_lpr.vision.optics_measures import plate_figures

_WAYS: Final = LOSSES[1:]


class CardView:
    """Sees frames in one thread, and answers in another."""

    def __init__(self, counters: Callable[[], Mapping[str, int]], clock: Clock) -> None:
        """Begin closed.

        Args:
            counters: Returns what the frame loop counts, as it is now, also in hit-only mode.
            clock: Its monotonic time closes a test that nobody asks about any more.
        """
        self._counters = counters
        self._clock = clock
        self._lock = threading.Lock()
        self._open_until_ns: int | None = None
        self._plates = 0
        self._width_px = 0.0
        self._edge_px = 0.0
        self._loss: Loss = "none"
        self._before = self._latest = counters()

    def see(self, frame: Frame, plates: Sequence[Detection]) -> None:
        """Measure the plates of a frame, if a test is open.

        Args:
            frame: Its pixels are not modified, and not kept.
            plates: With exact corners.
        """
        with self._lock:
            if not self._is_open():
                return
            self._note_loss()
            self._plates += bool(plates)
            for plate in plates:
                figures = plate_figures(frame.image_bgr, plate.quad_frame_px, frame.captured_ns)
                if figures is not None:
                    edge_px = max(figures.edge_x_px, figures.edge_y_px)
                    self._edge_px = min(edge_px, self._edge_px or edge_px)
                    self._width_px = max(figures.width_px, self._width_px)

    def __call__(self, question: Question) -> bytes:
        """Answer, and keep the test open.

        Args:
            question: Of the kind ``CARD``.

        Raises:
            HandoffError: Its parameters are none that it may have.
        """
        is_beginning = begins(question)
        with self._lock:
            if is_beginning or not self._is_open():
                self._forget()
            self._open_until_ns = self._clock.monotonic_ns() + OPEN_NS
            self._note_loss()
            now = self._counters()
            seen = CardSeen(
                frames=_bounded(now["frames"] - self._before["frames"]),
                plates=_bounded(self._plates),
                width_px=_bounded(round(self._width_px)),
                edge_hundredth_px=_bounded(round(100 * self._edge_px)),
                readings=_bounded(now["readings"] - self._before["readings"]),
                loss=self._loss,
            )
        return pack_body("vision", CARD, pack_seen(seen))

    def _forget(self) -> None:
        """Forget what was seen before."""
        self._before = self._latest = self._counters()
        self._plates = 0
        self._width_px = self._edge_px = 0.0
        self._loss = "none"

    def _note_loss(self) -> None:
        """Remember in which way the last plate was lost."""
        now = self._counters()
        for way in _WAYS:
            if now[way] > self._latest[way]:
                self._loss = way
        self._latest = now

    def _is_open(self) -> bool:
        """Tell whether somebody has asked a moment ago."""
        return self._open_until_ns is not None and self._clock.monotonic_ns() < self._open_until_ns


def _bounded(number: int) -> int:
    """Return a number that the message can hold."""
    return min(max(number, 0), MOST)
