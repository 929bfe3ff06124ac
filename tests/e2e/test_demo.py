"""``edge-lpr demo`` from the outside: what it prints, how it ends, and what it leaves behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.demo.folders import DemoFolders
from edge_lpr.demo.keys import DEMO_ADDRESS
from edge_lpr.wire import base64url
from edge_lpr.wire.topics import TopicKind, topic
from tests.support.contract_schemas import require_valid
from tests.support.outboxes import open_outbox
from tests.support.waiting import wait_until
from tests.support.whole_booth import KnownLane, WholeBooth

SESAME = "sesame"
RTSP_SOURCE = f"rtsp://booth:{SESAME}@127.0.0.1:9/none?password={SESAME}"

PATIENCE_S = 180
"""Fifteen seconds on an idle machine."""


@dataclass(frozen=True, repr=False)
class DemoRun:
    """A finished demo."""

    status: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def sightings(self) -> list[dict[str, Any]]:
        return self.lines[:-1]

    @property
    def tokens(self) -> set[str]:
        return {sighting["exact"] for sighting in self.sightings}


def homeless(folder: Path) -> dict[str, str]:
    """Return an environment that sends everything that is left behind to one folder."""
    return dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME"), str(folder))


def demo_command(*words: str) -> Sequence[str]:
    return sys.executable, "-m", "edge_lpr", "demo", *words


def run_demo(*words: str, environment: Mapping[str, str] | None = None) -> DemoRun:
    done = subprocess.run(
        demo_command(*words),
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, **(environment or {})},
    )
    return DemoRun(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept") / "demo"


@pytest.fixture(scope="module")
def first_run(mosquitto: EmbeddedBroker, kept: Path, lane: KnownLane) -> DemoRun:
    del mosquitto
    return run_demo("--json", "--source", lane.source.address, "--keep", str(kept))


@pytest.mark.broker
def test_every_published_sighting_is_received_and_verified(
    first_run: DemoRun, lane: KnownLane
) -> None:
    assert first_run.status == 0, first_run.stderr
    assert all(sighting["verified"] is True for sighting in first_run.sightings)
    assert all(sighting["test"] is True for sighting in first_run.sightings)
    funnel = first_run.lines[-1]["funnel"]
    assert funnel["published"] == funnel["received"] == len(lane.plates)
    assert funnel["frames"] > funnel["readings"] > funnel["agreed"]


@pytest.mark.broker
def test_tokens_are_those_of_the_plates_that_drove_past(
    first_run: DemoRun, kept: Path, lane: KnownLane, mosquitto: EmbeddedBroker
) -> None:
    with WholeBooth(kept, mosquitto, lane.source) as booth:
        epoch = first_run.sightings[0]["epoch"]
        expected = [as_text(booth.exact_token(plate, epoch)) for plate in lane.plates]
    assert [sighting["exact"] for sighting in first_run.sightings] == expected


@pytest.mark.broker
def test_same_keys_give_the_same_tokens_and_other_keys_none_of_them(
    first_run: DemoRun, kept: Path, lane: KnownLane
) -> None:
    again = run_demo("--json", "--source", lane.source.address, "--keep", str(kept))
    other = run_demo("--json", "--source", lane.source.address)
    epochs = {sighting["epoch"] for run in (first_run, again) for sighting in run.sightings}
    if len(epochs) > 1:
        pytest.skip("midnight UTC came between the two runs, and with it new keys")
    assert again.tokens == first_run.tokens
    assert len(other.tokens) == len(lane.plates)
    assert not other.tokens & first_run.tokens


@pytest.mark.broker
def test_kept_folder_is_private_to_its_owner(first_run: DemoRun, kept: Path) -> None:
    assert first_run.status == 0
    modes = {path: path.stat().st_mode & 0o077 for path in (kept, *kept.rglob("*"))}
    assert [str(path) for path, mode in modes.items() if mode] == []


@pytest.mark.broker
def test_everything_in_the_kept_outbox_is_what_the_contract_says(
    first_run: DemoRun, kept: Path, lane: KnownLane, tmp_path: Path
) -> None:
    assert first_run.status == 0
    # A copy, so that nothing is sent again in another test.
    outbox_folder = shutil.copytree(DemoFolders(kept, kept).outbox_file.parent, tmp_path / "copy")
    with closing(open_outbox(outbox_folder)) as outbox:
        birth, last = outbox.latest_birth(), outbox.last_committed()
        assert birth is not None
        assert last is not None
        assert outbox.ask_again(last.boot, 1, last.seq) == len(lane.plates)
        sightings = outbox.oldest_unsent(100, except_places=())
    require_valid(topic(DEMO_ADDRESS, TopicKind.BIRTH), birth.document)
    for sighting in sightings:
        require_valid(topic(DEMO_ADDRESS, TopicKind.SIGHTING), sighting.document)


def test_demo_works_with_the_broker_in_pure_python(lane: KnownLane) -> None:
    run = run_demo("--json", "--source", lane.source.address, "--broker", "amqtt")
    assert run.status == 0, run.stderr
    assert len(run.tokens) == len(lane.plates)


def test_table_has_a_row_a_sighting_and_the_funnel(tmp_path: Path) -> None:
    run = run_demo("--passes", "2", environment=homeless(tmp_path))
    assert run.status == 0, run.stderr
    assert run.stdout.count(" yes\n") == 2
    assert "2 published, 2 received, all verified." in run.stdout
    assert list(tmp_path.iterdir()) == []


def test_stop_by_hand_is_orderly_and_leaves_nothing(tmp_path: Path, lane: KnownLane) -> None:
    with subprocess.Popen(
        demo_command("--json", "--source", lane.source.address),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **homeless(tmp_path)},
    ) as demo:
        wait_until(lambda: any(tmp_path.rglob("logs/vision.log")), deadline_s=60)
        demo.send_signal(signal.SIGINT)
        stdout, stderr = demo.communicate(timeout=PATIENCE_S)
    assert demo.returncode == 0, stderr
    funnel = json.loads(stdout.splitlines()[-1])["funnel"]
    assert funnel["published"] == funnel["received"]
    assert list(tmp_path.iterdir()) == []


def test_demo_stops_after_the_seconds_it_was_given(lane: KnownLane) -> None:
    run = run_demo("--json", "--source", lane.source.address, "--seconds", "0.1")
    assert run.status == 0, run.stderr
    assert "funnel" in run.lines[-1]


def test_demo_ends_in_silence_when_nobody_reads_on(tmp_path: Path, lane: KnownLane) -> None:
    with subprocess.Popen(
        demo_command("--json", "--source", lane.source.address),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **homeless(tmp_path)},
    ) as demo:
        assert demo.stdout is not None
        demo.stdout.close()
        assert demo.stderr is not None
        assert demo.stderr.read() == b""
        assert demo.wait(PATIENCE_S) == 128 + signal.SIGPIPE
    assert list(tmp_path.iterdir()) == []


def test_interrupt_before_the_demo_listens_ends_it_in_silence() -> None:
    # An import that is interrupted, as by Ctrl-C in the first second.
    program = (
        "import importlib, signal, sys\n"
        "from edge_lpr.__main__ import main\n"
        "importlib.import_module = lambda name: signal.raise_signal(signal.SIGINT)\n"
        "sys.exit(main(['demo']))\n"
    )
    done = subprocess.run(
        (sys.executable, "-c", program), check=False, capture_output=True, timeout=PATIENCE_S
    )
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")


def no_video(folder: Path) -> str:
    (folder / "notes.avi").write_text("this is no video")
    return str(folder / "notes.avi")


def empty_folder(folder: Path) -> str:
    (folder / "empty").mkdir()
    return str(folder / "empty")


@pytest.mark.parametrize(
    ("make_source", "word"),
    [
        pytest.param(lambda folder: str(folder / "lane.avi"), "no such file", id="missing"),
        pytest.param(no_video, "video", id="no video"),
        pytest.param(empty_folder, "picture", id="empty folder"),
        pytest.param(lambda _: "99", "camera", id="no camera"),
        pytest.param(lambda _: RTSP_SOURCE, "camera", id="no RTSP camera"),
    ],
)
def test_source_that_gives_no_frames_ends_with_a_sentence(
    tmp_path: Path, make_source: Callable[[Path], str], word: str
) -> None:
    run = run_demo("--source", make_source(tmp_path))
    assert run.status == 1
    (sentence,) = run.stderr.splitlines()
    assert sentence.startswith("edge-lpr demo: ")
    assert word in sentence
    assert SESAME not in run.stdout + run.stderr


def test_folder_with_other_things_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    run = run_demo("--keep", str(tmp_path))
    assert run.status == 1
    assert "holds other things" in run.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def as_text(token: bytes) -> str:
    """Return a token as the document writes it."""
    return base64url.encode(token).decode()
