"""The corner finder on torch, with the shipped trainable weights.

No stock library knows this network, so here it runs as it is trained.
"""

import io
from collections.abc import Sequence

import numpy as np
import torch

from edge_lpr.core.errors import CornerError, ModelError
from edge_lpr.vision.adapters.corner_network import CornerNetwork
from edge_lpr.vision.adapters.patch_picture import as_input, findings_from
from edge_lpr.vision.adapters.torch_runtime import LOADING_ERRORS, TORCH_ERRORS
from edge_lpr.vision.contracts import BgrImage, PatchFinding
from edge_lpr.vision.models import TrainableCorners


class TorchCornerFinder:
    """Find corners with our network as it was trained."""

    def __init__(self, model: TrainableCorners, *, device: str) -> None:
        """Load the weights.

        Args:
            model: The verified weights.
            device: torch's name of the device, as ``choose_device`` gives it.

        Raises:
            ModelError: These are not the weights of a corner network.
        """
        self._device = device
        self._network = CornerNetwork()
        try:
            weights = torch.load(io.BytesIO(model.weights), map_location="cpu", weights_only=True)
            self._network.load_state_dict(weights)
        except LOADING_ERRORS as error:
            raise ModelError(
                f"{model.file}: is no corner network ({type(error).__name__}); "
                "export it with edge_lpr.training.export"
            ) from error
        self._network.eval().to(device)

    @torch.inference_mode()
    def find(self, patches_bgr: Sequence[BgrImage]) -> list[PatchFinding]:
        """Look at every patch of a batch.

        Args:
            patches_bgr: Patches as ``cut_patch`` makes them, each of shape (80, 160, 3), uint8,
                BGR. Not modified. May be empty.

        Returns:
            One finding a patch, in order, in memory of its own.

        Raises:
            CornerError: The engine failed, or a patch has another size.
        """
        if not patches_bgr:
            return []
        patches = torch.from_numpy(as_input(patches_bgr)).to(self._device)
        try:
            maps, odds = self._network(patches)
            corners = CornerNetwork.corners(maps)
        except TORCH_ERRORS as error:
            raise CornerError(f"torch failed to find corners ({type(error).__name__})") from error
        return findings_from(
            np.asarray(corners.cpu().numpy(), np.float32),
            np.asarray(odds.cpu().numpy(), np.float32),
            len(patches_bgr),
        )
