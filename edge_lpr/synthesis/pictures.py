"""Types of pictures and corners; the same as vision's, which synthesis must not import."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

BgrImage: TypeAlias = NDArray[np.uint8]
"""Picture of shape (H, W, 3), uint8, channels blue, green, red."""

GreyImage: TypeAlias = NDArray[np.uint8]
"""Picture of shape (H, W), uint8."""

Quad: TypeAlias = NDArray[np.float32]
"""Corners of a plate, shape (4, 2), (x, y): top-left, top-right, bottom-right, bottom-left."""
