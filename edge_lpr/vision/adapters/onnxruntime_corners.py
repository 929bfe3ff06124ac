"""The corner finder on ONNX Runtime: stack, run, unpack."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from edge_lpr.core.errors import CornerError, ModelError
from edge_lpr.vision.adapters.onnxruntime_session import ORT_ERRORS, OnnxProvider, open_session
from edge_lpr.vision.adapters.patch_picture import as_input, findings_from
from edge_lpr.vision.contracts import BgrImage, PatchFinding
from edge_lpr.vision.models import CornersModel
from edge_lpr.vision.patch import PATCH_HEIGHT_PX, PATCH_WIDTH_PX

_BATCH: Final = 8
"""Patches looked at at once; more come in several batches, so memory does not grow."""


class OnnxCornerFinder:
    """Find corners with our network exported to ONNX."""

    def __init__(
        self, model: CornersModel, *, threads: int, provider: OnnxProvider = "cpu"
    ) -> None:
        """Open the model and try it on a black patch.

        Args:
            model: The verified model.
            threads: Threads of one inference.
            provider: What computes it.

        Raises:
            ModelError: This is no corner network, or it does not run.
            SettingsError: The provider is not there, or does not start.
        """
        self._entry = model.entry
        self._session = open_session(
            model.onnx,
            file=model.file,
            threads=threads,
            provider=provider,
            wanted={model.entry.input: 4, model.entry.output: 3, model.entry.odds: 1},
        )
        try:
            self.find([np.zeros((PATCH_HEIGHT_PX, PATCH_WIDTH_PX, 3), np.uint8)])
        except CornerError as error:
            raise ModelError(
                f"{model.file}: is no corner network ({error}); "
                "export it with edge_lpr.training.export"
            ) from error

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
        findings: list[PatchFinding] = []
        for start in range(0, len(patches_bgr), _BATCH):
            findings += self._find_batch(patches_bgr[start : start + _BATCH])
        return findings

    def _find_batch(self, patches_bgr: Sequence[BgrImage]) -> list[PatchFinding]:
        """Look at a few patches at once."""
        patches = as_input(patches_bgr)
        try:
            corners, odds = self._session.run(
                [self._entry.output, self._entry.odds], {self._entry.input: patches}
            )
        except ORT_ERRORS as error:
            raise CornerError(
                f"ONNX Runtime failed to find corners ({type(error).__name__})"
            ) from error
        return findings_from(np.asarray(corners), np.asarray(odds), len(patches_bgr))
