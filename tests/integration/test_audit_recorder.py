"""The recording service: what it sees of a booth, what of it is news, and the byte ledger."""

import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from edge_lpr.audit import clock_watch
from edge_lpr.audit.clock_watch import ClockWatch
from edge_lpr.audit.entry import parse_entry
from edge_lpr.audit.ledger import Ledger
from edge_lpr.audit.log import TOO_MANY, verify_log
from edge_lpr.audit.observer import Observer, Places
from edge_lpr.audit.reconcile import WINDOW_S
from edge_lpr.audit.recorder import MAXIMUM_OF_A_DAY, MAXIMUM_SAID_A_DAY, Recorder, serve
from edge_lpr.audit.story import tell
from edge_lpr.audit.unit_states import UnitState, read_units, unit_states
from edge_lpr.audit.usb_watch import UsbWatch, read_event
from edge_lpr.core.sent_account import SentAccount, write_account
from edge_lpr.core.service import StopRequest
from edge_lpr.core.status_words import Saying
from edge_lpr.core.wake_up import WakeUp
from tests.support.recorded_booth import PUBLISHER, RIGHTS, VISION, Booth

SHOWN = """\
Id=edge-lpr-vision.service
ActiveState=active
NRestarts=2
MainPID=41
StatusText=camera delivers 15 frames a second; models loaded
ControlGroup=/system.slice/edge-lpr-vision.service
PrivateNetwork=yes
IPEgressBytes=0
IPEgressPackets=0

Id=edge-lpr-publisher.service
ActiveState=active
MainPID=0
StatusText=AB 123 CD
ControlGroup=
PrivateNetwork=no
IPEgressBytes=18446744073709551615
IPEgressPackets=[not set]

Id=other.service
ActiveState=active
"""


def test_what_systemd_and_the_kernel_say_is_read(tmp_path: Path) -> None:
    (tmp_path / "41").mkdir()
    (tmp_path / "41" / "status").write_text(
        "Name:\tvision\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n"
    )
    group = tmp_path / "system.slice" / "edge-lpr-vision.service"
    group.mkdir(parents=True)
    (group / "io.stat").write_text(
        "8:0 rbytes=9 wbytes=4096 rios=1 wios=1\n179:0 rbytes=0 wbytes=512 dbytes=7\n"
    )
    units = read_units(SHOWN, ["vision", "publisher", "tokeniser"], tmp_path, tmp_path)
    vision = units["vision"]
    assert (vision.active, vision.restarts, vision.has_own_network) == ("active", 2, True)
    assert vision.said == {"camera_delivers": "15", "models_loaded": ""}
    assert (vision.sent_bytes, vision.sent_packets, vision.written_bytes) == (0, 0, 4_608)
    assert vision.rights == {"CapEff": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2"}
    # What is not counted is not 0, and what a process makes up is not said.
    publisher = units["publisher"]
    assert (publisher.sent_bytes, publisher.sent_packets, publisher.written_bytes) == (None,) * 3
    assert publisher.said == publisher.rights == {}
    assert units["tokeniser"] == UnitState()


def test_machine_without_these_units_says_nothing() -> None:
    assert unit_states(["vision"])["vision"].active in ("", "inactive")


def test_ledger_has_what_has_grown() -> None:
    ledger = Ledger()
    ledger.close({"vision": VISION, "publisher": PUBLISHER}, SentAccount())
    later = replace(PUBLISHER, sent_bytes=3_000, sent_packets=30, written_bytes=5_096)
    account = SentAccount(0, 1, 900, 1_000, 4, 0, 0)
    assert ledger.window({"vision": VISION, "publisher": later}, account) == {
        "vision_written": 0,
        "publisher_written": 1_000,
        "sent_bytes": 2_000,
        "packets": 20,
        "connections": 1,
        "greeting_bytes": 900,
        "mqtt_bytes": 1_000,
        "records": 4,
        "resent_bytes": 0,
        "is_ipv6": 0,
    }


def test_ledger_begins_anew_with_a_process_and_passes_over_silence() -> None:
    ledger = Ledger()
    networked = replace(VISION, has_own_network=False, sent_bytes=50)
    ledger.close({"vision": networked, "publisher": PUBLISHER}, SentAccount(1, 5, 5, 5, 5, 5, 0))
    anew = replace(PUBLISHER, sent_bytes=70, sent_packets=7, written_bytes=None)
    sums = ledger.window(
        {"vision": replace(networked, sent_bytes=60), "publisher": anew},
        SentAccount(2, 1, 2, 3, 4, 0, 1),
    )
    assert (sums["vision_sent"], sums["sent_bytes"], sums["packets"]) == (10, 70, 7)
    assert (sums["connections"], sums["records"], sums["is_ipv6"]) == (1, 4, 1)
    assert "publisher_written" not in sums
    silent: Mapping[str, UnitState] = {"vision": UnitState(), "publisher": UnitState()}
    assert ledger.window(silent, None) == {}
    ledger.close(silent, None)
    assert ledger.window({"publisher": PUBLISHER}, SentAccount()) == {}


@pytest.fixture
def booth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Booth:
    booth = Booth(tmp_path, monkeypatch)
    booth.recorder.begin()
    return booth


def test_start_says_what_runs_and_lets_the_root_be_signed(booth: Booth) -> None:
    lines = booth.lines()
    assert lines[0]["event"] == "audit_started"
    assert (lines[1]["version"], lines[1]["board"], lines[1]["boot"]) == (
        *("0.2.0+1", "rpi"),
        "01234567",
    )
    digests = {line["what"]: line["sha256"] for line in lines if line["event"] == "digest"}
    assert set(digests) == {
        *("settings", "lanes", "authority", "models", "image", "firewall", "units")
    }
    assert digests["lanes"] == digests["authority"] == "absent"
    assert all(
        len(digests[what]) == 64 for what in ("settings", "models", "image", "firewall", "units")
    )
    assert {line["unit"] for line in lines if line["event"] == "sandbox"} == {"vision", "publisher"}
    size, root = booth.log.head()
    assert size == len(lines)
    assert (booth.folder / "head").read_text() == f"{size} {root.hex()}\n"
    assert (booth.folder / "head").stat().st_mode & 0o777 == 0o644


def test_what_was_plugged_in_before_the_start_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    booth = Booth(tmp_path, monkeypatch)
    for device, vendor, product in (("usb1", "1d6b", "0002"), ("1-1", "046d", "c31c")):
        booth.write(f"sys/bus/usb/devices/{device}/idVendor", f"{vendor}\n")
        booth.write(f"sys/bus/usb/devices/{device}/idProduct", f"{product}\n")
    booth.write("sys/bus/usb/devices/1-2/idVendor", "AB 123 CD\n")
    booth.write("sys/bus/usb/devices/1-2/idProduct", "0001\n")
    booth.write("sys/bus/usb/devices/1-3/idVendor", "0001\n")
    booth.recorder.begin()
    usb = [line for line in booth.lines() if line["event"] == "usb"]
    assert [(line["what"], line["product"]) for line in usb] == [
        ("present", "046d:c31c"),
        ("present", "1d6b:0002"),
        ("present", "unknown"),
    ]
    assert "usb" not in {line["event"] for line in booth.new()}


def test_only_news_is_recorded(booth: Booth) -> None:
    assert booth.new() == []
    booth.write("etc/nftables.d/booth.nft", "another rule")
    booth.write("state/update/last-update.json", '{"version": "0.3.0+1", "stage": "kept"}')
    booth.units["vision"] = replace(VISION, said={"camera_away": "12"}, restarts=1)
    booth.units["tokeniser"] = UnitState("active", said={"keys_until": "2026-12-02"})
    booth.units["publisher"] = replace(
        PUBLISHER, said={"broker_tls": "", "keys_absent": "", "camera_dark": ""}
    )
    booth.unit_files += "\nPrivateNetwork=no"
    said = {(line["event"], line.get("unit", line.get("what"))) for line in booth.new()}
    assert said == {
        ("digest", "firewall"),
        ("digest", "units"),
        ("process", "vision"),
        ("camera", "vision"),
        ("process", "tokeniser"),
        ("keys", "tokeniser"),
        ("broker", "publisher"),
        ("update", "last"),
    }
    assert booth.new() == []


def test_damaged_files_are_no_reason_to_stop(booth: Booth) -> None:
    booth.write("state/update/last-update.json", "[")
    booth.write("usr/lib/edge-lpr/image.json", "[]")
    assert [(line["event"], line["what"]) for line in booth.new()] == [("digest", "image")]
    assert Observer(Places(booth.folder), booth.clock, str).boot()["version"] == "unknown"


def test_ledger_comes_every_five_minutes_and_the_root_after_it(booth: Booth) -> None:
    write_account(booth.folder / "sent", SentAccount())
    booth.clock.advance_s(WINDOW_S)
    assert [line["event"] for line in booth.new()] == ["ledger"]
    write_account(booth.folder / "sent", SentAccount(0, 0, 0, 436, 1, 0, 0))
    booth.units["publisher"] = replace(PUBLISHER, sent_bytes=1_562, sent_packets=12)
    booth.clock.advance_s(WINDOW_S - 1)
    assert booth.new() == []
    booth.clock.advance_s(1)
    (ledger,) = booth.new()
    assert ledger["seconds"] == WINDOW_S
    assert (ledger["vision_written"], ledger["sent_bytes"]) == (0, 562)
    assert (booth.folder / "head").read_text().startswith(f"{ledger['number']} ")


def test_clock_and_usb_are_recorded_and_nobody_floods_the_log(booth: Booth) -> None:
    booth.recorder.clock_was_set(-3600)
    for _ in range(MAXIMUM_OF_A_DAY + 5):
        booth.recorder.usb_changed("appeared", "046d:c31c")
    events = [line["event"] for line in booth.lines()]
    assert events.count("clock_step") == 1
    assert events.count("usb") == MAXIMUM_OF_A_DAY
    assert events.count(TOO_MANY) == 1
    assert verify_log(booth.folder / "audit")[1] is None


def test_disk_that_takes_nothing_is_said_and_recording_goes_on(
    booth: Booth, caplog: pytest.LogCaptureFixture
) -> None:
    kept = (booth.folder / "audit").rename(booth.folder / "kept")
    (booth.folder / "head").unlink()
    (booth.folder / "head").mkdir()
    booth.clock.advance_s(WINDOW_S)
    booth.units["vision"] = replace(VISION, said={"camera_away": "12"})
    booth.units["publisher"] = replace(PUBLISHER, sent_bytes=1_700)
    booth.recorder.look()
    assert "not_recorded" in caplog.text
    kept.rename(booth.folder / "audit")
    assert [line["event"] for line in booth.new()] == ["camera", "ledger"]
    (_, ledger) = booth.lines()[-2:]
    # Of both windows: what the disk did not take is not lost.
    assert (ledger["seconds"], ledger["sent_bytes"]) == (WINDOW_S, 700)
    assert booth.new() == []


def test_who_says_something_new_all_day_pushes_nothing_out(booth: Booth) -> None:
    for number in range(MAXIMUM_SAID_A_DAY + 5):
        said: Mapping[Saying, str] = {("camera_dark", "camera_works")[number % 2]: ""}
        booth.units["vision"] = replace(VISION, said=said)
        booth.recorder.look()
    events = [line["event"] for line in booth.lines()]
    assert events.count("camera") == MAXIMUM_SAID_A_DAY


def test_rights_of_a_process_that_is_still_starting_are_not_taken_for_its_own(booth: Booth) -> None:
    full = {**RIGHTS, "CapEff": "f" * 16, "Seccomp": "0"}
    booth.units["tokeniser"] = UnitState("activating", rights=full)
    assert [line["event"] for line in booth.new()] == ["process"]


def test_clock_that_is_set_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    offsets = iter([0, 0, 7_400_000_000])
    monkeypatch.setattr(clock_watch, "_offset_ns", lambda: next(offsets))
    with closing(ClockWatch()) as watch:
        assert watch.fileno() >= 0
        # The kernel's own timer, which nobody has cancelled.
        assert watch.step_s() is None

        def cancelled(_descriptor: int, _length: int) -> bytes:
            raise OSError(errno.ECANCELED, os.strerror(errno.ECANCELED))

        monkeypatch.setattr("os.read", cancelled)
        assert watch.step_s() == 0
        assert watch.step_s() == 7
        monkeypatch.undo()
        assert watch.step_s() is None


@pytest.fixture
def usb() -> Iterator[UsbWatch]:
    with closing(UsbWatch()) as watch:
        yield watch


def test_kernel_tells_of_usb(usb: UsbWatch) -> None:
    assert usb.fileno() >= 0
    assert usb.changes() == []


@pytest.mark.parametrize(
    ("event", "change"),
    [
        pytest.param(
            b"add@/devices/usb1/1-1\0ACTION=add\0DEVTYPE=usb_device\0PRODUCT=46d/c31c/6402\0",
            ("appeared", "046d:c31c"),
            id="plugged in",
        ),
        pytest.param(
            b"remove@/x\0ACTION=remove\0DEVTYPE=usb_device\0PRODUCT=x\0",
            ("left", "unknown"),
            id="pulled out",
        ),
        pytest.param(b"add@/x\0ACTION=add\0DEVTYPE=usb_interface\0", None, id="a part of one"),
        pytest.param(b"change@/x\0ACTION=change\0DEVTYPE=usb_device\0", None, id="a change"),
        pytest.param(b"\xff\xff=\0", None, id="garbage"),
    ],
)
def test_events_are_read(event: bytes, change: tuple[str, str] | None) -> None:
    assert read_event(event) == change


def test_story_of_a_recorded_start_needs_no_look(booth: Booth) -> None:
    path = booth.folder / "audit" / "entries-000000000001"
    entries = [entry for line in path.read_bytes().splitlines() if (entry := parse_entry(line))]
    story = tell(entries)
    assert story.flags == []
    assert ("system", "0.2.0+1") in story.ran


def test_what_is_plugged_in_all_day_causes_no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = StopRequest()
    wakings: list[None] = []
    looks: list[None] = []

    def woken(*_arguments: object) -> None:
        wakings.append(None)
        if len(wakings) == 5:
            stop.event.set()

    with closing(ClockWatch()) as clock, closing(UsbWatch()) as watch, closing(WakeUp()) as wake_up:
        monkeypatch.setattr("edge_lpr.audit.recorder.ClockWatch", lambda: clock)
        monkeypatch.setattr("edge_lpr.audit.recorder.UsbWatch", lambda: watch)
        monkeypatch.setattr("edge_lpr.audit.recorder.WakeUp", lambda: wake_up)
        monkeypatch.setattr("edge_lpr.audit.recorder.select.select", woken)
        monkeypatch.setattr(Recorder, "begin", lambda _self: None)
        monkeypatch.setattr(Recorder, "look", lambda _self: looks.append(None))
        serve(stop)
    assert len(wakings) == 5
    assert looks == []


def test_service_starts_records_feeds_its_watchdog_and_stops(tmp_path: Path) -> None:
    program = (
        "import edge_lpr.audit.recorder as r, edge_lpr.audit.__main__ as m, pathlib\n"
        f"r.RECORD_FOLDER = pathlib.Path({str(tmp_path)!r})\n"
        "r.LOOK_EVERY_S = 0.1\n"
        "raise SystemExit(m.main(['record']))\n"
    )
    # An abstract name has no length that pytest's folder could exceed.
    name = f"edge-lpr-test-audit-{os.getpid()}"
    environment = {**os.environ, "NOTIFY_SOCKET": f"@{name}"}
    command = [sys.executable, "-c", program]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}")
        manager.settimeout(30)
        with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment) as process:
            heard: list[bytes] = []
            while len(heard) < 3:
                said = manager.recv(100)
                # A systemctl without a service manager says why into the same socket.
                heard += [said] * (not said.startswith(b"ERRNO="))
            process.send_signal(signal.SIGTERM)
            assert process.stderr is not None
            events = process.stderr.read()
            assert process.wait(20) == 0
    assert heard == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
    assert b'"event":"started"' in events
    assert b'"event":"stopped"' in events
    count, fault = verify_log(tmp_path)
    assert fault is None
    assert count >= 7
