"""The detector learns, is killed, goes on, and is exported: all of it small, on drawn pictures."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ultralytics")

import onnxruntime
import torch
import ultralytics

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.detector_export import export_detector
from edge_lpr.training.detector_findings import load_findings
from edge_lpr.training.detector_network import (
    LOSS_GAINS,
    build_detector,
    load_weights,
    save_weights,
)
from edge_lpr.training.options import claim
from edge_lpr.training.progress import Progress, rate_share
from edge_lpr.training.train_detector import DetectorLearner, main
from tests.support.drawn_data import write_drawn_data

pytestmark = [
    pytest.mark.torch,
    # The libraries' own habits: deprecated calls, and remarks about tracing.
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
    monkeypatch.setattr("edge_lpr.training.detector_review.LONG_SIDE_PX", 320)
    monkeypatch.setattr("edge_lpr.training.detector_batches.WINDOW_SIZES_PX", (64, 96, 128))


def batch_with(knowledge: int) -> dict[str, torch.Tensor]:
    """Make a batch of one picture with one plate."""
    corners = torch.tensor([[0.3, 0.4], [0.7, 0.4], [0.7, 0.6], [0.3, 0.6]])
    known = torch.full((4, 1), float(knowledge))
    return {
        "img": torch.randint(256, (1, 3, 128, 128), generator=torch.Generator().manual_seed(1)).to(
            torch.uint8
        ),
        "batch_idx": torch.zeros(1),
        "cls": torch.zeros(1, 1),
        "bboxes": torch.tensor([[0.5, 0.5, 0.4, 0.2]]),
        "keypoints": torch.cat([corners, known], 1)[None],
    }


def test_killed_training_goes_on_where_it_was_saved(data: Path, tmp_path: Path) -> None:
    state = tmp_path / "work/detector-state.pt"
    command = ["--data", str(data), "--work", str(tmp_path / "work"), "--batch-size", "2"]
    assert main([*command, "--minutes", "0.001"]) == 0
    first = torch.load(state, weights_only=True)["progress"]
    longer_min = first["elapsed_s"] / 60 + 0.03
    assert main([*command, "--resume", "--minutes", str(longer_min)]) == 0
    second = torch.load(state, weights_only=True)["progress"]
    assert second["step"] > first["step"]
    findings = load_findings(tmp_path / "work/detector-findings.json")
    assert set(findings.false_alarms) <= {"street/2.png"}


def test_training_does_not_overwrite_another(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "detector-state.pt").write_bytes(b"hours of work")
    assert main(["--data", str(data), "--work", str(work)]) == 2
    assert "--resume" in capsys.readouterr().err
    assert (work / "detector-state.pt").read_bytes() == b"hours of work"


def test_resuming_nothing_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(data), "--work", str(tmp_path / "work"), "--resume"]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_steps_make_the_loss_smaller(tmp_path: Path) -> None:
    torch.manual_seed(0)
    learner = DetectorLearner(tmp_path, Progress(10.0, 2e-3, elapsed_s=1.0), None, batch=1)
    losses = [learner.step(batch_with(2)) for _ in range(12)]
    gained = {name: float(losses[0][name] - losses[-1][name]) for name in ("box_loss", "pose_loss")}
    assert all(gain > 0 for gain in gained.values())


@pytest.mark.parametrize(
    ("knowledge", "teaches"),
    [
        pytest.param(2, True, id="corners"),
        pytest.param(3, True, id="believed"),
        pytest.param(1, True, id="box"),
        pytest.param(0, False, id="nothing"),
    ],
)
def test_corners_learn_only_from_what_is_known(*, knowledge: int, teaches: bool) -> None:
    network = build_detector()
    batch = batch_with(knowledge)
    batch["img"] = batch["img"].float() / 255
    _, parts = network.loss(batch, network(batch["img"]))
    assert (float(parts["pose_loss"]) > 0) == teaches


def test_rate_climbs_then_falls_to_almost_nothing() -> None:
    rates = [rate_share(share / 100) for share in range(101)]
    assert rates[0] < rates[3] > rates[50] > rates[100] > 0


def test_saved_weights_load_with_the_stock_library(tmp_path: Path) -> None:
    network = build_detector()
    save_weights(network, tmp_path / "detector.pt")
    assert (tmp_path / "detector.pt").stat().st_size < 8_000_000
    stock = ultralytics.YOLO(tmp_path / "detector.pt")
    assert stock.task == "pose"
    assert stock.names == {0: "plate"}
    assert LOSS_GAINS["kobj"] == 0


def test_saved_weights_do_not_tell_where_they_were(tmp_path: Path) -> None:
    save_weights(build_detector(), tmp_path / "first.pt")
    save_weights(load_weights(tmp_path / "first.pt"), tmp_path / "second.pt")
    assert str(tmp_path).encode() not in (tmp_path / "second.pt").read_bytes()


class _BoobyTrap:
    """An object that makes a folder when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return Path.mkdir, (self._marker,)


def test_weights_that_run_code_are_refused_and_do_not_get_to_run_it(tmp_path: Path) -> None:
    marker = tmp_path / "was-here"
    torch.save({"model": _BoobyTrap(marker)}, tmp_path / "detector.pt")
    with pytest.raises(DataSetError, match="is no detector"):
        load_weights(tmp_path / "detector.pt")
    assert not marker.exists()


def test_work_that_is_no_folder_is_a_sentence(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "work").write_text("a file")
    assert main(["--data", str(data), "--work", str(tmp_path / "work")]) == 2
    assert "File exists" in capsys.readouterr().err


def test_two_trainings_do_not_share_a_folder(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "work"
    with claim(work, "detector"):
        assert main(["--data", str(data), "--work", str(work)]) == 2
    assert "another process" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--minutes", "--rate", "--batch-size", "--save-seconds"])
def test_numbers_that_no_training_can_use_are_refused(
    option: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(data), "--work", str(tmp_path / "work"), option, "0"]) == 2
    assert f"{option} is 0" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"half a checkpoint", b"{}", b""])
def test_damaged_checkpoint_is_a_sentence_and_not_a_traceback(
    content: bytes, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "detector-state.pt").write_bytes(content)
    assert main(["--data", str(data), "--work", str(work), "--resume"]) == 2
    assert "is no checkpoint" in capsys.readouterr().err


def test_exported_detector_computes_what_the_network_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = build_detector()
    save_weights(network, tmp_path / "detector.pt")
    network = load_weights(tmp_path / "detector.pt")
    export_detector(network, tmp_path / "detector.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "detector.onnx")
    for size in ((64, 96), (128, 64)):
        frames = torch.rand(1, 3, *size)
        with torch.no_grad():
            expected = network(frames)[0].numpy()
        (heads,) = session.run(["detections"], {"frames": frames.numpy()})
        assert heads.shape == expected.shape
        assert np.abs(heads - expected).max() < 1e-3
