"""The detector's network and loss: an ultralytics pose network with four corners a plate.

The loss differs from ultralytics' in what it asks of corners: see ``PlateLoss``. Files written
here load with the stock ``ultralytics.YOLO``.
"""

import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Final, TypeAlias

import torch
from torch import nn
from ultralytics.nn.tasks import PoseModel, load_checkpoint
from ultralytics.utils.loss import v8PoseLoss

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.detector_architecture import architecture
from edge_lpr.training.detector_samples import BOX_KNOWN, CORNERS_BELIEVED, CORNERS_KNOWN

# Whatever imported ultralytics first: from here on no checkpoint's pickle runs code of its own.
from edge_lpr.vision.adapters import ultralytics_offline  # noqa: F401
from edge_lpr.vision.adapters.torch_runtime import LOADING_ERRORS

Predictions: TypeAlias = "torch.Tensor | dict[str, Predictions] | list[Predictions]"
"""What the network returns while it trains."""

CORNERS: Final = (4, 3)
"""Keypoints of the pose head: four corners, each x, y and a visibility that is not used."""

LOSS_GAINS: Final = {"box": 7.5, "cls": 0.5, "dfl": 1.5, "pose": 12.0, "kobj": 0.0}
"""Weights of the parts of the loss: ultralytics' own, but for corners (another formula) and for
their visibility: zero, or photographs with boxes only would teach that corners are invisible."""

CORNER_BETA: Final = 0.03
"""Corner error, in shares of the square root of the plate's area, below which the loss is
quadratic: one pixel on a plate of 67 x 17."""

EXTENT_GAIN: Final = 0.25
"""Weight of "the corners fill the box" beside exact corners: people draw boxes loosely."""

BELIEVED_GAIN: Final = 0.3
"""Weight of corners that a detector saw itself beside exact ones: it may have been wrong."""


def build_detector(start: Path | None = None) -> PoseModel:
    """Make the network, in float32 on the CPU, with random or given weights.

    Args:
        start: Weights written by ``save_weights`` to start from, or None.

    Returns:
        The network in training mode.

    Raises:
        DataSetError: ``start`` is not a detector of this shape.
    """
    network = PoseModel(architecture(CORNERS), nc=1, data_kpt_shape=CORNERS, verbose=False)
    network.names = {0: "plate"}
    if start is not None:
        loaded = load_weights(start)
        try:
            network.load_state_dict(loaded.state_dict())
        except RuntimeError as error:
            raise DataSetError(
                f"{start} is not a detector of this shape: another one than "
                "training/detector_architecture.py describes; give --start shipped or none."
            ) from error
    network.args = SimpleNamespace(**LOSS_GAINS)
    network.criterion = PlateLoss(network)
    return network.train()


def load_weights(path: Path) -> PoseModel:
    """Load a detector file.

    Args:
        path: File written by ``save_weights`` or by ultralytics.

    Returns:
        The network in float32, in evaluation mode.

    Raises:
        DataSetError: The file is missing, or is no detector, or would run code.
    """
    if not path.is_file():
        raise DataSetError(f"{path} is not a file; give the weights of a detector.")
    try:
        network, _ = load_checkpoint(str(path))
    except LOADING_ERRORS as error:
        raise DataSetError(
            f"{path} is no detector ({type(error).__name__}); give the weights of one."
        ) from error
    loaded: PoseModel = network.float().eval()
    return loaded


def save_weights(network: PoseModel, path: Path) -> None:
    """Write weights in ultralytics' format, in float16 and without anything else.

    Args:
        network: Any detector. Not modified.
        path: File to write.
    """
    bare = copy.deepcopy(network).float().cpu().eval()
    bare.criterion = None
    # A namespace of ours would be refused by the stock library, which expects its own settings.
    bare.args = {"task": "pose", "imgsz": 640}
    # The stock library notes where it loaded from, and folders of ours are nobody's business.
    vars(bare).pop("pt_path", None)
    for parameter in bare.parameters():
        parameter.requires_grad = False
    torch.save({"model": bare.half(), "train_args": bare.args, "epoch": -1}, path)


class PlateLoss(v8PoseLoss):  # type: ignore[misc]  # ultralytics has no type stubs
    """Ultralytics' pose loss with another corner term.

    The stock term (object keypoint similarity) is flat where corners are far off and where they
    are nearly right; here it is a smooth absolute error in shares of the plate's size. Where
    only a box is known the corners are asked to fill it, which ties them to real photographs.
    """

    def calculate_keypoints_loss(
        self,
        masks: torch.Tensor,
        target_gt_idx: torch.Tensor,
        keypoints: torch.Tensor,
        stride_tensor: torch.Tensor,
        target_bboxes: torch.Tensor,
        pred_kpts: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute the corner term for all anchors that stand for a plate.

        Args:
            masks: Anchors that stand for a plate, shape (B, A), bool.
            target_gt_idx: Plate of each anchor, shape (B, A).
            keypoints: Corners of each plate in pixels and what is known, shape (B, P, 4, 3).
            stride_tensor: Stride of each anchor in pixels, shape (A, 1).
            target_bboxes: Box of each anchor's plate, xyxy in pixels, shape (B, A, 4).
            pred_kpts: Predicted corners in strides, shape (B, A, 4, 3).

        Returns:
            The corner term, and zero for visibility.
        """
        picture_index = masks.nonzero(as_tuple=True)[0]
        truth = keypoints[picture_index, target_gt_idx[masks]]
        stride = stride_tensor.view(1, -1).expand(masks.shape[0], -1)[masks]
        predicted = pred_kpts[masks][..., :2] * stride[:, None, None]
        box = target_bboxes[masks]
        size = ((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])).clamp(min=16).sqrt()
        known = truth[:, 0, 2]
        corner_error = (predicted - truth[..., :2]) / size[:, None, None]
        extent = torch.cat([predicted.amin(1), predicted.amax(1)], 1)
        extent_error = (extent - box) / size[:, None]
        loss = _mean_where(corner_error, known == CORNERS_KNOWN)
        loss = loss + BELIEVED_GAIN * _mean_where(corner_error, known == CORNERS_BELIEVED)
        loss = loss + EXTENT_GAIN * _mean_where(extent_error, known == BOX_KNOWN)
        return loss, pred_kpts[..., 2:].sum() * 0


def _mean_where(error: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """Average the smooth absolute error over the chosen rows; 0 where there are none."""
    picked = error[chosen]
    if not len(picked):
        return error.sum() * 0
    return nn.functional.smooth_l1_loss(picked, torch.zeros_like(picked), beta=CORNER_BETA)


def as_float(predictions: Predictions) -> Predictions:
    """Turn every tensor of the network's training output into float32.

    Args:
        predictions: Tensor, or list or dict of such. Not modified.

    Returns:
        The same structure in float32: the loss is not stable in bfloat16.
    """
    if isinstance(predictions, torch.Tensor):
        return predictions.float()
    if isinstance(predictions, dict):
        return {name: as_float(value) for name, value in predictions.items()}
    return [as_float(value) for value in predictions]
