"""The ``figures`` and ``failures`` commands: real files and stages, fake detector and reader."""

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_lpr.core.errors import DataSetError
from edge_lpr.training import evaluate, failures, figures, laboratory_engine, other_readers
from edge_lpr.training.label_corrections import LabelCorrections
from edge_lpr.training.predictions import load_predictions
from edge_lpr.vision.engine import Engine
from tests.support.fakes import PaintedCornerFinder, PaintedPlateDetector, StripeReader, fake_frame

RIGHT, WRONG = (40, 60, 160, 90), (300, 200, 380, 230)


def write_picture(path: Path, plates: dict[str, tuple[int, int, int, int]], *size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture_bgr = fake_frame(plates, size_px=size or (640, 360)).image_bgr  # type: ignore[arg-type]
    cv2.imwrite(str(path), picture_bgr)  # noqa: TID251 - a drawing


def plate(text: str | None, box: tuple[int, int, int, int], region: str) -> dict[str, object]:
    left, top, right, bottom = box
    return {"box": [left, top, right - left, bottom - top], "text": text, "region": region}


@pytest.fixture(autouse=True)
def _fake_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        laboratory_engine,
        "load_engine",
        lambda _: Engine(PaintedPlateDetector(), PaintedCornerFinder(), StripeReader()),
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Write a photograph with a right, a wrong and a missing plate, an empty one, and two crops."""
    write_picture(tmp_path / "street/1.png", {"B10XYZ": RIGHT, "CJ99ABC": WRONG})
    write_picture(tmp_path / "negatives/2.png", {})
    write_picture(tmp_path / "brazil_crops/3.png", {"ABC1234": (0, 0, 192, 64)}, 192, 64)
    scenes = [
        {
            "image": "street/1.png",
            "plates": [
                plate("B10XYZ", RIGHT, "ro"),
                plate("CJ99ABD", WRONG, "ro"),
                plate("FAR1", (500, 300, 560, 320), "gb"),
            ],
        },
        {"image": "negatives/2.png", "plates": []},
    ]
    crops = [
        {"image": "brazil_crops/3.png", "text": "ABC1234", "split": "val", "region": "br"},
        {"image": "brazil_crops/gone.png", "text": "ABC1234", "split": "train", "region": "br"},
    ]
    for name, rows in (("scenes-val", scenes), ("crops", crops)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return tmp_path


def measured(capsys: pytest.CaptureFixture[str], data: Path) -> dict[str, Any]:
    """Run the command, and return its last line."""
    assert figures.main(["--data", str(data), "--json"]) == 0
    tables: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return tables


def hits(cell: dict[str, int]) -> tuple[int, int]:
    return cell["hits"], cell["total"]


def test_one_command_measures_photographs_and_crops(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = measured(capsys, data)
    street = tables["scenes_by_source"]["street"]
    assert (hits(street["detected"]), hits(street["strict"])) == ((2, 3), (1, 3))
    assert hits(tables["scenes_by_width"]["60 to 100 px"]["strict"]) == (0, 2)
    assert hits(tables["scenes_by_width"]["> 100 px"]["strict"]) == (1, 1)
    assert tables["crops_by_source"]["Brazil"]["plates"] == 1
    assert tables["plate_free"]["invented plates"]["number"] == 0
    assert hits(tables["detection_public"]["all that is reported"]["recall"]) == (2, 3)
    assert tables["calibration"]["scenes"]["characters"] == 6 + 7


def test_regions_of_a_few_plates_share_a_row(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(measured(capsys, data)["scenes_by_region"]) == {"**all**", "others"}


def test_audited_labels_take_the_place_of_wrong_ones(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"brazil_crops/3.png": {"ABC1234": "ABC1284"}}
    changed = LabelCorrections({}, {}, validation_texts=wrong)
    monkeypatch.setattr(figures, "load_corrections", lambda: changed)
    tables = measured(capsys, data)
    assert (
        tables["audited"]["public labels"]["strict"]["hits"]
        == tables["crops_by_source"]["Brazil"]["strict"]["hits"]
    )
    assert tables["audited"]["audited labels"]["strict"]["hits"] == 0


def test_audited_boxes_take_the_place_of_wrong_ones(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    missed = {"street/1.png": ((500.0, 300.0, 60.0, 20.0),)}
    changed = LabelCorrections({}, {}, validation_boxes=missed)
    monkeypatch.setattr(figures, "load_corrections", lambda: changed)
    tables = measured(capsys, data)
    public, audited = tables["detection_public"], tables["detection_audited"]
    assert hits(public["all that is reported"]["recall"]) == (2, 3)
    assert hits(audited["all that is reported"]["recall"]) == (2, 2)


def test_model_card_gets_tables(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert figures.main(["--data", str(data), "--markdown"]) == 0
    assert (
        "| source | plates | detected | strict | folded | fold token |" in capsys.readouterr().out
    )


def test_folder_without_labels_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert figures.main(["--data", str(tmp_path)]) == 2
    assert "scenes-val.jsonl" in capsys.readouterr().err


def test_impossible_number_of_threads_is_refused(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert figures.main(["--data", str(data), "--threads", "0"]) == 2
    assert "--threads: " in capsys.readouterr().err


def run_failures(data: Path, *more: object) -> dict[str, Any]:
    """Run the command on the photographs, and return its summary."""
    arguments = ["--labels", data / "scenes-val.jsonl", "--images", data, "--out", data / "out"]
    assert failures.main([str(argument) for argument in (*arguments, *more)]) == 0
    summary: dict[str, Any] = json.loads((data / "out/causes.json").read_text())
    return summary


def test_failures_are_shown_by_cause(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = run_failures(data)
    assert (summary["plates"], summary["failures"]) == (3, 2)
    (missed,) = summary["causes"]["missed"]
    assert (missed["label"], missed["read"]) == ("FAR1", None)
    (misread,) = summary["causes"]["misread"]
    assert (misread["label"], misread["read"]) == ("CJ99ABD", "CJ99ABC")
    assert "| missed | 1 | 50% |" in capsys.readouterr().out
    sheet = cv2.imread(str(data / "out/missed.png"))
    assert sheet is not None
    assert np.ptp(sheet) > 0


def test_what_a_person_saw_overrules_the_rules(data: Path) -> None:
    (data / "reviewed.json").write_text('{"street/1.png#CJ99ABD": "label_wrong"}')
    summary = run_failures(data, "--reviewed", data / "reviewed.json")
    assert [plate["label"] for plate in summary["causes"]["label_wrong"]] == ["CJ99ABD"]
    assert summary["causes"]["misread"] == []


def test_failures_are_taken_from_a_file_of_predictions(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = data / "predictions.jsonl"
    base = ["--labels", str(data / "scenes-val.jsonl"), "--images", str(data)]
    assert evaluate.main([*base, "--predictions", str(out)]) == 0
    before = run_failures(data)
    monkeypatch.setattr(PaintedPlateDetector, "detect", None)
    assert run_failures(data, "--predictions", out) == before


def test_failures_of_crops_are_found_without_detection(data: Path) -> None:
    row = {"image": "brazil_crops/3.png", "text": "XYZ9876", "split": "val"}
    (data / "scenes-val.jsonl").write_text(json.dumps(row))
    summary = run_failures(data, "--crops", "--split", "val")
    assert (summary["plates"], summary["failures"]) == (1, 1)


def test_predictions_of_other_labels_are_refused(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "other.jsonl").write_text('{"image": "street/1.png", "plates": [], "ms": 1}')
    arguments = ["--labels", data / "scenes-val.jsonl", "--images", data, "--out", data / "out"]
    arguments += ["--crops", "--predictions", data / "other.jsonl"]
    assert failures.main([str(argument) for argument in arguments]) == 2
    assert "street/1.png are not of these labels" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param("{", "JSON of reviewed causes", id="no-json"),
        pytest.param('{"a#b": "moonlight"}', "causes are too_small", id="no-cause"),
    ],
)
def test_wrong_review_is_refused(
    data: Path, capsys: pytest.CaptureFixture[str], content: str, sentence: str
) -> None:
    (data / "reviewed.json").write_text(content)
    arguments = ["--labels", data / "scenes-val.jsonl", "--images", data, "--out", data / "out"]
    arguments += ["--reviewed", data / "reviewed.json"]
    assert failures.main([str(argument) for argument in arguments]) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("{", id="no-json"),
        pytest.param('{"image": "a.png", "plates": [{"text": "A"}], "ms": 1}', id="no-box"),
        pytest.param(
            '{"image": "a.png", "plates": [{"text": "A", "box": [1, 2, 3, 4], "quad": [[1, 2]], '
            '"detection": 1, "characters": [1]}], "ms": 1}',
            id="no-quad",
        ),
    ],
)
def test_wrong_line_of_predictions_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "predictions.jsonl"
    path.write_text(line)
    with pytest.raises(DataSetError, match="line 1"):
        load_predictions(path)


def test_missing_file_of_predictions_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match=r"gone\.jsonl"):
        load_predictions(tmp_path / "gone.jsonl")


def test_other_readers_get_the_same_plates(data: Path) -> None:
    widths: list[int] = []

    def read(picture_bgr: np.ndarray[Any, Any]) -> str:
        widths.append(picture_bgr.shape[1])
        return "b 10-xyz\n"

    crops, scenes = other_readers.compare(data, {"one": read})
    assert [crops.rows["one"][0], scenes.rows["one"][0]] == [1, 3]
    assert scenes.as_json()["one"]["strict"]["hits"] == 1
    assert widths == [192, 130, 86, 64]


def test_no_other_reader_is_said_in_a_sentence(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert other_readers.main(["--data", str(data), "--only", "tesseract"]) == 2
    assert "install tesseract-ocr" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_tesseract_reads_large_print() -> None:
    picture_bgr = np.full((80, 420, 3), 255, np.uint8)
    cv2.putText(picture_bgr, "B10XYZ", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 2, (0, 0, 0), 4)
    (read,) = other_readers.installed_readers(["tesseract"]).values()
    assert read(picture_bgr).strip()
