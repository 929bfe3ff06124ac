"""The ``evaluate`` command: real files and stages, fake detector and reader."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_lpr.training import evaluate, laboratory_engine
from edge_lpr.vision.engine import Engine
from tests.support.fakes import PaintedCornerFinder, PaintedPlateDetector, StripeReader, fake_frame

PLATES = {"B10XYZ": (40, 60, 160, 90), "CJ99ABC": (300, 200, 420, 230)}


def write_picture(path: Path, plates: dict[str, tuple[int, int, int, int]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), fake_frame(plates).image_bgr)  # noqa: TID251 - a drawing


def plate(text: str | None, box_xyxy: tuple[int, int, int, int]) -> dict[str, object]:
    left, top, right, bottom = box_xyxy
    return {"box": [left, top, right - left, bottom - top], "text": text}


@pytest.fixture(autouse=True)
def _fake_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        laboratory_engine,
        "load_engine",
        lambda _: Engine(PaintedPlateDetector(), PaintedCornerFinder(), StripeReader()),
    )


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """Write a photograph with two plates, one of them mislabelled, and one without any."""
    write_picture(tmp_path / "street/1.png", PLATES)
    write_picture(tmp_path / "empty/2.png", {})
    rows = [
        {
            "image": "street/1.png",
            "plates": [
                plate("B10XYZ", PLATES["B10XYZ"]),
                plate("CJ99ABD", PLATES["CJ99ABC"]),
                plate("FAR1", (500, 300, 560, 320)),
            ],
        },
        {"image": "empty/2.png", "plates": []},
    ]
    (tmp_path / "labels.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return tmp_path


def measured(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, object]:
    """Run the command, and return its last line."""
    assert evaluate.main([*(str(argument) for argument in arguments), "--json"]) == 0
    summary: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return summary


def test_photographs_give_every_measure(street: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = measured(capsys, "--labels", street / "labels.jsonl", "--images", street)
    assert summary["counts"] == {
        "detection_recall": [2, 3],
        "exact": [1, 3],
        "exact_folded": [1, 3],
        "fold_token": [1, 3],
        "character_error": [1 + 4, 6 + 7 + 4],
        "detection_recall_all": [2, 3],
        "detection_precision": [2, 2],
    }
    assert summary["exact"] == pytest.approx(1 / 3, abs=1e-5)


def test_predictions_have_a_line_for_each_photograph(street: Path) -> None:
    out = street / "predictions.jsonl"
    arguments = ["--labels", street / "labels.jsonl", "--images", street, "--predictions", out]
    assert evaluate.main([str(argument) for argument in arguments]) == 0
    first, second = (json.loads(line) for line in out.read_text().splitlines())
    by_text = {found["text"]: found for found in first["plates"]}
    assert by_text["B10XYZ"]["box"] == pytest.approx([40, 60, 120, 30], abs=1)
    assert np.array(by_text["B10XYZ"]["quad"]).shape == (4, 2)
    assert 0 < by_text["B10XYZ"]["confidence"] <= 1
    assert first["ms"] > 0
    assert second == {"image": "empty/2.png", "plates": [], "ms": second["ms"]}


def test_crops_are_read_where_the_labels_say(
    street: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--labels", street / "labels.jsonl", "--images", street, "--crops")
    summary = measured(capsys, *arguments)
    assert summary["counts"]["exact"] == [1, 3]  # type: ignore[index]
    assert "detection_recall" not in summary


def test_whole_picture_is_the_plate_where_no_box_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = fake_frame({"B10XYZ": (0, 0, 192, 64)}, size_px=(192, 64)).image_bgr
    cv2.imwrite(str(tmp_path / "crop.png"), picture)  # noqa: TID251 - a drawing
    row = {"image": "crop.png", "text": "B10XYZ", "split": "val"}
    (tmp_path / "crops.jsonl").write_text(json.dumps(row))
    arguments = ("--labels", tmp_path / "crops.jsonl", "--images", tmp_path, "--crops")
    summary = measured(capsys, *arguments)
    assert summary["counts"]["character_error"][1] == 6  # type: ignore[index]


def test_film_runs_through_the_whole_vision_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for index in range(60):
        shift_px = 4 * (index - 20)
        box = (100 + shift_px, 100, 220 + shift_px, 130)
        write_picture(
            tmp_path / f"film/{index:04d}.png", {"B10XYZ": box} if 20 <= index < 35 else {}
        )
    passes = [{"first": 20, "last": 34, "text": "B10XYZ"}]
    labels = {"frames": 60, "fps": 10, "passes": passes}
    (tmp_path / "passes.json").write_text(json.dumps(labels))
    summary = measured(capsys, "--passes", tmp_path / "film", "--labels", tmp_path / "passes.json")
    assert summary["read_rate"] == 1
    assert (summary["misread_rate"], summary["duplicates"], summary["invented"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["--labels", "absent.jsonl"], "absent.jsonl", id="no-labels"),
        pytest.param(["--images", "/nowhere"], "not a readable picture", id="no-pictures"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(
    street: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    base = ["--labels", str(street / "labels.jsonl"), "--images", str(street)]
    assert evaluate.main(base + arguments) == 2
    assert sentence in capsys.readouterr().err


def test_command_needs_pictures_or_a_film() -> None:
    with pytest.raises(SystemExit, match="2"):
        evaluate.main(["--labels", "labels.jsonl"])


@pytest.mark.parametrize(
    "film",
    [
        pytest.param({"frames": 0, "fps": 10, "passes": []}, id="no-frames"),
        pytest.param({"frames": 5, "fps": 0, "passes": []}, id="no-rate"),
        pytest.param({"frames": 5, "fps": 1, "passes": [{"first": 3, "last": 1}]}, id="backwards"),
        pytest.param({"fps": 10}, id="incomplete"),
        pytest.param([], id="no-object"),
    ],
)
def test_impossible_film_labels_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], film: object
) -> None:
    path = tmp_path / "passes.json"
    path.write_text(json.dumps(film))
    assert evaluate.main(["--passes", str(tmp_path), "--labels", str(path)]) == 2
    assert str(path) in capsys.readouterr().err


def test_evaluation_needs_no_training_library() -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'ultralytics', 'easyocr', 'onnx', 'PIL'): sys.modules[name] = None\n"
        "import edge_lpr.training.evaluate\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
