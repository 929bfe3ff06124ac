"""Label files: what is accepted, and how a wrong row is reported."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.dataset import (
    PlateLabel,
    SceneRow,
    cap_films,
    load_crops,
    load_known_plates,
    load_scenes,
    row_weight,
)


def scene(**changes: object) -> dict[str, Any]:
    row = {
        "image": "street/1.jpg",
        "width": 640,
        "height": 480,
        "plates": [{"box": [10, 20, 80.5, 20], "text": "b-10 xyz", "region": "ro"}],
        "grade": "good",
        "source": "somewhere@1:1.jpg",
        "group": 7,
    }
    return {**row, **changes}


def write(folder: Path, *rows: object) -> Path:
    path = folder / "labels.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return path


def film_row(number: int, group: int | None) -> SceneRow:
    plate = PlateLabel((0.0, 0.0, 50.0, 12.0), "B10XYZ", "ro")
    source = f"film.mp4#t={number}.jpg"
    return SceneRow(
        f"film/{number}.jpg", 64, 48, (plate,), is_low_grade=False, source=source, group=group
    )


def test_scene_row_keeps_what_was_labelled(tmp_path: Path) -> None:
    (row,) = load_scenes(write(tmp_path, scene()))
    assert row.table == "street"
    assert row.plates == (PlateLabel((10.0, 20.0, 80.5, 20.0), "B10XYZ", "ro"),)
    assert row.group == 7


def test_accented_letter_counts_as_the_plain_one(tmp_path: Path) -> None:
    crop = {"image": "eu/1.jpg", "text": "mü-n 4513", "split": "val"}
    assert load_crops(write(tmp_path, crop))[0].text == "MUN4513"


def test_scene_row_needs_no_more_than_picture_and_boxes(tmp_path: Path) -> None:
    path = write(tmp_path, {"image": "a.jpg", "plates": [{"box": [0, 0, 5, 5]}]})
    (row,) = load_scenes(path)
    assert row.width_px is None
    assert row.plates[0].text is None


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(scene(image="../secret.jpg"), id="leaves-the-folder"),
        pytest.param(scene(image="/etc/passwd"), id="absolute"),
        pytest.param(scene(image=5), id="image-no-string"),
        pytest.param(scene(width=0), id="no-width"),
        pytest.param(scene(width="640"), id="width-no-number"),
        pytest.param(scene(plates=[{"box": [0, 0, 0, 5]}]), id="empty-box"),
        pytest.param(scene(plates=[{"box": [0, 0, 5]}]), id="three-numbers"),
        pytest.param(scene(plates=[{"box": [0, 0, float("nan"), 5]}]), id="not-a-number"),
        pytest.param(scene(plates=[{"box": [1e9, 0, 5, 5]}]), id="far-away"),
        pytest.param(scene(plates=[{"box": [0, 0, 5, 5], "text": "A" * 99}]), id="endless-text"),
        pytest.param(scene(plates=[{"box": [0, 0, 5, 5]}] * 501), id="too-many-plates"),
        pytest.param(scene(group="x"), id="group-no-number"),
        pytest.param([], id="no-object"),
    ],
)
def test_wrong_row_is_refused_with_its_line(tmp_path: Path, row: object) -> None:
    with pytest.raises(DataSetError, match="line 2"):
        load_scenes(write(tmp_path, scene(), row))


def test_missing_label_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match=r"absent\.jsonl"):
        load_scenes(tmp_path / "absent.jsonl")


def test_oversized_label_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_lpr.training.dataset.MAX_LABEL_FILE_BYTES", 10)
    with pytest.raises(DataSetError, match="at most 10"):
        load_scenes(write(tmp_path, scene()))


def test_crop_needs_text_and_split(tmp_path: Path) -> None:
    crop = {"image": "eu/1.jpg", "width": 200, "height": 50, "text": "1L900", "split": "val"}
    assert load_crops(write(tmp_path, crop))[0].text == "1L900"
    for wrong in ({**crop, "text": None}, {**crop, "split": "test"}):
        with pytest.raises(DataSetError):
            load_crops(write(tmp_path, wrong))


def test_known_plates_come_from_crops_and_scenes_alike(tmp_path: Path) -> None:
    crop = {"image": "eu/1.jpg", "text": "1L900", "split": "val"}
    whole, boxed = load_known_plates(write(tmp_path, crop, scene()))
    assert whole.plates == ((None, "1L900"),)
    assert boxed.plates == (((10.0, 20.0, 80.5, 20.0), "B10XYZ"),)


def test_split_chooses_rows(tmp_path: Path) -> None:
    rows = [{"image": f"{s}.jpg", "text": "AB12", "split": s} for s in ("train", "val")]
    (kept,) = load_known_plates(write(tmp_path, *rows), split="val")
    assert kept.image == "val.jpg"


def test_film_gives_few_frames_of_each_car_spread_over_its_time() -> None:
    rows = [film_row(number, group=1) for number in range(12)] + [film_row(99, group=2)]
    kept = [row.image for row in cap_films(rows, frames_per_car=3)]
    assert kept == ["film/0.jpg", "film/4.jpg", "film/8.jpg", "film/99.jpg"]


def test_rows_without_a_group_are_no_film() -> None:
    rows = [film_row(number, group=None) for number in range(12)]
    assert cap_films(rows, frames_per_car=3) == rows


def test_poor_pictures_and_empty_scenes_are_drawn_less_often(tmp_path: Path) -> None:
    path = write(tmp_path, scene(), scene(grade="low"), scene(plates=[]))
    good, low, empty = (row_weight(row) for row in load_scenes(path))
    assert 0 < low < empty < good
