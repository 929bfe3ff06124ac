"""``edge-lpr bench`` on this machine: what it says, not how fast the machine is."""

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge_lpr.bench.__main__ import main
from edge_lpr.bench.clip import write_clip
from edge_lpr.bench.frames import render_day, render_still_lane
from edge_lpr.demo import brokers
from tests.support.broker import Mosquitto

PATIENCE_S = 300

PIPELINE = {
    "frames a second, engine onnx",
    "frames a second, skipping allowed",
    "detect, median",
    "refine, median",
    "rectify and read, median",
    "track and vote, median",
    "whole frame, 95th percentile",
    "empty lane, still",
    "growth in 100,000 frames",
    "growth of open descriptors",
}


def bench(*words: str, environment: dict[str, str] | None = None) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "edge_lpr", "bench", "--json", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, **(environment or {})},
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def figures_by_name(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {figure["name"]: figure for figure in report["figures"]}


@pytest.fixture(scope="module")
def pipeline_report() -> dict[str, Any]:
    return bench("--frames", "4", "--only", "speed,stages,empty", "--soak", "100")


def test_tokens_are_measured_without_the_models() -> None:
    figures = figures_by_name(bench("--only", "tokens"))
    median, slow = (
        figures[f"token latency, {which}"]["value"] for which in ("median", "99th percentile")
    )
    assert 0 < median <= slow
    assert figures["tokens a second, all cores"]["value"] > 0
    assert figures["search of a watch-list"]["value"] > 0
    assert figures["watch-list in memory"]["is_met"]


def test_every_figure_of_the_pipeline_is_a_number(pipeline_report: dict[str, Any]) -> None:
    figures = figures_by_name(pipeline_report)
    assert set(figures) >= PIPELINE
    assert all(math.isfinite(figure["value"]) for figure in figures.values())


def test_the_machine_is_named(pipeline_report: dict[str, Any]) -> None:
    assert pipeline_report["machine"]["cores"] >= 1
    assert pipeline_report["machine"]["onnxruntime"]


def test_a_plate_is_found_in_every_frame_that_is_timed(pipeline_report: dict[str, Any]) -> None:
    remark = figures_by_name(pipeline_report)["frames a second, engine onnx"]["remark"]
    assert "4 frames, a plate found in all" in remark


def test_stages_together_are_the_whole_frame(pipeline_report: dict[str, Any]) -> None:
    figures = figures_by_name(pipeline_report)
    stages = ("detect", "refine", "rectify and read", "track and vote")
    slowest = max(figures[f"{stage}, median"]["value"] for stage in stages)
    assert figures["whole frame, 95th percentile"]["value"] >= slowest


@pytest.mark.broker
def test_a_booth_has_memory_and_a_first_sighting(tmp_path: Path) -> None:
    Mosquitto(tmp_path)  # skips, or fails, where there is none
    figures = figures_by_name(bench("--only", "booth,decoding", "--frames", "8"))
    assert all(
        figures[f"memory of {process}, {kind}"]["value"] > 1
        for process in ("vision", "tokeniser", "publisher", "all three")
        for kind in ("RSS", "PSS")
    )
    whole = figures["memory of all three, RSS"]["value"]
    assert whole >= figures["memory of all three, PSS"]["value"]
    assert figures["start to first sighting"]["value"] > 0
    assert set(figures) >= {"decoding H.264, time", "decoding H.264, processor time"}


def test_what_cannot_be_measured_without_a_broker_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(brokers, "_SEARCH_PATH_OF_SERVICES", str(tmp_path))
    assert main(["--json", "--only", "booth,decoding", "--frames", "8"]) == 0
    figures = json.loads(capsys.readouterr().out)["figures"]
    assert {figure["value"] for figure in figures} == {None}
    assert {figure["remark"] for figure in figures if figure["row"] == "booth"} == {
        "not measured (mosquitto missing)"
    }


@pytest.mark.skipif(
    importlib.util.find_spec("ultralytics") is not None, reason="the torch engine is installed"
)
def test_torch_that_is_not_installed_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--engine", "torch", "--only", "speed"]) == 1
    assert "pip install 'edge-lpr[torch]'" in capsys.readouterr().err


@pytest.mark.torch
def test_both_engines_run_on_the_same_frames() -> None:
    figures = figures_by_name(bench("--engine", "torch", "--only", "speed", "--frames", "2"))
    onnx, torch = (
        figures[f"frames a second, engine {name}"]["value"] for name in ("onnx", "torch")
    )
    assert figures["onnx against torch"]["value"] == pytest.approx(onnx / torch)


def test_a_clip_without_ffmpeg_is_a_video_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    clip = write_clip(tmp_path, render_still_lane(3))
    assert clip.codec == "Motion JPEG"
    assert clip.file.stat().st_size > 0


def test_noise_is_all_that_differs_in_a_still_lane() -> None:
    one, two = render_still_lane(2)
    assert 0 < abs(one.astype(float) - two).mean() < 5


def test_the_first_vehicle_is_there_from_the_first_frame() -> None:
    picture = next(render_day(1))
    assert picture.shape == (720, 1280, 3)
