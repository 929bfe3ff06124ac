"""Exports the detector to a file that ONNX Runtime runs without torch."""

import copy
from pathlib import Path
from typing import Final

import onnx
import torch
from ultralytics.nn.tasks import PoseModel

OPSET: Final = 17
"""ONNX operator set: everything the network needs, and read by every ONNX Runtime since 1.13."""

EXAMPLE_SIZE_PX: Final = (352, 640)
"""Height and width of the traced picture; not square, so that a swapped axis would show."""


def export_detector(network: PoseModel, path: Path) -> None:
    """Write the detector as ONNX, without suppression of overlaps.

    The input ``frames`` has shape (1, 3, H, W), float32 RGB in [0, 1], H and W multiples of 32.
    The output ``detections`` has shape (1, 17, N): centre x, centre y, width, height, score,
    then x, y, visibility of each corner, in pixels of the input.

    Args:
        network: The detector. Not modified.
        path: File to write.
    """
    bare = copy.deepcopy(network).float().cpu().eval()
    bare.criterion = None
    # Convolution and norm become one layer: a third fewer operations on the device.
    bare.fuse(verbose=False)
    head = bare.model[-1]
    # Anchors are computed inside the graph, so that one file serves every picture size.
    head.export, head.dynamic, head.format = True, True, "onnx"
    height, width = EXAMPLE_SIZE_PX
    torch.onnx.export(
        bare,
        (torch.zeros(1, 3, height, width),),
        str(path),
        input_names=["frames"],
        output_names=["detections"],
        dynamic_axes={"frames": {2: "height", 3: "width"}, "detections": {2: "anchors"}},
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load(str(path))
    onnx.checker.check_model(model)
