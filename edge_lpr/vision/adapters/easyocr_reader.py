"""The plate reader on the stock ``easyocr.Reader``, with our network as its custom network.

For workstations, validation and CUDA machines (untested there); a booth runs ONNX Runtime.
``Reader.recognize`` does the whole work from plate to text, its greedy decoding included. But it
gives one confidence a text, and voting needs one a character: so the scores are tapped where its
network puts them out, and decoded by ``ctc.py`` as in the ONNX engine. EasyOCR's own text comes
from the same scores by the same rule, and a test compares the two. (A plate on two lines needs
nothing more: our network gives the time steps of the upper line and then those of the lower.)

What this engine cannot keep: EasyOCR makes a ``str`` of each plate on its way, which stays in
freed memory. The ONNX engine leaves nothing there.
"""

import importlib
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import easyocr
import numpy as np
import torch
from numpy.typing import NDArray

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH, PLATE_ALPHABET
from edge_lpr.core.errors import ModelError, ReaderError
from edge_lpr.vision.adapters.ctc import decode_ctc
from edge_lpr.vision.adapters.plate_picture import gray_plate
from edge_lpr.vision.adapters.torch_runtime import (
    LOADING_ERRORS,
    TORCH_ERRORS,
    OutputTap,
    environment_variable,
    laid_out,
    without_warnings,
)
from edge_lpr.vision.contracts import BgrImage, Reading
from edge_lpr.vision.models import TrainableReader

_NETWORK_NAME: Final = "plate_reader"
"""What EasyOCR calls the network, its three files, and the module that it imports."""

_CLASSES: Final = len(PLATE_ALPHABET) + 1


class EasyocrPlateReader:
    """Read plates with EasyOCR and our CTC network as it was trained."""

    def __init__(self, model: TrainableReader, *, threads: int, device: str) -> None:
        """Load the model and try it on a black plate.

        Args:
            model: The verified model.
            threads: Threads of torch, which has one number of them for the whole process.
            device: torch's name of the device, as ``choose_device`` gives it.

        Raises:
            ModelError: This is no plate reader, or it does not run.
        """
        self._entry = model.entry
        # What matters comes as an exception.
        logging.getLogger("easyocr").setLevel(logging.CRITICAL)
        torch.set_num_threads(threads)
        try:
            with _importable(model) as folder, without_warnings():
                self._reader = _open_reader(folder, device)
            self._tap = OutputTap(self._reader.recognizer)
            self._score(np.zeros((model.entry.height_px, model.entry.width_px), np.uint8))
        except LOADING_ERRORS as error:
            raise ModelError(
                f"{model.file}: is no plate reader that EasyOCR can run "
                f"({type(error).__name__}); export it with edge_lpr.training.export"
            ) from error

    def read(self, plates_bgr: Sequence[BgrImage]) -> list[Reading]:
        """Read every plate of a batch, one after the other.

        Args:
            plates_bgr: Rectified plates as ``rectify_plate`` makes them, each of shape
                (64, 192, 3), uint8, BGR. Not modified. May be empty.

        Returns:
            One reading a plate, in order, in memory of its own.

        Raises:
            ReaderError: The engine failed, or a plate has another size.
        """
        return [self._read_one(plate_bgr) for plate_bgr in plates_bgr]

    def _read_one(self, plate_bgr: BgrImage) -> Reading:
        """Read one plate."""
        logits = self._score(gray_plate(plate_bgr, self._entry))
        reading = decode_ctc(logits)
        logits.fill(0)
        return reading

    def _score(self, plate_gray: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Recognise one plate, and return the network's scores, shape (T, 37)."""
        try:
            with without_warnings():
                # Contrast 0: no second look, with the contrast raised, at what is read unsurely.
                self._reader.recognize(plate_gray, contrast_ths=0.0)
            logits = self._tap.take()
        except TORCH_ERRORS as error:
            # From None: the cause may hold the text.
            raise ReaderError(f"EasyOCR failed to read ({type(error).__name__})") from None
        batch, steps, classes = logits.shape
        if batch != 1 or classes != _CLASSES or steps < MAX_PLATE_LENGTH:
            raise ReaderError(
                f"the output has shape {logits.shape} instead of "
                f"(1, {MAX_PLATE_LENGTH} or more, {_CLASSES})"
            )
        return np.asarray(logits[0], np.float32)


@contextmanager
def _importable(model: TrainableReader) -> Iterator[Path]:
    """Lay out the network's files so that EasyOCR imports them and no namesake.

    It looks for the module by its bare name, wherever Python does: in the working folder first.
    """
    files = {
        f"{_NETWORK_NAME}.py": model.network,
        f"{_NETWORK_NAME}.yaml": model.network_settings,
        f"{_NETWORK_NAME}.pth": model.weights,
    }
    before, namesake = list(sys.path), sys.modules.pop(_NETWORK_NAME, None)
    with laid_out(files) as folder:
        sys.path.insert(0, str(folder))
        importlib.invalidate_caches()
        try:
            yield folder
        finally:
            sys.path[:] = before
            sys.modules.pop(_NETWORK_NAME, None)
            if namesake is not None:
                sys.modules[_NETWORK_NAME] = namesake


def _open_reader(folder: Path, device: str) -> Any:  # noqa: ANN401 - EasyOCR has no types
    """Make the stock reader: with our network, without EasyOCR's text detector, offline."""
    # EasyOCR asks torch to run whatever the weights' pickle says; torch's variable overrules it.
    with environment_variable("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "1"):
        return easyocr.Reader(
            ["en"],
            gpu=False if device == "cpu" else device,
            recog_network=_NETWORK_NAME,
            model_storage_directory=str(folder),
            user_network_directory=str(folder),
            detector=False,
            download_enabled=False,
            verbose=False,
            quantize=False,
        )
