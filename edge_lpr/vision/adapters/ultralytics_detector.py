"""The plate detector on the stock ``ultralytics.YOLO``, with the shipped trainable weights.

For workstations, validation and CUDA machines (untested there); a booth runs ONNX Runtime.
``YOLO.predict`` does the whole work from picture to detections. Two things are as in the ONNX
engine, or the two would not agree: the frame comes letterboxed already, so that there is nothing
left to scale or pad (ultralytics pads on four sides and samples more coarsely; measured on 60
photographs, that alone moved every third box by more than two pixels), and the network's output is
tapped and decoded by ``pose_head.py``, because ultralytics' results cut corners off at the edge of
the picture.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from edge_lpr.core.errors import DetectorError, ModelError
from edge_lpr.vision.adapters.letterbox import PADDING_GREY, Letterbox
from edge_lpr.vision.adapters.pose_head import HEAD_ROWS, decode_pose_head
from edge_lpr.vision.adapters.torch_runtime import (
    LOADING_ERRORS,
    TORCH_ERRORS,
    OutputTap,
    laid_out,
    without_warnings,
)
from edge_lpr.vision.adapters.ultralytics_offline import YOLO
from edge_lpr.vision.contracts import BgrImage, Detection
from edge_lpr.vision.models import TrainableDetector


class UltralyticsPlateDetector:
    """Find plates with an ultralytics pose model as it was trained."""

    def __init__(
        self,
        model: TrainableDetector,
        *,
        long_side_px: int,
        threads: int,
        minimum_confidence: float,
        device: str,
    ) -> None:
        """Load the model and try it on a grey frame.

        Args:
            model: The verified model.
            long_side_px: Longest side of the picture that the model sees; frames are scaled to it
                unless ``detect`` is told otherwise.
            threads: Threads of torch, which has one number of them for the whole process.
            minimum_confidence: Detections below are not returned.
            device: torch's name of the device, as ``choose_device`` gives it.

        Raises:
            ModelError: This is no plate detector, or it does not run.
        """
        self._letterbox = Letterbox(long_side_px=long_side_px, stride_px=model.entry.stride_px)
        self._minimum_confidence = minimum_confidence
        self._device = device
        try:
            with laid_out({"detector.pt": model.checkpoint}) as folder, without_warnings():
                self._yolo = YOLO(str(folder / "detector.pt"), task="pose")
            side_px = model.entry.stride_px * 4
            grey_bgr = np.full((side_px, side_px, 3), PADDING_GREY, np.uint8)
            self._predict(grey_bgr)
            # Only now: the first prediction makes a copy of the network, and runs that.
            self._tap = OutputTap(self._yolo.predictor.model)
            self.detect(grey_bgr)
        except LOADING_ERRORS as error:
            raise ModelError(
                f"{model.file}: is no plate detector that ultralytics can run "
                f"({type(error).__name__}); export it with edge_lpr.training.export"
            ) from error
        # Likewise: the first prediction sets the number to ultralytics' own idea.
        torch.set_num_threads(threads)

    def detect(self, frame_bgr: BgrImage, *, long_side_px: int | None = None) -> list[Detection]:
        """Find the plates of one frame, most confident first.

        Args:
            frame_bgr: Whole frame or region of it, shape (H, W, 3), uint8, BGR, of any size; may
                differ from the frame before. Not modified.
            long_side_px: Size to look at it in this time, instead of the usual one.

        Returns:
            Detections in pixels of ``frame_bgr``, overlapping ones already merged; empty when
            there is no plate.

        Raises:
            DetectorError: The engine failed, or the frame is no picture.
        """
        canvas_bgr, scale = self._letterbox.fit(frame_bgr, long_side_px)
        rows, columns = frame_bgr.shape[:2]
        return decode_pose_head(
            self._run(canvas_bgr),
            scale=scale,
            frame_size_px=(columns, rows),
            minimum_confidence=self._minimum_confidence,
        )

    def _run(self, canvas_bgr: BgrImage) -> NDArray[np.float32]:
        """Predict on one letterboxed frame, and return the network's head, shape (17, N)."""
        try:
            self._predict(canvas_bgr)
            head = self._tap.take()
        except TORCH_ERRORS as error:
            raise DetectorError(f"ultralytics failed to detect ({type(error).__name__})") from error
        if head.shape[:2] != (1, HEAD_ROWS):
            raise DetectorError(f"the output has shape {head.shape} instead of (1, {HEAD_ROWS}, N)")
        return np.asarray(head[0], np.float32)

    def _predict(self, canvas_bgr: BgrImage) -> None:
        """Let the stock library detect; what it thinks of the picture is left to the tap."""
        with without_warnings():
            self._yolo.predict(
                canvas_bgr,
                imgsz=canvas_bgr.shape[:2],
                conf=self._minimum_confidence,
                device=self._device,
                save=False,
                verbose=False,
            )
