"""From a flashed card to the first sighting, with every real process but systemd itself."""

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.authority.authority import Authority, DeploymentPlan
from edge_lpr.authority.enrolment import EnrolmentDesk
from edge_lpr.core.clock import SystemClock
from edge_lpr.first_boot.progress_main import main as show_progress
from edge_lpr.first_boot.standing import Standing, read_standing
from edge_lpr.synthesis.lane import write_lane
from tests.support.authority import Folders, memory_folder
from tests.support.authority_broker import AgencyBroker, agency_broker
from tests.support.broker import free_port, listens
from tests.support.flashed_booth import FlashedBooth
from tests.support.service_manager import StandInManager
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

ACCESS = "device agency/north/booth-1\n"
CLOCK = SystemClock()
PATIENCE_S = 120.0
PROGRAM = (sys.executable, "-m", "edge_lpr")


@pytest.fixture
def root() -> Iterator[Path]:
    # Short, because there are sockets in it.
    with memory_folder() as folder:
        yield folder


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[AgencyBroker]:
    (tmp_path / "broker").mkdir()
    with agency_broker(tmp_path / "broker") as broker:
        yield broker


@pytest.fixture
def authority(tmp_path: Path, broker: AgencyBroker) -> Iterator[Authority]:
    """The authority, with its enrolment service."""
    url = f"https://localhost:{free_port()}"
    plan = DeploymentPlan("agency", "localhost", broker.port, broker.consumers_port, url)
    with Folders(tmp_path).create(CLOCK, plan=plan) as authority:
        broker.certify(authority, ACCESS)
        broker.start()
        words = (*PROGRAM, "authority", "serve", "--listen", "127.0.0.1")
        serving = subprocess.Popen(
            [*words, "--folder", str(authority.folder)], stderr=subprocess.DEVNULL
        )
        wait_until(lambda: listens(int(url.rpartition(":")[2])), deadline_s=20)
        yield authority
        serving.send_signal(signal.SIGTERM)
        serving.wait(20)


@pytest.fixture
def booth(root: Path, tmp_path: Path, authority: Authority, broker: AgencyBroker) -> FlashedBooth:
    lane = tmp_path / "lane.avi"
    write_lane(lane, 2)
    source = f'kind = "video"\naddress = "{lane}"'
    booth = FlashedBooth(root / "booth", authority, port=broker.port, source=source)
    booth.trial.clock = CLOCK
    # The machine of a test has no time server.
    booth.answer(ticket=booth.trial.ticket(), time_server=None)
    return booth


@pytest.fixture
def manager(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInManager]:
    manager = StandInManager(root)
    monkeypatch.setenv("PATH", str(manager.programs), prepend=":")
    with contextlib.closing(contextlib.ExitStack()) as stack:
        stack.callback(manager.stop)
        yield manager


def states(booth: FlashedBooth, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Return how far each step is, as the screen's program says."""
    capsys.readouterr()
    show_progress(["--json", "--root", str(booth.root)])
    document = json.loads(capsys.readouterr().out)
    assert document["booth"] == "north/booth-1"
    return {step["name"]: step["state"] for step in document["steps"]}


def test_flashed_booth_comes_to_its_first_sighting_and_says_how_far_it_is(
    booth: FlashedBooth, manager: StandInManager, capsys: pytest.CaptureFixture[str]
) -> None:
    assert states(booth, capsys)["approval"] == "waiting"
    words = (*PROGRAM, "first-boot", "--root", str(booth.root))
    first_boot = subprocess.Popen(words, stdout=subprocess.DEVNULL)

    def standing() -> Standing | None:
        return read_standing(booth.root / "run/edge-lpr/first-boot/standing.json")

    wait_until(lambda: getattr(standing(), "stage", "") == "approval", deadline_s=PATIENCE_S)
    shown = standing()
    assert shown is not None
    show_progress(["--once", "--root", str(booth.root)])
    groups = "     ".join(" ".join(group) for group in shown.fingerprint.split("-"))
    assert groups in capsys.readouterr().out
    EnrolmentDesk(booth.authority).approve(shown.fingerprint)
    assert first_boot.wait(PATIENCE_S) == 0
    assert booth.answers.ticket is None
    far = states(booth, capsys)
    assert (far["approval"], far["models"], far["broker"]) == ("done", "waiting", "waiting")

    for name in ("publisher", "tokeniser", "vision"):
        settings = ("--settings", str(booth.places.settings))
        manager.start(f"edge-lpr-{name}", (*PROGRAM, name, *settings), booth.root / f"{name}.log")

    wanted = {"keys", "approval", "models", "camera", "broker", "sighting"}
    reached: set[str] = set()

    def has_reached_everything() -> bool:
        """Look again and again: vision's part is over when its short video is."""
        manager.look()
        reached.update(name for name, state in states(booth, capsys).items() if state == "done")
        return wanted <= reached

    wait_until(has_reached_everything, deadline_s=PATIENCE_S)
    said = " ".join(manager.heard("edge-lpr-vision"))
    assert "models are being loaded" in said
    assert "frames come from files" in said
    assert "test keys" in manager.heard("edge-lpr-tokeniser")[-1]
