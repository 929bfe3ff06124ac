"""The corner network learns, is killed, goes on, and is exported: all of it small, on drawings."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ultralytics")

import torch

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.corner_batches import PatchBatch
from edge_lpr.training.corner_export import export_trained_corners
from edge_lpr.training.corner_weights import load_weights, save_weights
from edge_lpr.training.detector_findings import Findings, save_findings
from edge_lpr.training.detector_samples import BOX_KNOWN, CORNERS_KNOWN, NOTHING_KNOWN
from edge_lpr.training.progress import Progress
from edge_lpr.training.train_corners import CornerLearner, main
from edge_lpr.vision.adapters.corner_network import CornerNetwork
from edge_lpr.vision.adapters.onnxruntime_corners import OnnxCornerFinder
from edge_lpr.vision.adapters.torch_corners import TorchCornerFinder
from edge_lpr.vision.models import CornersEntry, CornersModel, TrainableCorners
from tests.support.drawn_data import write_drawn_data

pytestmark = [
    pytest.mark.torch,
    # torch's own habits while it exports: deprecated calls, and remarks about tracing.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    write_drawn_data(folder)
    return folder


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_lpr.training.detector_textures.DRAWN_PLATES", 4)
    monkeypatch.setattr("edge_lpr.training.detector_lessons.DRAWN_THINGS", 4)


def batch_with(knowledge: int, *, is_plate: bool = True) -> PatchBatch:
    """Make a batch of two patches with the same white plate on black."""
    pictures = np.zeros((2, 80, 160, 3), np.uint8)
    pictures[:, 28:52, 40:120] = 255
    corners = np.array([[40, 28], [120, 28], [120, 52], [40, 52]], np.float32)
    return PatchBatch(
        pictures,
        np.stack([corners, corners]),
        np.full(2, knowledge),
        np.full(2, is_plate, np.float32),
    )


@pytest.fixture
def learner(tmp_path: Path) -> CornerLearner:
    torch.manual_seed(0)
    return CornerLearner(tmp_path, Progress(budget_s=60, peak_rate=2e-3, elapsed_s=5), None)


def test_killed_training_goes_on_where_it_was_saved(data: Path, tmp_path: Path) -> None:
    state = tmp_path / "work/corners-state.pt"
    command = ["--data", str(data), "--work", str(tmp_path / "work"), "--batch-size", "4"]
    assert main([*command, "--start", "none", "--minutes", "0.001"]) == 0
    first = torch.load(state, weights_only=True)["progress"]
    # What an earlier detector found out is learnt from, where it is there.
    alarms = Findings(false_alarms={"street/2.png": ((10.0, 10.0, 80.0, 30.0),)})
    save_findings(alarms, tmp_path / "work/detector-findings.json")
    longer_min = first["elapsed_s"] / 60 + 0.03
    assert main([*command, "--resume", "--minutes", str(longer_min)]) == 0
    assert torch.load(state, weights_only=True)["progress"]["step"] > first["step"]


def test_what_cannot_be_trained_is_a_sentence(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--data", str(data), "--work", str(tmp_path / "work")]
    assert main([*command, "--resume"]) == 2
    assert "start without --resume" in capsys.readouterr().err
    (tmp_path / "other.pth").write_bytes(b"no weights")
    assert main([*command, "--start", str(tmp_path / "other.pth")]) == 2
    assert "is not a corner network" in capsys.readouterr().err


@pytest.mark.parametrize("knowledge", [CORNERS_KNOWN, BOX_KNOWN], ids=["corners", "box"])
def test_it_learns_where_a_plate_is(learner: CornerLearner, knowledge: int) -> None:
    batch = batch_with(knowledge)
    first, _ = learner.lose(batch)
    for _ in range(40):
        learner.step(batch)
    last, _ = learner.lose(batch)
    assert float(last) < 0.5 * float(first)


def test_what_is_no_plate_says_nothing_about_corners(learner: CornerLearner) -> None:
    loss, parts = learner.lose(batch_with(NOTHING_KNOWN, is_plate=False))
    assert float(loss) == pytest.approx(float(parts["plate"]))
    loss.backward()  # type: ignore[no-untyped-call]
    gradient = dict(learner.network.named_parameters())["maps.weight"].grad
    assert gradient is None or not gradient.any()


def test_both_engines_compute_the_same_from_what_is_exported(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network = CornerNetwork().eval()
    save_weights(network, tmp_path / "trained.pth")
    export_trained_corners(tmp_path / "trained.pth", tmp_path)
    ours = OnnxCornerFinder(
        CornersModel(
            "corners.onnx", (tmp_path / "corners.onnx").read_bytes(), CornersEntry(input="patches")
        ),
        threads=1,
    )
    weights = (tmp_path / "plate_corners.pth").read_bytes()
    theirs = TorchCornerFinder(TrainableCorners("plate_corners.pth", weights), device="cpu")
    rng = np.random.default_rng(0)
    patches = [rng.integers(0, 256, (80, 160, 3), np.uint8) for _ in range(11)]
    for our, their in zip(ours.find(patches), theirs.find(patches), strict=True):
        assert np.abs(our.corners_patch_px - their.corners_patch_px).max() < 1e-2
        assert abs(our.confidence - their.confidence) < 1e-3


def test_an_export_that_computes_something_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_weights(CornerNetwork(), tmp_path / "trained.pth")
    monkeypatch.setattr("edge_lpr.training.corner_export.TOLERANCE", -1.0)
    with pytest.raises(DataSetError, match="differs from the network"):
        export_trained_corners(tmp_path / "trained.pth", tmp_path)
    assert not (tmp_path / "corners.onnx").exists()


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save({"strange": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(DataSetError, match="not a corner network of this shape"):
        load_weights(CornerNetwork(), tmp_path / "other.pth")
