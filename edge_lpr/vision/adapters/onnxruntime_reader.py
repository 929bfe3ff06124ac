"""The plate reader on ONNX Runtime: stack, run, decode, and leave no text behind."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH, PLATE_ALPHABET
from edge_lpr.core.errors import ModelError, ReaderError
from edge_lpr.vision.adapters.ctc import decode_ctc
from edge_lpr.vision.adapters.onnxruntime_session import ORT_ERRORS, OnnxProvider, open_session
from edge_lpr.vision.adapters.plate_picture import gray_plate
from edge_lpr.vision.contracts import BgrImage, Reading
from edge_lpr.vision.models import ReaderModel

_BATCH: Final = 8
"""Plates read at once; more come in several batches, so memory does not grow with the scene."""

_CLASSES: Final = len(PLATE_ALPHABET) + 1


class OnnxPlateReader:
    """Read plates with our CTC network exported to ONNX.

    Input and output tensors are this object's own memory, bound to the session and used again for
    each batch; the output, which spells the plates, is overwritten as soon as it is decoded.
    """

    def __init__(self, model: ReaderModel, *, threads: int, provider: OnnxProvider = "cpu") -> None:
        """Open the model and try it on a black plate.

        Args:
            model: The verified model.
            threads: Threads of one inference.
            provider: What computes it.

        Raises:
            ModelError: This is no plate reader, or it does not run.
            SettingsError: The provider is not there, or does not start.
        """
        self._entry = model.entry
        self._session = open_session(
            model.onnx,
            file=model.file,
            threads=threads,
            provider=provider,
            wanted={model.entry.input: 4, model.entry.output: 3},
        )
        steps = self._count_steps(model)
        shape = (_BATCH, 1, model.entry.height_px, model.entry.width_px)
        self._plates: NDArray[np.float32] = np.zeros(shape, np.float32)
        self._logits: NDArray[np.float32] = np.zeros((_BATCH, steps, _CLASSES), np.float32)

    def read(self, plates_bgr: Sequence[BgrImage]) -> list[Reading]:
        """Read every plate of a batch.

        Args:
            plates_bgr: Rectified plates as ``rectify_plate`` makes them, each of shape
                (64, 192, 3), uint8, BGR. Not modified. May be empty.

        Returns:
            One reading a plate, in order, in memory of its own.

        Raises:
            ReaderError: The engine failed, or a plate has another size.
        """
        readings: list[Reading] = []
        for start in range(0, len(plates_bgr), _BATCH):
            readings += self._read_batch(plates_bgr[start : start + _BATCH])
        return readings

    def _read_batch(self, plates_bgr: Sequence[BgrImage]) -> list[Reading]:
        """Read at most ``_BATCH`` plates."""
        number = len(plates_bgr)
        for place, plate_bgr in enumerate(plates_bgr):
            self._plates[place, 0] = self._as_input(plate_bgr)
        logits = self._logits[:number]
        try:
            self._run(self._plates[:number], logits)
            return [decode_ctc(plate_logits) for plate_logits in logits]
        except ORT_ERRORS as error:
            raise ReaderError(f"ONNX Runtime failed to read ({type(error).__name__})") from error
        finally:
            logits.fill(0)

    def _as_input(self, plate_bgr: BgrImage) -> NDArray[np.float32]:
        """Return a plate as grey values in [-1, 1]."""
        plate_gray = gray_plate(plate_bgr, self._entry)
        scaled: NDArray[np.float32] = plate_gray * np.float32(2 / 255) - np.float32(1)
        return scaled

    def _run(self, plates: NDArray[np.float32], logits: NDArray[np.float32]) -> None:
        """Run the model from one of our arrays into the other."""
        binding = self._session.io_binding()
        binding.bind_input(
            self._entry.input, "cpu", 0, np.float32, plates.shape, plates.ctypes.data
        )
        binding.bind_output(
            self._entry.output, "cpu", 0, np.float32, logits.shape, logits.ctypes.data
        )
        self._session.run_with_iobinding(binding)

    def _count_steps(self, model: ReaderModel) -> int:
        """Return how many steps the model makes of a plate, by trying."""
        black = np.zeros((1, 1, model.entry.height_px, model.entry.width_px), np.float32)
        try:
            (logits,) = self._session.run([model.entry.output], {model.entry.input: black})
        except ORT_ERRORS as error:
            raise ModelError(
                f"{model.file}: does not read a plate of {model.entry.width_px} x "
                f"{model.entry.height_px} px; export it with edge_lpr.training.export"
            ) from error
        batch, steps, classes = np.asarray(logits).shape
        if batch != 1 or classes != _CLASSES or steps < MAX_PLATE_LENGTH:
            raise ModelError(
                f"{model.file}: is no plate reader (output ({batch}, {steps}, {classes}) instead "
                f"of (1, {MAX_PLATE_LENGTH} or more, {_CLASSES})); "
                "export it with edge_lpr.training.export"
            )
        return int(steps)
