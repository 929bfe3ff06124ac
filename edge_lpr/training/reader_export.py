"""Puts trained reader weights into the folder of models that ships, as EasyOCR and ONNX files.

``python -m edge_lpr.training.reader_export plate_reader.pth [--models DIR] [--note TEXT]``
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch

from edge_lpr.core.errors import DataSetError
from edge_lpr.models.plate_reader import Model
from edge_lpr.training.export import SHIPPED_MODELS
from edge_lpr.training.manifest import read_training_summary, write_manifest
from edge_lpr.training.reader_weights import build_model, load_weights, save_weights
from edge_lpr.vision.adapters.onnxruntime_session import open_session

OPSET: Final = 17
"""ONNX operator set: everything the network needs, and read by every ONNX Runtime since 1.13."""

LOGIT_TOLERANCE: Final = 1e-3
"""Largest difference between torch and ONNX Runtime on the same plates that is let through."""


def export_reader(model: Model, path: Path) -> None:
    """Write the reader as ONNX, whole or not at all.

    The input ``plates`` has shape (N, 1, 64, 192), float32 in [-1, 1]; the output ``logits`` has
    shape (N, 96, 37): the upper line's 48 time steps, then the lower line's, class 0 blank.

    Args:
        model: The network, in evaluation mode. Not modified.
        path: File to write or replace.

    Raises:
        DataSetError: ONNX Runtime does not compute what torch computes.
    """
    part = path.with_suffix(path.suffix + ".part")
    plates = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (2, 1, 64, 192))).float()
    torch.onnx.export(
        model,
        (plates,),
        str(part),
        input_names=["plates"],
        output_names=["logits"],
        dynamic_axes={"plates": {0: "plates"}, "logits": {0: "plates"}},
        opset_version=OPSET,
        dynamo=False,
    )
    onnx.checker.check_model(onnx.load(str(part)))
    difference = largest_difference(model, part, plates[:1])
    if difference > LOGIT_TOLERANCE:
        raise DataSetError(
            f"{part} differs from the network by {difference:.2g}, at most {LOGIT_TOLERANCE}; "
            "export with another version of torch or ONNX Runtime."
        )
    part.replace(path)


@torch.inference_mode()
def largest_difference(model: Model, path: Path, plates: torch.Tensor) -> float:
    """Measure how far ONNX Runtime's logits are from torch's.

    Args:
        model: The network, in evaluation mode.
        path: The exported file.
        plates: Input, shape (N, 1, 64, 192).

    Returns:
        The largest absolute difference.
    """
    # Through the device's own door, which also keeps ONNX Runtime from reporting home.
    session = open_session(
        path.read_bytes(), file=str(path), threads=1, wanted={"plates": 4, "logits": 3}
    )
    (logits,) = session.run(["logits"], {"plates": plates.numpy()})
    return float(np.abs(np.asarray(logits) - model(plates).numpy()).max())


def export_trained_reader(weights: Path, folder: Path) -> None:
    """Write reader.onnx and EasyOCR's files of the reader; the manifest is not written.

    Args:
        weights: Trained ``plate_reader.pth``.
        folder: Folder of models.

    Raises:
        DataSetError: The weights are no reader's, or the export computes something else.
    """
    model = build_model()
    load_weights(model, weights)
    model.eval()
    export_reader(model, folder / "reader.onnx")
    save_weights(model, folder / "plate_reader.pth")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        Exit status: 0, or 2 where something is missing or wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m edge_lpr.training.reader_export")
    parser.add_argument("weights", type=Path, help="plate_reader.pth of a training")
    parser.add_argument("--models", type=Path, default=SHIPPED_MODELS, help="folder of models")
    parser.add_argument("--note", help="training summary for the manifest")
    given = parser.parse_args(argv)
    try:
        export_trained_reader(given.weights, given.models)
        training = read_training_summary(given.models)
        if given.note:
            training["reader"] = given.note
        write_manifest(given.models, training)
    except DataSetError as error:
        print(f"reader_export: {error}", file=sys.stderr)
        return 2
    print(f"Wrote reader.onnx, plate_reader.pth and the manifest of {given.models}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
