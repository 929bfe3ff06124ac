"""The ONNX file computes what the network computes, or is not written."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from edge_lpr.core.errors import DataSetError
from edge_lpr.models.plate_reader import Model
from edge_lpr.training import reader_export
from edge_lpr.training.reader_weights import build_model

pytestmark = [
    pytest.mark.torch,
    # The exporter that needs no further package announces its successor.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]


def _model(seed: int) -> Model:
    torch.manual_seed(seed)
    return build_model().eval()


def test_exported_reader_computes_the_networks_logits_for_any_number_of_plates(
    tmp_path: Path,
) -> None:
    model = _model(1)
    reader_export.export_reader(model, tmp_path / "reader.onnx")
    differences = [
        reader_export.largest_difference(model, tmp_path / "reader.onnx", torch.rand(n, 1, 64, 192))
        for n in (1, 5)
    ]
    assert max(differences) < reader_export.LOGIT_TOLERANCE


def test_a_file_that_computes_something_else_is_not_put_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_export, "LOGIT_TOLERANCE", -1.0)
    with pytest.raises(DataSetError, match="differs from the network"):
        reader_export.export_reader(_model(1), tmp_path / "reader.onnx")
    assert not (tmp_path / "reader.onnx").exists()


def test_difference_to_another_network_is_noticed(tmp_path: Path) -> None:
    reader_export.export_reader(_model(1), tmp_path / "reader.onnx")
    other = reader_export.largest_difference(
        _model(2), tmp_path / "reader.onnx", torch.rand(1, 1, 64, 192)
    )
    assert other > reader_export.LOGIT_TOLERANCE
