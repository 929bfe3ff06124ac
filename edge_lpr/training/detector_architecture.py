"""The detector's layers, as ultralytics describes networks.

The plan of ultralytics' yolo11 (strides 8, 16 and 32, a path down and a path up again), with the
widths that one class needs and nothing that is slow on a processor: ReLU instead of SiLU, no
attention, and boxes regressed as four numbers instead of as distributions (``reg_max`` 1), which
takes most of the work out of the head.

Measured, one slow x86 core (AVX2), 640 x 384: 21 ms instead of 87 ms of ``yolov8n-pose``; it
trains on 10.6 windows of 448 px a second instead of 3.7.
"""

from typing import Any, Final

_STEM, _STRIDE_4, _STRIDE_8, _STRIDE_16, _STRIDE_32 = 16, 24, 48, 96, 128
"""Channels on the way down."""

_FINE, _MIDDLE, _COARSE = 48, 64, 96
"""Channels of the three levels that the head looks at."""

_BACKBONE: Final = [
    [-1, 1, "Conv", [_STEM, 3, 2]],
    [-1, 1, "Conv", [_STRIDE_4, 3, 2]],
    [-1, 1, "C3k2", [_STRIDE_4, False, 0.25]],
    [-1, 1, "Conv", [_STRIDE_8, 3, 2]],
    [-1, 2, "C3k2", [_STRIDE_8, False, 0.5]],  # 4
    [-1, 1, "Conv", [_STRIDE_16, 3, 2]],
    [-1, 2, "C3k2", [_STRIDE_16, False, 0.5]],  # 6
    [-1, 1, "Conv", [_STRIDE_32, 3, 2]],
    [-1, 1, "C3k2", [_STRIDE_32, False, 0.5]],
    [-1, 1, "SPPF", [_STRIDE_32, 5]],  # 9
]

_HEAD: Final = [
    [-1, 1, "nn.Upsample", ["None", 2, "nearest"]],
    [[-1, 6], 1, "Concat", [1]],
    [-1, 1, "C3k2", [_MIDDLE, False, 0.5]],  # 12
    [-1, 1, "nn.Upsample", ["None", 2, "nearest"]],
    [[-1, 4], 1, "Concat", [1]],
    [-1, 1, "C3k2", [_FINE, False, 0.5]],  # 15, stride 8
    [-1, 1, "Conv", [_FINE, 3, 2]],
    [[-1, 12], 1, "Concat", [1]],
    [-1, 1, "C3k2", [_MIDDLE, False, 0.5]],  # 18, stride 16
    [-1, 1, "Conv", [_MIDDLE, 3, 2]],
    [[-1, 9], 1, "Concat", [1]],
    [-1, 1, "C3k2", [_COARSE, False, 0.5]],  # 21, stride 32
    [[15, 18, 21], 1, "Pose", ["nc", "kpt_shape"]],
]


def architecture(corners: tuple[int, int]) -> dict[str, Any]:
    """Describe the detector.

    Args:
        corners: Keypoints of a plate, and numbers for each.

    Returns:
        What ``ultralytics.nn.tasks.PoseModel`` builds the network from.
    """
    return {
        "nc": 1,
        "kpt_shape": list(corners),
        "reg_max": 1,
        "activation": "torch.nn.ReLU()",
        "backbone": _BACKBONE,
        "head": _HEAD,
    }
