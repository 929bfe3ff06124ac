"""Puts trained corner weights into the folder of models that ships, also as an ONNX file."""

from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from torch import nn

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.corner_weights import load_weights, save_weights
from edge_lpr.vision.adapters.corner_network import CornerNetwork
from edge_lpr.vision.adapters.onnxruntime_session import open_session
from edge_lpr.vision.patch import PATCH_HEIGHT_PX, PATCH_WIDTH_PX

OPSET: Final = 17
"""ONNX operator set: everything the network needs, and read by every ONNX Runtime since 1.13."""

TOLERANCE: Final = 1e-3
"""Largest difference, in pixels and in log-odds, between torch and ONNX Runtime."""


class _Whole(nn.Module):
    """The network with the step from maps to corners, as a device needs it."""

    def __init__(self, network: CornerNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, patches: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return corners in patch pixels and log-odds."""
        maps, odds = self.network(patches)
        return CornerNetwork.corners(maps), odds


def export_trained_corners(weights: Path, folder: Path) -> None:
    """Write corners.onnx and plate_corners.pth, each at once or not at all.

    The input ``patches`` has shape (N, 3, 80, 160), float32 RGB in [0, 1]; the outputs are
    ``corners``, shape (N, 4, 2), in patch pixels, and ``odds``, shape (N,). The manifest is not
    written.

    Args:
        weights: Trained ``plate_corners.pth``.
        folder: Folder of models.

    Raises:
        DataSetError: The weights are missing or of another shape, or ONNX Runtime does not compute
            what torch computes.
    """
    network = CornerNetwork()
    load_weights(network, weights)
    whole = _Whole(network).eval()
    part = folder / "corners.onnx.part"
    pictures = np.random.default_rng(0).uniform(0, 1, (2, 3, PATCH_HEIGHT_PX, PATCH_WIDTH_PX))
    patches = torch.from_numpy(pictures).float()
    batch = {0: "patches"}
    torch.onnx.export(
        whole,
        (patches,),
        str(part),
        input_names=["patches"],
        output_names=["corners", "odds"],
        dynamic_axes={"patches": batch, "corners": batch, "odds": batch},
        opset_version=OPSET,
        dynamo=False,
    )
    onnx.checker.check_model(onnx.load(str(part)))
    difference = _largest_difference(whole, part, patches[:1])
    if difference > TOLERANCE:
        raise DataSetError(
            f"{part} differs from the network by {difference:.2g}, at most {TOLERANCE}; "
            "export with another version of torch or ONNX Runtime."
        )
    part.replace(folder / "corners.onnx")
    save_weights(network, folder / "plate_corners.pth")


@torch.inference_mode()
def _largest_difference(whole: _Whole, path: Path, patches: torch.Tensor) -> float:
    """Measure how far ONNX Runtime's outputs are from torch's."""
    # Through the device's own door, which also keeps ONNX Runtime from reporting home.
    wanted = {"patches": 4, "corners": 3, "odds": 1}
    session = open_session(path.read_bytes(), file=str(path), threads=1, wanted=wanted)
    theirs = session.run(["corners", "odds"], {"patches": patches.numpy()})
    ours = whole(patches)
    return max(
        float(np.abs(np.asarray(their) - our.numpy()).max())
        for their, our in zip(theirs, ours, strict=True)
    )
