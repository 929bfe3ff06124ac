"""What every training has in common."""

from collections.abc import Mapping

import pytest

pytest.importorskip("torch")

import torch

from edge_lpr.training.learner import Learner
from edge_lpr.training.progress import Progress

pytestmark = pytest.mark.torch


class _Line(Learner[torch.Tensor]):
    """Learns the slope of a line."""

    def lose(self, batch: torch.Tensor) -> tuple[torch.Tensor, Mapping[str, torch.Tensor]]:
        loss = self.network(batch.to(self.device)).square().sum()
        return loss, {"loss": loss.detach()}

    def write_weights(self) -> None:
        raise NotImplementedError


@pytest.fixture
def line() -> _Line:
    torch.manual_seed(0)
    networks = (torch.nn.Linear(1, 1), torch.nn.Linear(1, 1))
    progress = Progress(budget_s=10.0, peak_rate=0.1, elapsed_s=1.0)
    return _Line(*networks, progress, weight_decay=0.0, largest_gradient=1.0)


def _weights(line: _Line) -> list[torch.Tensor]:
    state = {**line.network.state_dict(prefix="n."), **line.average.state_dict(prefix="a.")}
    return [value.cpu().clone() for value in state.values()]


def test_a_step_changes_the_network_and_its_average(line: _Line) -> None:
    before = _weights(line)
    line.step(torch.ones(2, 1))
    assert all(not torch.equal(old, new) for old, new in zip(before, _weights(line), strict=True))


def test_a_batch_that_computes_to_no_number_does_no_harm(line: _Line) -> None:
    line.step(torch.full((2, 1), torch.nan))
    assert all(torch.isfinite(value).all() for value in _weights(line))
    assert line.progress.step == 1
