"""A flashed booth becomes one of a deployment, or says what is missing and what to do."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.enrolment import EnrolmentDesk
from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.errors import InstallationError
from edge_lpr.first_boot.first_boot import ByFilesError
from edge_lpr.provisioning.service_link import Silence
from edge_lpr.provisioning.waiting import RefusedBecause
from edge_lpr.wire.ticket import fingerprint
from tests.support.authority import Folders
from tests.support.clock import SetClock
from tests.support.enrolment import PLAN, require_whole
from tests.support.flashed_booth import FlashedBooth, StoppedError

AWAY = Silence("https://localhost:9443 does not answer")


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def authority(tmp_path: Path, clock: SetClock) -> Iterator[Authority]:
    with Folders(tmp_path).create(clock, plan=PLAN) as authority:
        yield authority


@pytest.fixture
def booth(tmp_path: Path, authority: Authority, clock: SetClock) -> FlashedBooth:
    booth = FlashedBooth(tmp_path / "booth", authority, clock)
    booth.answer(ticket=booth.trial.ticket())
    return booth


def test_booth_is_enrolled_and_its_ticket_forgotten(booth: FlashedBooth) -> None:
    booth.first_boot()
    require_whole(booth.trial)
    assert booth.answers.ticket is None
    assert booth.answers.time_server == "192.0.2.1"
    assert booth.standing().stage == "enrolled"


def test_authority_is_asked_by_the_brokers_proxy(booth: FlashedBooth) -> None:
    with booth.places.settings.open("a") as settings:
        settings.write('proxy = "http://192.0.2.9:3128"\n')
    booth.first_boot()
    assert set(booth.proxies) == {"http://192.0.2.9:3128"}


def test_enrolled_booth_is_left_alone(booth: FlashedBooth) -> None:
    booth.first_boot()
    before = booth.trial.files.event_key.read_bytes()
    booth.first_boot(link=AWAY)
    assert booth.trial.files.event_key.read_bytes() == before


def test_screen_shows_what_the_custodian_compares(booth: FlashedBooth) -> None:
    seen = []

    def look_then_approve(desk: EnrolmentDesk) -> None:
        for request in desk.waiting():
            # The first question only asks; what the booth shows is known at the second.
            if booth.standing().stage == "approval":
                seen.append((request.fingerprint, booth.standing()))
                desk.approve(request.fingerprint)

    booth.first_boot(decide=look_then_approve)
    ((theirs, standing),) = seen
    assert standing.fingerprint == theirs
    assert standing.authority == booth.authority.deployment.fingerprint
    assert "custodian" in standing.sentence


def test_custodian_who_takes_long_is_waited_for(booth: FlashedBooth) -> None:
    looks, booth.patience_s = 0, 10_000

    def approve_late(desk: EnrolmentDesk) -> None:
        nonlocal looks
        looks += 1
        if looks > 200:
            for request in desk.waiting():
                desk.approve(request.fingerprint)

    booth.first_boot(decide=approve_late)
    require_whole(booth.trial)


def test_service_that_comes_and_goes_is_shown_as_it_is(booth: FlashedBooth) -> None:
    with pytest.raises(StoppedError):
        booth.first_boot(link=AWAY)
    assert booth.standing().stage == "service"
    assert "does not answer" in booth.standing().sentence
    with pytest.raises(StoppedError):
        booth.first_boot(decide=None)
    assert booth.standing().stage == "approval"
    booth.first_boot()
    require_whole(booth.trial)


def test_request_is_handed_out_while_the_service_is_away_and_its_answer_taken(
    booth: FlashedBooth, authority: Authority
) -> None:
    with pytest.raises(StoppedError):
        booth.first_boot(link=AWAY)
    boot = booth.places.boot
    assert "booth-1.request" in booth.standing().sentence
    desk = EnrolmentDesk(authority)
    request = (boot / "booth-1.request").read_bytes()
    identifier = desk.submit(request, "a stick")
    (waiting,) = desk.waiting()
    desk.approve(waiting.fingerprint)
    answer = desk.standing(identifier).answer
    assert answer is not None
    (boot / "ANOTHER.ANSWER").write_bytes(b"another booth's")
    (boot / "booth-1.answer").write_bytes(answer)
    booth.first_boot(link=AWAY)
    require_whole(booth.trial)
    assert list(boot.iterdir()) == []


def test_deployment_without_a_service_is_joined_by_files_alone(
    tmp_path: Path, clock: SetClock
) -> None:
    with Folders(tmp_path).create(clock) as authority:
        booth = FlashedBooth(tmp_path / "booth", authority, clock)
        booth.answer(ticket=booth.trial.ticket())
        with pytest.raises(ByFilesError, match=r"bring booth-1\.request"):
            booth.first_boot(link=AWAY)
        first = (booth.places.boot / "booth-1.request").read_bytes()
        assert booth.standing().stage == "files"
        assert booth.standing().fingerprint == fingerprint(first)
        with pytest.raises(ByFilesError):
            booth.first_boot(link=AWAY)
        assert (booth.places.boot / "booth-1.request").read_bytes() == first


def test_refused_ticket_stays_and_another_one_is_taken_at_the_next_start(
    booth: FlashedBooth, clock: SetClock
) -> None:
    booth.answer(ticket=booth.trial.ticket(hours=1))
    clock.advance_s(3601)
    with pytest.raises(RefusedBecause, match="expired"):
        booth.first_boot()
    assert booth.answers.ticket is not None
    booth.answer(ticket=booth.trial.ticket())
    booth.first_boot()
    require_whole(booth.trial)


def test_new_ticket_replaces_a_request_that_nobody_has_answered(booth: FlashedBooth) -> None:
    with pytest.raises(StoppedError):
        booth.first_boot(link=AWAY)
    before = booth.standing().fingerprint
    booth.answer(ticket=booth.trial.ticket())
    with pytest.raises(StoppedError):
        booth.first_boot(decide=None)
    assert booth.standing().fingerprint not in ("", before)
    booth.first_boot()
    require_whole(booth.trial)


def test_booth_without_a_ticket_says_where_it_comes_from(booth: FlashedBooth) -> None:
    booth.answer(ticket=None)
    with pytest.raises(InstallationError, match="have the key custodian make one"):
        booth.first_boot()


def test_booth_without_answers_or_bundle_says_so(booth: FlashedBooth) -> None:
    booth.places.deployment.unlink()
    with pytest.raises(InstallationError, match=r"no deployment\.lpr"):
        booth.first_boot()
    booth.places.installation.unlink()
    with pytest.raises(InstallationError, match=r"installation\.toml"):
        booth.first_boot()


def test_clock_that_was_reset_is_waited_for_without_end(
    booth: FlashedBooth, clock: SetClock
) -> None:
    clock.now_quality = TimeQuality.NONE
    with pytest.raises(StoppedError):
        booth.first_boot()
    assert booth.standing().stage == "time"
    assert "192.0.2.1" in booth.standing().sentence
    assert not (booth.trial.files.state / "asking").exists()


@pytest.mark.parametrize("quality", [TimeQuality.RTC, TimeQuality.SAVED])
def test_clock_that_went_on_is_waited_for_two_minutes(
    booth: FlashedBooth, clock: SetClock, quality: TimeQuality
) -> None:
    clock.now_quality = quality
    began_ns = clock.monotonic_ns()
    booth.first_boot()
    require_whole(booth.trial)
    assert 120e9 <= clock.monotonic_ns() - began_ns < 150e9


def test_booth_with_a_wrong_clock_tries_again_once_it_is_set(
    booth: FlashedBooth, clock: SetClock
) -> None:
    right_s = clock.now_unix_s
    clock.now_unix_s -= 100 * 86_400
    clock.now_quality = TimeQuality.SAVED

    def set_right_after_ten_minutes() -> None:
        if clock.monotonic_ns() > 600e9:
            clock.now_unix_s, clock.now_quality = right_s, TimeQuality.NTP

    booth.tick = set_right_after_ten_minutes
    booth.authority.clock = SetClock(right_s)
    booth.first_boot()
    require_whole(booth.trial)
    # While it waited it said why.
    assert any("days behind" in said and "192.0.2.1" in said for said in booth.said)


def test_booth_that_no_time_server_will_set_right_takes_no_for_an_answer(
    booth: FlashedBooth, clock: SetClock
) -> None:
    booth.answer(ticket=booth.trial.ticket(hours=1), time_server=None)
    clock.advance_s(3601)
    clock.now_quality = TimeQuality.RTC
    with pytest.raises(RefusedBecause, match="expired"):
        booth.first_boot()


def run_program(root: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run ``edge-lpr first-boot`` as the unit does."""
    command = (sys.executable, *words, "-m", "edge_lpr", "first-boot", "--root", str(root))
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_enrolled_booth_is_through_without_loading_anything(booth: FlashedBooth) -> None:
    booth.first_boot()
    ended = run_program(booth.root, "-X", "importtime")
    assert ended.returncode == 0
    assert "argparse" in ended.stderr
    libraries = ("pydantic", "cryptography", "ssl", "numpy")
    assert [name for name in libraries if name in ended.stderr] == []
    assert booth.standing().stage == "enrolled"


def test_ticket_that_a_power_cut_has_left_is_forgotten_at_the_next_start(
    booth: FlashedBooth,
) -> None:
    booth.first_boot()
    booth.answer(ticket=booth.trial.ticket())
    assert run_program(booth.root).returncode == 0
    assert booth.answers.ticket is None


@pytest.mark.parametrize("file", ["installation.toml", "booth.toml", "deployment.lpr"])
def test_what_only_somebody_can_mend_is_not_tried_again(booth: FlashedBooth, file: str) -> None:
    booth.answer(ticket=None, time_server=None)
    (booth.root / "etc/edge-lpr" / file).unlink()
    ended = run_program(booth.root)
    assert ended.returncode == 2
    assert booth.standing().stage == "failed"
    assert booth.standing().sentence in ended.stderr
