"""The corner network: where exactly a plate's corners are, and whether it is a plate at all.

Training, export and the ``torch`` engine import the same class: there is one definition of the
network. Devices run what was exported from it, and have no torch.
"""

import torch
from torch import nn

STRIDE = 4
"""Patch pixels for each cell of the maps on which the corners are looked for."""


def _convolution(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    """Make a 3 x 3 convolution that keeps its size (before striding), with norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class _Residual(nn.Module):
    """Two convolutions with a shortcut around them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _convolution(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Refine ``features`` without changing their shape."""
        return self.activation(features + self.norm(self.second(self.first(features))))  # type: ignore[no-any-return]


class CornerNetwork(nn.Module):
    """Turn patches around detections into corners and the log-odds that they show a plate.

    Down to an eighth of the patch's cells, where the whole plate is seen, and up again to a quarter
    of its pixels. There each corner has a map; the corner is the mean place on it, weighted by its
    softmax, so it falls between cells and needs no search.

    Source:
        Mean place on a map: Sun et al., "Integral human pose regression", ECCV 2018.
    """

    def __init__(self) -> None:
        """Build the network with random weights."""
        super().__init__()
        fine, middle, coarse = 24, 48, 64
        self.stem = nn.Sequential(
            _convolution(3, 16, 2), _convolution(16, fine, 2), _Residual(fine)
        )
        self.down = nn.Sequential(
            _convolution(fine, middle, 2), _Residual(middle), _Residual(middle)
        )
        self.bottom = nn.Sequential(
            _convolution(middle, coarse, 2), _Residual(coarse), _Residual(coarse)
        )
        self.to_middle = nn.Conv2d(coarse, middle, 1)
        self.middle = _Residual(middle)
        self.to_fine = nn.Conv2d(middle, fine, 1)
        self.fine = _Residual(fine)
        self.maps = nn.Conv2d(fine, 4, 1)
        self.judge = nn.Sequential(
            nn.Linear(2 * coarse, coarse), nn.ReLU(inplace=True), nn.Linear(coarse, 1)
        )

    def forward(self, patches: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Look for the plate in each patch.

        Args:
            patches: Shape (N, 3, H, W), float32 RGB in [0, 1]; H and W multiples of 16.

        Returns:
            Maps of the four corners, from the plate's top-left clockwise, shape
            (N, 4, H / 4, W / 4), for ``corners``; log-odds that it is a plate, shape (N,).
        """
        fine = self.stem(patches * 2 - 1)
        middle = self.down(fine)
        bottom = self.bottom(middle)
        pooled = torch.cat([bottom.mean((2, 3)), bottom.amax((2, 3))], 1)
        up = nn.functional.interpolate(self.to_middle(bottom), scale_factor=2.0)
        middle = self.middle(middle + up)
        up = nn.functional.interpolate(self.to_fine(middle), scale_factor=2.0)
        return self.maps(self.fine(fine + up)), self.judge(pooled)[:, 0]

    @staticmethod
    def corners(maps: torch.Tensor) -> torch.Tensor:
        """Take the mean place on each map.

        Args:
            maps: As ``forward`` returns them.

        Returns:
            Corners in patch pixels, the first pixel reaching from 0 to 1, shape (N, 4, 2).
        """
        count, rows, columns = maps.shape[0], maps.shape[2], maps.shape[3]
        shares = maps.float().reshape(count, 4, rows * columns).softmax(2)
        shares = shares.reshape(count, 4, rows, columns)
        across = (torch.arange(columns, device=maps.device) + 0.5) * STRIDE
        down = (torch.arange(rows, device=maps.device) + 0.5) * STRIDE
        x = (shares.sum(2) * across).sum(2)
        y = (shares.sum(3) * down).sum(2)
        return torch.stack([x, y], 2)
