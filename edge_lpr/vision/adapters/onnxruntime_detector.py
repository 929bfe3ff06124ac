"""The plate detector on ONNX Runtime: letterbox, run, decode."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.errors import DetectorError, ModelError
from edge_lpr.vision.adapters.onnxruntime_session import ORT_ERRORS, open_session
from edge_lpr.vision.adapters.pose_head import HEAD_ROWS, decode_pose_head
from edge_lpr.vision.contracts import BgrImage, Detection
from edge_lpr.vision.models import DetectorModel

_GREY: Final = 114
"""What the detector saw around its training pictures (ultralytics' letterbox)."""

_FRAME_DIMENSIONS: Final = 3


class OnnxPlateDetector:
    """Find plates with an ultralytics pose model exported to ONNX."""

    def __init__(
        self,
        model: DetectorModel,
        *,
        long_side_px: int,
        threads: int,
        minimum_confidence: float | None = None,
    ) -> None:
        """Open the model and try it on a grey frame.

        Args:
            model: The verified model.
            long_side_px: Longest side of the picture that the model sees; every frame is scaled
                to it.
            threads: Threads of one inference.
            minimum_confidence: Detections below are not returned; the manifest's if None.

        Raises:
            ModelError: This is no plate detector, or it does not run.
        """
        self._entry = model.entry
        self._long_side_px = long_side_px
        self._minimum_confidence = (
            model.entry.minimum_confidence if minimum_confidence is None else minimum_confidence
        )
        self._canvas_bgr: BgrImage = np.empty((0, 0, 3), np.uint8)
        self._session = open_session(
            model.onnx,
            file=model.file,
            threads=threads,
            wanted={model.entry.input: 4, model.entry.output: 3},
        )
        side_px = model.entry.stride_px * 4
        try:
            self.detect(np.full((side_px, side_px, 3), _GREY, np.uint8))
        except DetectorError as error:
            raise ModelError(
                f"{model.file}: is no plate detector ({error}); "
                "export it with edge_lpr.training.export"
            ) from error

    def detect(self, frame_bgr: BgrImage) -> list[Detection]:
        """Find the plates of one frame, most confident first.

        Args:
            frame_bgr: Whole frame or region of it, shape (H, W, 3), uint8, BGR, of any size; may
                differ from the frame before. Not modified.

        Returns:
            Detections in pixels of ``frame_bgr``, overlapping ones already merged; empty when
            there is no plate.

        Raises:
            DetectorError: The engine failed, or the frame is no picture.
        """
        if frame_bgr.ndim != _FRAME_DIMENSIONS or 0 in frame_bgr.shape:
            raise DetectorError(f"a frame of shape {frame_bgr.shape} is no colour picture")
        rows, columns = frame_bgr.shape[:2]
        scale = self._long_side_px / max(rows, columns)
        head = self._run(self._letterbox(frame_bgr, scale))
        return decode_pose_head(
            head,
            scale=scale,
            frame_size_px=(columns, rows),
            minimum_confidence=self._minimum_confidence,
        )

    def _letterbox(self, frame_bgr: BgrImage, scale: float) -> NDArray[np.float32]:
        """Scale a frame, pad it at the right and below, and make it the model's input.

        Padding on two sides instead of four leaves the map back to frame pixels a mere factor.
        """
        rows, columns = (max(1, round(side * scale)) for side in frame_bgr.shape[:2])
        stride_px = self._entry.stride_px
        shape = (-(-rows // stride_px) * stride_px, -(-columns // stride_px) * stride_px, 3)
        if self._canvas_bgr.shape != shape:
            self._canvas_bgr = np.empty(shape, np.uint8)
        self._canvas_bgr[rows:] = _GREY
        self._canvas_bgr[:rows, columns:] = _GREY
        shrinks = scale < 1
        cv2.resize(
            frame_bgr,
            (columns, rows),
            dst=self._canvas_bgr[:rows, :columns],
            interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
        )
        blob = cv2.dnn.blobFromImage(self._canvas_bgr, scalefactor=1 / 255, swapRB=True)
        return np.asarray(blob, np.float32)

    def _run(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the model on one letterboxed frame, and return its head, shape (17, N)."""
        try:
            (heads,) = self._session.run([self._entry.output], {self._entry.input: frames})
        except ORT_ERRORS as error:
            raise DetectorError(
                f"ONNX Runtime failed to detect ({type(error).__name__})"
            ) from error
        head = np.asarray(heads)
        if head.shape[:2] != (1, HEAD_ROWS) or head.dtype != np.float32:
            raise DetectorError(
                f"the output has shape {head.shape} and type {head.dtype} "
                f"instead of (1, {HEAD_ROWS}, N) and float32"
            )
        return np.asarray(head[0], np.float32)
