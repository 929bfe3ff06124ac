"""The ``simulate`` command: the shipped models on a small simulated lane, and films in order."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("PIL")
pytest.importorskip("matplotlib")

from edge_lpr.training import simulate
from edge_lpr.training.real_sequences import load_real_sequences

SMALL = (
    "--typefaces", "bundled", "--scenarios", "plain,empty", "--passages", "2",
    "--conditions", "day", "--fps", "6", "--empty-seconds", "1", "--threads", "1",
)  # fmt: skip


def test_day_time_passages_are_read_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate.main([*SMALL, "--json"]) == 0
    out, err = capsys.readouterr()
    counts = json.loads(out.splitlines()[-1])["counts"]["all passages"]
    assert counts["passages"] == 2
    assert counts["read_exactly"] == 2
    assert counts["invented"] == 0
    assert counts["singles_right"] > 0
    assert "min left" in err


def test_two_processes_count_what_one_counts(capsys: pytest.CaptureFixture[str]) -> None:
    counts = []
    for processes in ("1", "2"):
        arguments = [*SMALL, "--shift-passages", "1", "--processes", processes, "--json"]
        assert simulate.main(arguments) == 0
        counts.append(json.loads(capsys.readouterr().out.splitlines()[-1])["counts"])
    assert counts[0] == counts[1]


def test_sheets_are_pictures_for_each_condition(tmp_path: Path) -> None:
    folder = tmp_path / "sheets"
    arguments = [*SMALL, "--passages", "1", "--sheet", str(folder)]
    assert simulate.main(arguments) == 0
    sheets = sorted(folder.iterdir())
    assert [sheet.name for sheet in sheets] == ["000-day-frames.png", "000-day-plates.png"]
    for sheet in sheets:
        picture = cv2.imread(str(sheet))
        assert picture is not None
        assert picture.std() > 10


def test_a_lane_without_vehicles_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate.main(["--scenarios", "empty", "--typefaces", "bundled"]) == 2
    assert "drives" in capsys.readouterr().err


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Write labels of two films, out of order, one row of them held out."""

    def row(image: str, source: str, text: str | None, width: float = 60.0) -> str:
        plates = [{"box": [10.0, 10.0, width, 15.0], "text": text}]
        return json.dumps({"image": image, "plates": plates, "source": source, "group": 1})

    train = [
        row("romania_rl/2.jpg", "x/film_001.mp4#t=12.jpg", "B10XYZ"),
        row("romania_rl/1.jpg", "x/film_001.mp4#t=9.jpg", "B10XYZ"),
        row("romania_rl/4.jpg", "x/film_001.mp4#t=60.jpg", "B10XYZ"),
        row("romania_rl/5.jpg", "x/film_001.mp4#t=61.jpg", None),
        row("alwyn_in/1.jpg", "x/numberplate_2.jpg", "DL7CD5017"),
        row("alwyn_in/0.jpg", "x/numberplate_1.jpg", "DL7CD5017"),
        row("street/1.jpg", "elsewhere", "AB12CDE"),
    ]
    held_out = [row("romania_rl/3.jpg", "y/film_001.mp4#t=10.jpg", "B10XYZ")]
    (tmp_path / "scenes-train.jsonl").write_text("\n".join(train))
    (tmp_path / "scenes-val.jsonl").write_text("\n".join(held_out))
    for name in ("romania_rl", "alwyn_in"):
        (tmp_path / name).mkdir()
        for number in range(6):
            path = tmp_path / name / f"{number}.jpg"
            grey = np.full((90, 160, 3), 90, np.uint8)
            assert cv2.imwrite(str(path), grey)  # noqa: TID251 - a drawing
    return tmp_path


def test_films_are_put_in_order_and_cut_into_passages(films: Path) -> None:
    highway, dashcam = load_real_sequences(films)
    assert [row.image for row in highway.rows] == ["alwyn_in/0.jpg", "alwyn_in/1.jpg"]
    assert dashcam.times_s == (9.0, 10.0, 12.0, 60.0, 61.0)
    assert [(each.first_seen, each.last_seen) for each in dashcam.passages] == [(0, 2), (3, 3)]
    assert [each.is_counted for each in dashcam.passages] == [True, False]
    assert "held out" in dashcam.rows_of_frames[1]
    times_ns = [frame.captured_ns for frame in dashcam.frames(films)]
    assert times_ns == [9e9, 10e9, 12e9, 60e9, 61e9]


def test_films_stand_beside_the_simulation(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [*SMALL, "--passages", "1", "--data", str(films), "--markdown", "--json"]
    assert simulate.main(arguments) == 0
    out = capsys.readouterr().out
    assert "| Romanian dashcam, trained on |" in out
    counts = json.loads(out.splitlines()[-1])["counts"]["highway camera alwyn_in, trained on"]
    assert (counts["passages"], counts["read"]) == (1, 0)
