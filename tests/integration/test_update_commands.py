"""What ``edge-lpr update`` does on a command line, on a booth of files."""

import json
import sys
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path
from types import ModuleType

import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import BundleRefusedError
from edge_lpr.update import __main__ as command
from edge_lpr.update import installing
from edge_lpr.update.fetching import UpdateServer
from edge_lpr.update.records import Attempt, UpdateRecords
from edge_lpr.update.rule import BundleName
from edge_lpr.update.source import UpdateSource
from edge_lpr.update.tasks import boot_slot, check, fetch, install, settle, source, status
from edge_lpr.update.versions import SystemVersion
from tests.support.update_server import UpdateWebServer, update_server
from tests.support.updated_booth import COMPATIBLE, UpdatedBooth

ANSWERS = 'site = "north"\ndevice = "booth-1"\ncamera = "usb"\n'


@pytest.fixture
def booth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UpdatedBooth:
    made = UpdatedBooth(tmp_path)
    tasks: tuple[ModuleType, ...] = (boot_slot, check, install, status)
    for task in tasks:
        monkeypatch.setattr(task, "this_booth", lambda: made.booth)
    monkeypatch.setattr(settle, "WAITING_BUNDLE", tmp_path / "waiting.raucb")
    monkeypatch.setattr(settle, "alone", lambda: installing.alone(tmp_path / "settle-lock"))
    for reader in (fetch, settle):
        monkeypatch.setattr(reader, "read_running_image", lambda: made.booth.image)
        monkeypatch.setattr(reader, "UpdateRecords", lambda: UpdateRecords(made.state))
    return made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[UpdateWebServer]:
    with update_server(tmp_path) as made:
        yield made


def test_a_machine_that_is_no_booth_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["status"]) == 1
    assert "flashed with an image" in capsys.readouterr().err


def test_status_says_what_runs_and_how_it_went(
    booth: UpdatedBooth, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["status"]) == 0
    assert capsys.readouterr().out == "0.1.0+1 on slot A\n"
    attempt = Attempt(
        version="0.1.0+2", before="0.1.0+1", slot="B", demands=("frames",), stage="installed"
    )
    booth.records.write_attempt(attempt.left("no camera"))
    assert command.main(["status"]) == 0
    assert "update to 0.1.0+2 failed: no camera; back on 0.1.0+1" in capsys.readouterr().out
    assert command.main(["status", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["slot"], facts["is_trial"]) == ("A", False)
    assert facts["last_update"]["failures"] == 1


def test_rauc_asks_and_is_answered(
    booth: UpdatedBooth, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command.main(["boot-slot", "set-primary", "B"]) == 0
    assert command.main(["boot-slot", "get-primary"]) == 0
    assert capsys.readouterr().out == "B\n"
    assert command.main(["boot-slot", "format"]) == 1
    monkeypatch.setattr(check, "works_lately", lambda *_: frozenset({"frames"}))
    mounted = booth.state / "manifest.raucm"
    mounted.write_text(f"[update]\ncompatible={COMPATIBLE}\nversion=0.1.0+2\n")
    assert command.main(["check", "--mounted", str(booth.state), "--slot", "B"]) == 0
    attempt = booth.records.attempt()
    assert attempt is not None
    assert (attempt.version, attempt.stage, attempt.slot) == ("0.1.0+2", "installing", "B")
    assert command.main(["settle"]) == 0
    assert "was not written to its end" in capsys.readouterr().out


def test_what_a_power_cut_left_goes_and_what_is_being_installed_stays(
    booth: UpdatedBooth, tmp_path: Path
) -> None:
    waiting = tmp_path / "waiting.raucb"
    waiting.write_bytes(b"half")
    with installing.alone(tmp_path / "settle-lock"):
        assert command.main(["settle"]) == 0
    assert waiting.exists()
    assert command.main(["settle"]) == 0
    assert not waiting.exists()
    assert booth.records.highest() == SystemVersion("0.1.0+1")


def test_the_installers_address_alone_is_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, out = tmp_path / "installation.toml", tmp_path / "source.json"
    monkeypatch.setattr(source, "INSTALLATION_FILE", answers)
    answers.write_text(ANSWERS)
    assert command.main(["source", "--out", str(out)]) == 1
    assert not out.exists()
    answers.write_text(f'{ANSWERS}update_url = "https://updates.example/booths"\n')
    assert command.main(["source", "--out", str(out)]) == 0
    assert UpdateSource.read(out) == UpdateSource("updates.example", 443, "/booths", None)


def test_what_is_older_put_off_or_failed_is_not_fetched(
    booth: UpdatedBooth,
    server: UpdateWebServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "fetched"
    folder.mkdir()
    monkeypatch.setattr(fetch, "FETCHED_FOLDER", folder)
    monkeypatch.setattr(fetch, "UpdateServer", lambda where: UpdateServer(where, server.ca_file))
    where = tmp_path / "source.json"
    where.write_text(server.source.dump())

    def fetched(version: str) -> str:
        index = {"version": version, "bundle": f"booth-{version}.raucb", "bytes": 6}
        server.files[f"/booths/{COMPATIBLE}.json"] = json.dumps(index).encode()
        server.files[f"/booths/booth-{version}.raucb"] = b"bundle"
        assert command.main(["fetch", "--source", str(where)]) == 0
        return capsys.readouterr().out

    assert "nothing to do" in fetched("0.1.0+1")
    booth.records.note_put_off("booth-0.1.0+2.raucb", SystemClock().unix_s())
    assert "not fetched tonight" in fetched("0.1.0+2")
    attempt = Attempt(version="0.1.0+3", before="0.1.0+1", slot="B", demands=(), stage="installed")
    booth.records.write_attempt(attempt.left("x").left("x"))
    assert "is here" in fetched("0.1.0+3")
    booth.records.write_attempt(attempt.left("x").left("x").left("x"))
    (folder / "booth-0.1.0+3.raucb").unlink()
    assert "has failed 3 times" in fetched("0.1.0+3")
    assert list(folder.iterdir()) == []


def test_a_bundle_from_a_pipe_is_installed_and_leaves_nothing(
    booth: UpdatedBooth,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    waiting = tmp_path / "waiting.raucb"
    restarts: list[object] = []
    for attribute, value in (("WAITING_BUNDLE", waiting), ("FETCHED_FOLDER", tmp_path / "fetched")):
        monkeypatch.setattr(install, attribute, value)
    monkeypatch.setattr(install, "alone", lambda: installing.alone(tmp_path / "other-lock"))
    monkeypatch.setattr(install, "restart", restarts.append)
    name = BundleName(COMPATIBLE, SystemVersion("0.1.0+2"))
    monkeypatch.setattr(installing, "signed_name", lambda _: name)

    def rauc(bundle: Path) -> None:
        assert bundle.read_bytes() == b"bundle"
        (booth.state / "manifest.raucm").write_text(
            f"[update]\ncompatible={COMPATIBLE}\nversion=0.1.0+2\n"
        )
        update = installing.SystemUpdate(booth.booth)
        update.check_mounted(booth.state, "B", frozenset({"frames"}))
        booth.install("0.1.0+2")

    monkeypatch.setattr(installing, "install", rauc)
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"bundle")))
    assert command.main(["install", "--no-restart", "-"]) == 0
    assert "0.1.0+1 is back if it does not work" in capsys.readouterr().out
    assert not waiting.exists()
    assert restarts == []

    (tmp_path / "fetched").mkdir()
    assert command.main(["install", "--fetched"]) == 0
    (tmp_path / "fetched/booth-0.1.0+2.raucb").write_bytes(b"bundle")
    assert command.main(["install", "--fetched"]) == 0
    assert len(restarts) == 1

    def refuse(_: Path) -> BundleName:
        raise BundleRefusedError("signed by a stranger")

    monkeypatch.setattr(installing, "signed_name", refuse)
    (tmp_path / "fetched/booth-0.1.0+3.raucb").write_bytes(b"bundle")
    assert command.main(["install", "--fetched"]) == 1
    assert not waiting.exists()
    put_off = booth.records.put_off()
    assert put_off is not None
    assert (put_off.name, put_off.times) == ("booth-0.1.0+3.raucb", 1)
    # The next night may bring another one under this name.
    assert not put_off.is_waiting("booth-0.1.0+3.raucb", put_off.at_s + 21 * 3600)


def test_keys_are_made_and_their_places_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["make-key", "--out", str(tmp_path / "keys")]) == 0
    assert "into a safe" in capsys.readouterr().out
    assert command.main(["make-key", "--out", str(tmp_path / "keys")]) == 1
