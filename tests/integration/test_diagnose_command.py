"""``edge-lpr diagnose`` on a machine where little or nothing runs."""

import json
import os
import time
from pathlib import Path

import pytest

from edge_lpr.core.check_words import ProcessName
from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.errors import AuditError
from edge_lpr.core.log import Log
from edge_lpr.diagnostics import __main__ as command
from edge_lpr.diagnostics.diagnosis import Diagnosis, Place, diagnose
from edge_lpr.diagnostics.finding import Finding, first_cause
from edge_lpr.diagnostics.units import (
    Unit,
    ask_units,
    exposure_findings,
    process_findings,
    sandbox_findings,
)
from edge_lpr.handoff.diagnosis_desk import open_desk
from edge_lpr.handoff.diagnosis_message import Check, bounded_check, pack_checks
from tests.support.clock import SetClock
from tests.support.faulty_booth import with_systemctl

SETTINGS = """
[booth]
tenant = "agency"
site = "north-crossing"
device = "booth-1"
[[lanes]]
number = 1
[vision]
diagnosis_socket = "{folder}/vision"
[vision.source]
kind = "{kind}"
address = "{address}"
[tokeniser]
diagnosis_socket = "{folder}/tokeniser"
[publisher]
diagnosis_socket = "{folder}/publisher"
outbox_file = "{folder}/outbox"
"""


def place(folder: Path, kind: str = "camera", address: str = "0") -> Place:
    settings = folder / "booth.toml"
    settings.write_text(SETTINGS.format(folder=folder, kind=kind, address=address))
    return Place(folder, settings)


def named(diagnosis: Diagnosis) -> str:
    first = first_cause(diagnosis.findings)
    return "" if first is None else first.code


def test_booth_without_settings_is_told_what_it_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["--root", str(tmp_path)]) == 3
    said = capsys.readouterr().out
    assert "FIRST CAUSE  LPR-I01" in said
    assert "installation.toml" in said


def test_settings_that_make_no_sense_are_the_first_cause(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "booth.toml"
    settings.write_text("[booth]\ntenant = 7\n")
    status = command.main(["--json", "--root", str(tmp_path), "--settings", str(settings)])
    said = json.loads(capsys.readouterr().out)
    assert status == 3
    assert said["first_cause"]["code"] == "LPR-I02"


def test_camera_that_is_not_plugged_in_comes_before_the_process_that_cannot_do_without(
    tmp_path: Path,
) -> None:
    diagnosis = diagnose(place(tmp_path), SetClock())
    assert named(diagnosis) == "LPR-C01"
    assert any(each.code == "LPR-U02" for each in diagnosis.findings)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/video0").touch()
    assert named(diagnose(place(tmp_path), SetClock())) == "LPR-U02"


def test_processes_alone_are_told_in_a_line_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    units: dict[str, dict[str, str | int]] = {
        "vision": {"ActiveState": "activating", "SubState": "auto-restart", "NRestarts": 4},
        "tokeniser": {"ActiveState": "active", "SubState": "running", "NRestarts": 0},
    }
    monkeypatch.setenv("PATH", with_systemctl(tmp_path, units)[1].removeprefix("PATH="))
    assert command.main(["--processes"]) == 0
    said = capsys.readouterr().out
    assert "vision     activating (auto-restart), started anew 4 times\n" in said
    assert "tokeniser  active (running), started anew 0 times\n" in said
    assert "publisher  not known (no such unit), started anew 0 times\n" in said


OPENING = "models loaded; camera is being opened"


@pytest.mark.parametrize(
    ("kind", "said", "properties", "code"),
    [
        ("rtsp", OPENING, {"ActiveState": "activating", "SubState": "auto-restart"}, "LPR-C01"),
        ("csi-rpi", OPENING, {"ActiveState": "failed"}, "LPR-C01"),
        ("rtsp", OPENING, {"ActiveState": "activating", "NRestarts": 3}, "LPR-C01"),
        # It may well answer in a moment.
        ("rtsp", OPENING, {"ActiveState": "activating", "NRestarts": 0}, "LPR-U04"),
        ("rtsp", "models are being loaded", {"ActiveState": "failed"}, "LPR-U01"),
        ("folder", OPENING, {"ActiveState": "failed"}, "LPR-U01"),
    ],
)
def test_camera_that_was_away_when_vision_started_comes_before_vision(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    said: str,
    properties: dict[str, str | int],
    code: str,
) -> None:
    at_work = {"ActiveState": "active"}
    units = {"vision": {"StatusText": said} | properties}
    path = with_systemctl(tmp_path, units | {"tokeniser": at_work, "publisher": at_work})[1]
    monkeypatch.setenv("PATH", path.removeprefix("PATH="))
    desks = [
        open_desk(tmp_path / name, lambda _, name=name: pack_checks(name, []), Log("test"))  # type: ignore[misc]
        for name in ("tokeniser", "publisher")
    ]
    address = {"rtsp": "rtsp://192.0.2.9/lane", "csi-rpi": "0", "folder": "/none"}[kind]
    try:
        assert named(diagnose(place(tmp_path, kind, address), SetClock())) == code
    finally:
        for desk in desks:
            assert desk is not None
            desk.close()


KEYS_OF_TOMORROW = bounded_check("keys", "bad", hours_left=0, epochs_held=3, is_for_tests=0)
FROM_THE_FUTURE = bounded_check(
    "broker", "bad", standing=4, refusal_code=9, puback_age_s=-1, connections=0
)
TLS_OVER = bounded_check("tls_certificate", "bad", days_left=0)
DEVICE_OVER = bounded_check("device_certificate", "bad", days_left=0)


@pytest.mark.parametrize(
    ("checks", "quality", "code"),
    [
        pytest.param([KEYS_OF_TOMORROW], TimeQuality.SAVED, "LPR-B07", id="keys of other days"),
        pytest.param([KEYS_OF_TOMORROW], TimeQuality.NTP, "LPR-K02", id="the clock is right"),
        pytest.param([FROM_THE_FUTURE], TimeQuality.RTC, "LPR-B07", id="broker of the future"),
        pytest.param([TLS_OVER, DEVICE_OVER], TimeQuality.SAVED, "LPR-B07", id="all is over"),
        pytest.param([TLS_OVER], TimeQuality.SAVED, "LPR-P07", id="one is over"),
    ],
)
def test_clock_is_wrong_where_keys_and_certificates_say_so(
    tmp_path: Path, checks: list[Check], quality: TimeQuality, code: str
) -> None:
    by_process = {
        "vision": [bounded_check("camera_frozen", "good", frozen_frames=0)],
        "tokeniser": [each for each in checks if each.name in ("keys", "device_certificate")],
        "publisher": [each for each in checks if each.name in ("broker", "tls_certificate")],
    }
    desks = [
        open_desk(
            tmp_path / process,
            lambda _, process=process, own=own: pack_checks(process, own),  # type: ignore[misc]
            Log("test"),
        )
        for process, own in by_process.items()
    ]
    try:
        diagnosis = diagnose(place(tmp_path, "folder", "/none"), SetClock(now_quality=quality))
    finally:
        for desk in desks:
            assert desk is not None
            desk.close()
    assert named(diagnosis) == code


def test_process_that_answers_nonsense_is_told(tmp_path: Path) -> None:
    desk = open_desk(tmp_path / "vision", lambda _: b"nonsense", Log("test"))
    assert desk is not None
    try:
        diagnosis = diagnose(place(tmp_path, "folder", "/none"), SetClock())
    finally:
        desk.close()
    (vision,) = [each for each in diagnosis.findings if each.name == "vision"]
    assert vision.code == "LPR-U03"


def unit(**properties: str) -> Unit:
    return Unit({"LoadState": "loaded", "ActiveState": "active"} | properties)


AFTER_AN_HOUR = SetClock(now_monotonic_ns=3600 * 1_000_000_000)


def one(units: Unit) -> Finding:
    (finding,) = process_findings({"vision": units}, AFTER_AN_HOUR)
    return finding


def test_units_are_told_as_the_service_manager_sees_them() -> None:
    assert one(unit(NRestarts="1")).verdict == "good"
    assert one(unit(ActiveState="inactive")).code == "LPR-U02"
    assert one(unit(ActiveState="failed")).code == "LPR-U01"
    crashing = one(unit(ActiveState="activating", SubState="auto-restart", NRestarts="4"))
    assert crashing.code == "LPR-U01"
    assert "started anew 4 times" in crashing.evidence
    assert list(process_findings({"vision": Unit({})}, AFTER_AN_HOUR)) == []


def test_process_that_starts_is_waited_for_unless_it_does_so_again_and_again() -> None:
    first = one(unit(ActiveState="activating", SubState="start", NRestarts="1"))
    assert (first.verdict, first.code) == ("warning", "LPR-U04")
    fifth = one(unit(ActiveState="activating", SubState="start", NRestarts="4"))
    assert (fifth.verdict, fifth.code) == ("bad", "LPR-U01")


def test_process_that_was_started_anew_long_ago_is_good_again() -> None:
    just_now_us, long_ago_us = str(3_500 * 1_000_000), str(2_000 * 1_000_000)
    young = one(unit(NRestarts="9", ActiveEnterTimestampMonotonic=just_now_us))
    assert (young.verdict, young.code) == ("warning", "LPR-U01")
    old = one(unit(NRestarts="9", ActiveEnterTimestampMonotonic=long_ago_us))
    assert (old.verdict, old.code) == ("good", "")
    assert "started anew 9 times" in old.evidence


def test_only_a_process_that_hung_is_said_to_have_hung() -> None:
    again = {"ActiveState": "activating", "SubState": "auto-restart"}
    assert one(unit(**again, Result="watchdog")).code == "LPR-B06"
    assert one(unit(**again, Result="exit-code")).code == "LPR-U01"


def walls(root: Path, *, has_ip_camera: bool = False) -> dict[str, Finding]:
    units: dict[ProcessName, Unit] = {"vision": unit(MainPID="7")}
    found = [*sandbox_findings(units, root, has_ip_camera=has_ip_camera)]
    found += exposure_findings(units, has_ip_camera=has_ip_camera)
    return {each.name: each for each in found}


def test_walls_of_vision_are_told_by_what_the_kernel_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    process = tmp_path / "proc/7"
    (process / "net").mkdir(parents=True)
    assert walls(tmp_path)["vision_network"].verdict == "not_known"
    (process / "net/dev").write_text("Inter-|\n face |\n    lo: 0 0\n")
    (process / "io").write_text("rchar: 12\nwrite_bytes: 0\n")
    assert {each.verdict for each in walls(tmp_path).values()} == {"good"}
    (process / "net/dev").write_text("    lo: 0 0\n  eth0: 1 1\n")
    (process / "io").write_text("write_bytes: 4096\n")
    found = walls(tmp_path)
    assert found["vision_network"].code == "LPR-S01"
    assert found["vision_written"].code == "LPR-S02"
    assert walls(tmp_path, has_ip_camera=True)["vision_network"].verdict == "good"


def test_who_may_not_look_at_the_process_is_told_by_its_unit_and_control_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    vision = unit(MainPID="7", PrivateNetwork="yes")
    stat = tmp_path / "sys/fs/cgroup/system.slice/edge-lpr-vision.service/io.stat"
    stat.parent.mkdir(parents=True)
    for text, verdict in (("", "good"), ("8:0 rbytes=9 wbytes=4096 rios=1\n", "bad")):
        stat.write_text(text)
        units: dict[ProcessName, Unit] = {"vision": vision}
        found = {each.name: each for each in sandbox_findings(units, tmp_path, has_ip_camera=False)}
        assert found["vision_network"].evidence == "none, by its unit"
        assert found["vision_written"].verdict == verdict


@pytest.mark.parametrize(("exposure", "code"), [("0.4", ""), ("3.1", "LPR-S03")])
def test_exposure_is_what_systemd_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exposure: str, code: str
) -> None:
    program = tmp_path / "systemd-analyze"
    program.write_text(f"#!/bin/sh\necho '→ Overall exposure level for x: {exposure} OK'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert walls(tmp_path)["vision_exposure"].code == code


def test_service_manager_is_asked_for_all_three(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = with_systemctl(tmp_path, {"vision": {"ActiveState": "active", "NRestarts": 2}})[1]
    monkeypatch.setenv("PATH", path.removeprefix("PATH="))
    units = ask_units()
    assert units["vision"].is_up
    assert units["vision"].number("NRestarts") == 2
    assert not units["publisher"].is_known
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert not ask_units()["vision"].is_known


def test_diagnosis_is_recorded_first_and_done_even_where_that_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorded: list[dict[str, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(command, "record", lambda _, **details: recorded.append(details))
    assert command._recorded(Path("/"), is_watched=True) == ()
    assert recorded == [{"watched": 1}]

    def refuse(_: str, **__: int) -> None:
        raise AuditError("the disk is full")

    monkeypatch.setattr(command, "record", refuse)
    (finding,) = command._recorded(Path("/"), is_watched=False)
    assert finding.code == "LPR-A01"
    assert command._recorded(Path("/elsewhere"), is_watched=False) == ()


def test_watching_ends_with_ctrl_c_and_the_last_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waits = iter([None, KeyboardInterrupt()])

    def wait(_: float) -> None:
        error = next(waits)
        if error is not None:
            raise error

    monkeypatch.setattr(time, "sleep", wait)
    assert command.main(["--watch", "--root", str(tmp_path)]) == 3
    assert capsys.readouterr().out.count("FIRST CAUSE") == 2
