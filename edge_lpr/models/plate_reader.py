"""The reader network, in EasyOCR's custom-network format.

EasyOCR imports this file by its bare name from a folder, so it imports nothing of this
package. Training and export import the same class: there is one definition of the network.
"""

from collections.abc import Sequence

import torch
from torch import nn

LINES = 2
"""Text lines a plate may have; each gives a run of time steps, the upper line's first."""

_COLLAPSED_ROWS = 8
"""Rows left of a plate 64 px high when the vertical axis is folded into channels."""


def _convolution(
    channels_in: int, channels_out: int, kernel: tuple[int, int], stride: tuple[int, int] = (1, 1)
) -> nn.Sequential:
    """Make a convolution that keeps its size (before striding), with normalisation and ReLU."""
    padding = (kernel[0] // 2, kernel[1] // 2)
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class _Residual(nn.Module):
    """Two convolutions with a shortcut around them."""

    def __init__(self, channels: int, kernel: tuple[int, int], dilation: int = 1) -> None:
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2 * dilation)
        self.first = nn.Conv2d(
            channels, channels, kernel, padding=padding, dilation=(1, dilation), bias=False
        )
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(
            channels, channels, kernel, padding=padding, dilation=(1, dilation), bias=False
        )
        self.second_norm = nn.BatchNorm2d(channels)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Refine ``features`` without changing their shape."""
        change = self.activation(self.first_norm(self.first(features)))
        change = self.second_norm(self.second(change))
        return self.activation(features + change)  # type: ignore[no-any-return]


class Model(nn.Module):
    """Turn flat grey plates into CTC scores over the plate alphabet.

    Convolutions bring the plate down to eight rows and a quarter of its columns; then the rows
    fold into channels once for each text line, wide one-dimensional convolutions let every
    character see the whole plate (O and 0 are told apart by the format), and the two lines are
    put one after the other in time. Works at any width that is a multiple of four, because
    EasyOCR keeps a picture's aspect and pads it.

    Source:
        CTC: Graves et al., "Connectionist temporal classification", ICML 2006.
    """

    def __init__(
        self, *, num_class: int, input_channel: int = 1, channels: Sequence[int] = (32, 64, 96, 160)
    ) -> None:
        """Build the network with random weights.

        Args:
            num_class: Classes of the output, the blank included.
            input_channel: Channels of the input; 1 for grey plates.
            channels: Widths of the three two-dimensional stages and of the line stage.
        """
        super().__init__()
        stem, low, high, line = channels
        self.features = nn.Sequential(
            _convolution(input_channel, stem, (3, 3), (2, 2)),
            _convolution(stem, low, (3, 3), (2, 2)),
            _Residual(low, (3, 3)),
            _convolution(low, high, (3, 3), (2, 1)),
            _Residual(high, (3, 3)),
        )
        self.collapse = nn.Conv2d(high, LINES * line, (_COLLAPSED_ROWS, 1), bias=False)
        self.collapse_norm = nn.BatchNorm2d(LINES * line)
        self.context = nn.Conv2d(LINES * line, LINES * line, 1)
        self.activation = nn.ReLU(inplace=True)
        # The last one sees the whole line, so that the format can decide between O and 0.
        self.line = nn.Sequential(
            _Residual(line, (1, 5)),
            _Residual(line, (1, 5), dilation=2),
            _Residual(line, (1, 5), dilation=4),
        )
        self.scores = nn.Conv2d(line, num_class, 1)

    def forward(self, input: torch.Tensor, text: torch.Tensor | None = None) -> torch.Tensor:  # noqa: A002 - EasyOCR's name
        """Score every class at every time step.

        Args:
            input: Flat plates, shape (N, 1, 64, W), float32 in [-1, 1].
            text: Ignored; EasyOCR passes one for its attention networks.

        Returns:
            Logits, shape (N, 2 * W / 4, classes): the upper line's time steps, then the lower's.
        """
        del text
        batch, columns = input.shape[0], input.shape[3] // 4
        folded = self.collapse_norm(self.collapse(self.features(input)))
        # Whether there is a second line at all is seen from the whole plate, not from one column.
        folded = self.activation(folded + self.context(folded.mean(dim=(2, 3), keepdim=True)))
        lines = folded.reshape(batch * LINES, -1, 1, columns)
        scores = self.scores(self.line(lines))
        # (N * lines, classes, 1, columns) to (N, lines * columns, classes)
        return scores.reshape(batch, LINES, -1, columns).permute(0, 1, 3, 2).flatten(1, 2)  # type: ignore[no-any-return]
