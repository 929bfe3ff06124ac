"""What ``diagnose`` sees of a machine: files of the kernel below another root folder."""

import json
import shutil
from importlib import resources
from pathlib import Path

import pytest

from edge_lpr.core.clock import TimeQuality
from edge_lpr.diagnostics.finding import Finding
from edge_lpr.diagnostics.machine import Machine
from edge_lpr.diagnostics.time_server import TimeAnswer, last_answer
from tests.support.clock import SetClock


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def found(
    root: Path, clock: SetClock | None = None, answer: TimeAnswer | None = None, **more: Path
) -> dict[str, Finding]:
    looked_at = Machine(root, clock or SetClock(), last_answer=lambda: answer, **more)
    return {finding.name: finding for finding in looked_at.findings()}


def test_machine_that_shows_nothing_is_told_nothing_of(tmp_path: Path) -> None:
    assert set(found(tmp_path)) == {"disk_space", "clock", "models_digests"}


@pytest.mark.parametrize(
    ("degrees", "verdict", "code"),
    [(61_000, "good", ""), (76_000, "warning", "LPR-B01"), (83_000, "bad", "LPR-B01")],
)
def test_hottest_sensor_is_told(tmp_path: Path, degrees: int, verdict: str, code: str) -> None:
    folder = tmp_path / "sys/class/thermal"
    write(folder / "thermal_zone0/temp", "41000\n")
    write(folder / "thermal_zone1/temp", f"{degrees}\n")
    write(folder / "thermal_zone2/temp", "-273000\n")
    write(folder / "thermal_zone3/temp", "asleep\n")
    said = found(tmp_path)["temperature"]
    assert (said.verdict, said.code) == (verdict, code)
    assert said.numbers == {"hottest_c": degrees // 1000}


@pytest.mark.parametrize(
    ("bits", "verdict"), [("0x0", "good"), ("0x50005", "bad"), ("0x50000", "warning")]
)
def test_what_the_firmware_of_a_raspberry_pi_says_is_told(
    tmp_path: Path, bits: str, verdict: str
) -> None:
    write(tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled", f"{bits}\n")
    assert found(tmp_path)["throttling"].verdict == verdict


@pytest.mark.parametrize(("left", "verdict"), [(3_000_000, "good"), (200_000, "bad")])
def test_memory_that_is_left_is_told(tmp_path: Path, left: int, verdict: str) -> None:
    write(tmp_path / "proc/meminfo", f"MemTotal: 4000000 kB\nMemAvailable: {left} kB\n")
    assert found(tmp_path)["memory"].verdict == verdict


@pytest.mark.parametrize(("life", "verdict"), [("0x01 0x02", "good"), ("0x02 0x0a", "warning")])
def test_wear_of_a_soldered_card_is_told(tmp_path: Path, life: str, verdict: str) -> None:
    write(tmp_path / "sys/block/mmcblk0/device/life_time", f"{life}\n")
    write(tmp_path / "sys/block/mmcblk1/device/life_time", "\n")
    assert found(tmp_path)["disk_wear"].verdict == verdict


def test_disk_that_fills_is_a_warning_and_a_full_one_is_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for free, verdict in ((500_000_000, "good"), (100_000_000, "warning"), (9_000_000, "bad")):
        usage = shutil._ntuple_diskusage(1_000_000_000, 1_000_000_000 - free, free)
        monkeypatch.setattr(shutil, "disk_usage", lambda _, usage=usage: usage)
        assert found(tmp_path)["disk_space"].verdict == verdict


def test_large_disk_that_is_mostly_used_but_has_ample_room_is_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 270 GB of which 62 GB cannot be had by anyone: `df` says 93 %.
    usage = shutil._ntuple_diskusage(270_000_000_000, 193_000_000_000, 15_000_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    disk = found(tmp_path)["disk_space"]
    assert disk.verdict == "good"
    assert disk.evidence == "93% used, 15000 MB free"


@pytest.mark.parametrize("quality", list(TimeQuality))
def test_clock_that_nothing_has_set_is_wrong(tmp_path: Path, quality: TimeQuality) -> None:
    said = found(tmp_path, SetClock(now_quality=quality))["clock"]
    assert said.verdict == ("bad" if quality is TimeQuality.NONE else "good")


@pytest.mark.parametrize(
    ("age_s", "ahead_us", "verdict", "said_of_it"),
    [
        (130, 6600, "good", "6.6 ms ahead 2 min ago (180 at most)"),
        (10_801, -1500, "warning", "1.5 ms behind 180 min ago (180 at most)"),
        # By a clock that was set back since.
        (-3600, 0, "good", "0.0 ms ahead 0 min ago (180 at most)"),
    ],
)
def test_clock_of_a_time_server_is_told_in_numbers(
    tmp_path: Path, age_s: int, ahead_us: int, verdict: str, said_of_it: str
) -> None:
    clock = SetClock(now_quality=TimeQuality.NTP)
    said = found(tmp_path, clock, TimeAnswer(ahead_us, clock.unix_s() - age_s))["clock"]
    assert said.verdict == verdict
    assert said.numbers == {"ahead_us": ahead_us, "answer_age_s": max(0, age_s)}
    assert said.evidence == f"kept by a time server: {said_of_it}"


def test_clock_is_told_in_words_where_there_is_no_answer(tmp_path: Path) -> None:
    clock = SetClock(now_quality=TimeQuality.NTP)
    assert found(tmp_path, clock)["clock"].numbers == {}


MESSAGE = (
    '{"type":"(uuuuittayttttbtt)","data":[0,4,4,2,-25,0,0,[127,127,1,1],1795864696374584,'
    "1795864696371658,1795864696375626,1795864696385869,false,5,20869]}"
)
"""As systemd 257 gave it in an emulated booth, whose server was this machine's chrony."""


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (MESSAGE, TimeAnswer(6584, 1_795_864_696)),
        (MESSAGE.replace("1795864696374584", "0"), None),
        ('{"data":[]}', None),
        ("", None),
    ],
)
def test_time_server_is_asked_for_what_it_said(
    message: str, answer: TimeAnswer | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "busctl"
    program.write_text(f"#!/bin/sh\n[ \"$3\" = org.freedesktop.timesync1 ] && echo '{message}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert last_answer() == answer


def test_model_that_is_missing_or_another_one_is_named(tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(Path(str(resources.files("edge_lpr.models"))), models)
    assert found(tmp_path, models_folder=models)["models_digests"].verdict == "good"
    (models / "corners.onnx").write_bytes(b"another")
    said = found(tmp_path, models_folder=models)["models_digests"]
    assert (said.code, said.evidence) == (
        "LPR-M03",
        "corners.onnx is another file than the manifest's",
    )
    (models / "corners.onnx").unlink()
    assert "cannot be read" in found(tmp_path, models_folder=models)["models_digests"].evidence


@pytest.mark.parametrize(
    ("manifest", "evidence"),
    [
        ("{", "cannot be read"),
        (json.dumps({"files": {}}), "does not name the three models"),
        (
            json.dumps({"files": {"../reader.onnx": {"role": "reader", "sha256": "0"}}}),
            "does not name the three models",
        ),
    ],
)
def test_manifest_that_makes_no_sense_is_named(
    tmp_path: Path, manifest: str, evidence: str
) -> None:
    write(tmp_path / "models/manifest.json", manifest)
    assert evidence in found(tmp_path, models_folder=tmp_path / "models")["models_digests"].evidence
