"""What the torch engine borrows of the process, it gives back."""

import os
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from edge_lpr.vision.adapters.torch_runtime import OutputTap, environment_variable, laid_out

pytestmark = pytest.mark.torch

NAME = "EDGE_LPR_TEST_OF_THE_ENVIRONMENT"


def test_a_variable_that_was_not_there_is_gone_again() -> None:
    with environment_variable(NAME, "meanwhile"):
        assert os.environ[NAME] == "meanwhile"
    assert NAME not in os.environ


def test_a_variable_that_was_there_has_its_value_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "before")
    with pytest.raises(OSError, match="broken"), environment_variable(NAME, "meanwhile"):
        raise OSError("broken")
    assert os.environ[NAME] == "before"


def test_files_are_laid_out_for_us_alone_and_gone_afterwards() -> None:
    with laid_out({"weights.bin": b"heavy"}) as folder:
        assert (folder / "weights.bin").read_bytes() == b"heavy"
        assert folder.stat().st_mode & 0o077 == 0
    assert not Path(folder).exists()


def test_an_output_is_given_once() -> None:
    network = torch.nn.ReLU()
    tap = OutputTap(network)
    network(torch.tensor([-1.0, 2.0]))
    assert tap.take().tolist() == [0.0, 2.0]
    with pytest.raises(RuntimeError, match="did not run"):
        tap.take()


def test_what_is_overwritten_in_an_output_is_overwritten_in_the_network() -> None:
    network = torch.nn.Identity()
    tap = OutputTap(network)
    scores = torch.tensor([3.0, 4.0])
    network(scores)
    tap.take().fill(0)
    assert scores.tolist() == [0.0, 0.0]
