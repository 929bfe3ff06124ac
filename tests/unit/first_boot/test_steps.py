"""How far a booth has got, by what was seen of it."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.service import EXIT_FAILURE, EXIT_MISCONFIGURED
from edge_lpr.core.status_words import Saying
from edge_lpr.first_boot.facts import Facts
from edge_lpr.first_boot.screen import COLUMNS, draw, is_well
from edge_lpr.first_boot.service_manager import UnitFacts
from edge_lpr.first_boot.standing import Stage, Standing
from edge_lpr.first_boot.steps import Step, judge

FINGERPRINT = "S1RS-0XNT-4DDA-R2BF-SDWQ"


def unit(name: str, *, active: str = "active", sub: str = "running", **said: str) -> UnitFacts:
    words = {cast("Saying", saying): value for saying, value in said.items()}
    return UnitFacts(name, active, sub, 0, words)


WELL = Facts(
    version="0.1.0+1",
    last_update="",
    booth="north/booth-1",
    has_state=True,
    faults=(),
    settings_fault="",
    is_sealed=False,
    addresses=("192.0.2.7",),
    has_link=True,
    time=TimeQuality.NTP,
    standing=Standing("enrolled"),
    disk=UnitFacts("edge-lpr-state", "active", "exited"),
    configure=UnitFacts("edge-lpr-configure", "active", "exited"),
    vision=unit("edge-lpr-vision", models_loaded="", camera_delivers="10"),
    tokeniser=unit("edge-lpr-tokeniser", keys_until="2026-11-30"),
    publisher=unit("edge-lpr-publisher", broker_reached="", sighting_at="12:01:03"),
)

NEW = replace(
    WELL,
    standing=Standing("approval", "read the fingerprint", FINGERPRINT, "Z78g2GXE1dj0vKAQ"),
    vision=UnitFacts("edge-lpr-vision", "inactive", "dead"),
    tokeniser=UnitFacts("edge-lpr-tokeniser", "inactive", "dead"),
    publisher=UnitFacts("edge-lpr-publisher", "inactive", "dead"),
)


def step(facts: Facts, name: str) -> Step:
    return next(each for each in judge(facts) if each.name == name)


def test_booth_at_work_has_nothing_left_to_do_and_tells_no_number() -> None:
    steps = judge(WELL)
    assert is_well(steps)
    screen = draw(WELL, steps)
    assert "last sighting accepted 12:01:03 UTC" in screen
    assert "This booth works." in screen
    assert "frames" not in screen


def test_later_start_whose_processes_are_not_all_up_yet_is_not_called_unenrolled() -> None:
    # Nothing tells of the enrolment then, but a publisher that speaks to the broker has had one.
    facts = replace(
        WELL,
        standing=None,
        vision=UnitFacts("edge-lpr-vision", "inactive", "dead"),
        tokeniser=UnitFacts("edge-lpr-tokeniser", "activating", "start"),
    )
    assert step(facts, "approval").state == "done"
    assert "answers" not in step(facts, "keys").sentence
    for name in ("keys", "models", "camera"):
        assert "enrolled" not in step(facts, name).sentence


def test_last_update_is_told_as_long_as_there_is_no_other() -> None:
    told = "update to 0.2.0+1 failed: no frames; back on 0.1.0+1"
    for facts in (replace(WELL, last_update=told), replace(NEW, last_update=told)):
        assert told in draw(facts, judge(facts))


def test_screen_shows_the_ssh_key_that_a_technician_compares() -> None:
    key = f"SHA256:{'x' * 43}"
    for facts in (WELL, NEW):
        assert "SSH" not in draw(facts, judge(facts))
        shown = replace(facts, ssh_key=key)
        assert f"SSH key {key}\n" in draw(shown, judge(shown))


def test_new_booth_waits_for_its_custodian_and_shows_what_he_compares() -> None:
    steps = judge(NEW)
    assert [each.name for each in steps if each.state != "done"] == [
        *("approval", "models", "camera", "broker", "sighting")
    ]
    screen = draw(NEW, steps)
    assert "S 1 R S     0 X N T     4 D D A     R 2 B F     S D W Q" in screen
    assert "Z78g2GXE1dj0vKAQ" in screen
    assert all(len(line) <= COLUMNS for line in screen.splitlines())
    assert len(screen.splitlines()) <= 24


@pytest.mark.parametrize(
    ("stage", "state"),
    [
        ("service", "waiting"),
        ("files", "waiting"),
        ("refused", "failed"),
        ("failed", "failed"),
        ("enrolled", "done"),
    ],
)
def test_approval_says_what_the_first_boot_says(stage: Stage, state: str) -> None:
    facts = replace(NEW, standing=Standing(stage, "do something", FINGERPRINT))
    approval = step(facts, "approval")
    assert approval.state == state
    assert stage == "enrolled" or approval.sentence == "do something"


def test_enrolled_booth_that_starts_again_is_not_said_to_wait_for_keys_and_approval() -> None:
    facts = replace(WELL, standing=None)
    assert [step(facts, name).state for name in ("keys", "approval")] == ["done", "done"]
    facts = replace(NEW, standing=None)
    assert [step(facts, name).state for name in ("keys", "approval")] == ["waiting", "waiting"]


def test_disk_that_does_not_open_is_told() -> None:
    closed = replace(WELL, has_state=False, disk=UnitFacts("edge-lpr-state", "activating", "start"))
    assert step(closed, "disk").state == "working"
    failed = replace(closed, disk=UnitFacts("edge-lpr-state", "failed", "failed"))
    assert step(failed, "disk").state == "failed"


def test_file_of_the_installers_that_is_wrong_is_told_though_the_booth_works() -> None:
    wrong = step(replace(WELL, faults=("installation.toml: camera must be",)), "settings")
    assert (wrong.state, wrong.sentence) == ("failed", "installation.toml: camera must be")


def test_settings_fail_only_once_the_answers_were_looked_at() -> None:
    none = replace(WELL, settings_fault="there are no answers yet")
    assert step(none, "settings").state == "failed"
    early = replace(none, configure=UnitFacts("edge-lpr-configure", "activating", "start"))
    assert step(early, "settings").state == "working"


@pytest.mark.parametrize(
    ("has_link", "state", "word"), [(False, "waiting", "cable"), (True, "working", "DHCP")]
)
def test_network_is_told_from_a_cable(has_link: bool, state: str, word: str) -> None:  # noqa: FBT001
    found = step(replace(WELL, addresses=(), has_link=has_link), "network")
    assert found.state == state
    assert word in found.sentence


@pytest.mark.parametrize(
    ("quality", "state"),
    [
        (TimeQuality.NTP, "done"),
        (TimeQuality.RTC, "done"),
        (TimeQuality.SAVED, "working"),
        (TimeQuality.NONE, "waiting"),
    ],
)
def test_time_is_as_good_as_its_clock(quality: TimeQuality, state: str) -> None:
    assert step(replace(WELL, time=quality), "time").state == state


def test_keys_say_what_keeps_them_and_how_long_they_last() -> None:
    assert step(WELL, "keys").sentence.endswith("tier C; token keys until 2026-11-30")
    sealed = replace(WELL, is_sealed=True)
    assert step(sealed, "keys").sentence == "sealed by the TPM; token keys until 2026-11-30"
    none = replace(WELL, tokeniser=unit("edge-lpr-tokeniser", keys_absent=""))
    assert step(none, "keys").state == "waiting"
    for_tests = unit("edge-lpr-tokeniser", keys_until="2026-11-30", keys_for_tests="")
    assert "Test keys" in draw(replace(WELL, tokeniser=for_tests), judge(WELL))


@pytest.mark.parametrize(
    ("said", "state", "word"),
    [
        ({"camera_away": "20"}, "waiting", "away since 20 s"),
        ({"camera_frozen": ""}, "waiting", "off and on"),
        ({"camera_dark": ""}, "waiting", "light"),
        ({"camera_silent": ""}, "waiting", "frame"),
        ({"camera_opening": ""}, "working", "at it"),
        ({"camera_works": ""}, "done", "delivers frames"),
        ({"replay": ""}, "done", "files"),
    ],
)
def test_camera_says_what_to_do(said: dict[str, str], state: str, word: str) -> None:
    camera = step(replace(WELL, vision=unit("v", models_loaded="", **said)), "camera")
    assert camera.state == state
    assert word in camera.sentence


def test_camera_that_does_not_open_is_told_while_vision_is_started_again() -> None:
    again = unit("v", active="activating", sub="auto-restart", models_loaded="", camera_opening="")
    camera = step(replace(WELL, vision=again), "camera")
    assert camera.state == "waiting"
    assert "does not open" in camera.sentence


@pytest.mark.parametrize(
    ("status", "word"), [(EXIT_MISCONFIGURED, "settings, keys or models"), (EXIT_FAILURE, "rests")]
)
def test_process_that_has_given_up_is_told_apart_from_one_that_rests(
    status: int, word: str
) -> None:
    failed = UnitFacts("edge-lpr-vision", "failed", "failed", status)
    models = step(replace(WELL, vision=failed), "models")
    assert models.state == "failed"
    assert word in models.sentence


@pytest.mark.parametrize("said", ["broker_unreachable", "broker_tls", "broker_refuses"])
def test_broker_says_who_must_act(said: str) -> None:
    broker = step(replace(WELL, publisher=unit("p", **{said: ""})), "broker")
    assert broker.state == "waiting"
    assert ":" in broker.sentence


def test_process_that_was_stopped_is_not_said_to_wait_for_an_enrolment() -> None:
    stopped = UnitFacts("edge-lpr-vision", "inactive", "dead")
    sentence = step(replace(WELL, vision=stopped), "models").sentence
    assert "does not run yet; if not in 5 minutes" in sentence
    assert "once the booth is enrolled" in step(replace(NEW, vision=stopped), "models").sentence
    starting = unit("edge-lpr-vision", active="activating", sub="start", models_loading="")
    assert step(replace(WELL, vision=starting), "camera").state == "working"


def test_publisher_that_waits_for_the_tokeniser_is_no_fault_of_the_broker() -> None:
    waits = replace(
        WELL,
        publisher=unit("edge-lpr-publisher", broker_waits=""),
        tokeniser=UnitFacts("edge-lpr-tokeniser", "failed", "failed", EXIT_MISCONFIGURED),
    )
    assert "edge-lpr-tokeniser cannot start" in step(waits, "broker").sentence


def test_sighting_is_waited_for_or_not_told() -> None:
    none = replace(WELL, publisher=unit("p", broker_reached=""))
    assert step(none, "sighting").state == "waiting"
    on_its_way = replace(WELL, publisher=unit("p", broker_reached="", unsent="3"))
    assert step(on_its_way, "sighting").state == "working"
    hit_only = replace(WELL, publisher=unit("p", broker_reached="", sightings_untold=""))
    assert is_well(judge(hit_only))


def test_page_shows_the_screen_as_it_is() -> None:
    page = (Path(__file__).parents[3] / "docs" / "first-boot.md").read_text()
    sentence = "read the fingerprint to the key custodian, who compares it and approves"
    waiting = replace(NEW, standing=Standing("approval", sentence, FINGERPRINT, "Z78g2GXE1dj0vKAQ"))
    for facts in (waiting, WELL):
        assert f"```text\n{draw(facts, judge(facts))}```\n" in page
    # Every step has its row, under its number.
    for number, each in enumerate(judge(WELL), 1):
        assert f"\n| {number} | {each.name} |" in page
