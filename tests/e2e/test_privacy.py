"""Nothing that a booth writes or sends shows a plate, a key or a picture; the search can fail."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge_lpr.audit.leak_search import Leak, LeakSearch
from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.demo.keys import EPOCHS, event_key_file, key_ring_file
from edge_lpr.tokens.key_ring import read_key_state
from edge_lpr.wire.jws import load_signing_key
from tests.support.waiting import wait_until
from tests.support.whole_booth import KnownLane, Recorder, WholeBooth

pytestmark = pytest.mark.broker

STATE_FILES = {"outbox.sqlite3", "outbox.sqlite3-wal", "outbox.sqlite3-shm"}


class Run:
    """A finished run, and everything it left behind."""

    def __init__(self, booth: WholeBooth, recorder: Recorder, elsewhere: Path) -> None:
        self.published = booth.counters("publisher")["published"]
        self.messages = recorder.messages
        self.sightings = recorder.sightings
        self.elsewhere = sorted(elsewhere.rglob("*"))
        self.logs = sorted(booth.folders.logs.iterdir())
        self.state_files = sorted(f for f in booth.folders.state.rglob("*") if f.is_file())
        self.key_files = [key_ring_file(booth.folders), event_key_file(booth.folders)]
        self.keys = keys_of(booth)

    def leaks(self, plates: Sequence[str]) -> list[Leak]:
        """Search every log, every file below the state folder and every payload."""
        search = LeakSearch(plates, self.keys)
        found = [
            leak
            for file in (*self.logs, *self.state_files)
            for leak in search.search(file.read_bytes(), file.name)
        ]
        for topic, payload in self.messages:
            found += search.search(payload, topic) + search.search(topic.encode(), topic)
        return found


def keys_of(booth: WholeBooth) -> list[bytes]:
    """Return every secret key of a booth."""
    state = read_key_state(key_ring_file(booth.folders))
    pairs = [state.ring.keys_for(epoch) for epoch in state.ring.epochs()]
    token_keys = [bytes(key) for pair in pairs for key in (pair.stretch_key, pair.site_key)]
    event_key = load_signing_key(event_key_file(booth.folders)).private_octets()
    return [*token_keys, bytes(state.transport_key), event_key]


def run_booth(
    root: Path, broker: EmbeddedBroker, lane: KnownLane, vision: Sequence[str] = ()
) -> Run:
    elsewhere = root / "elsewhere"
    elsewhere.mkdir()
    booth = WholeBooth(root / "booth", broker, lane.source)
    is_honest = not vision
    with (
        booth,
        Recorder(broker, booth, must_be_valid=is_honest) as recorder,
        pytest.MonkeyPatch.context() as patch,
    ):
        # Whatever a library leaves where libraries leave things.
        for variable in ("HOME", "TMPDIR", "XDG_CACHE_HOME"):
            patch.setenv(variable, str(elsewhere))
        settings = ("--settings", str(booth.folders.settings_file), "--log-level", "DEBUG")
        booth.start_all((sys.executable, "-m", *vision, *settings) if vision else None)
        booth.finish()
        published = booth.counters("publisher")["published"]
        wait_until(lambda: len(recorder.sightings) >= published)
        return Run(booth, recorder, elsewhere)


@pytest.fixture(scope="module")
def honest_run(
    running_mosquitto: EmbeddedBroker, lane: KnownLane, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    return run_booth(tmp_path_factory.mktemp("honest"), running_mosquitto, lane)


@pytest.fixture(scope="module")
def leaking_run(
    running_mosquitto: EmbeddedBroker, lane: KnownLane, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    root = tmp_path_factory.mktemp("leaking")
    return run_booth(root, running_mosquitto, lane, ["tests.support.leaking_vision"])


def test_run_over_known_plates_leaks_nothing(honest_run: Run, lane: KnownLane) -> None:
    assert honest_run.published == len(lane.plates)
    assert {file.name for file in honest_run.logs} == {
        "publisher.log",
        "tokeniser.log",
        "vision.log",
    }
    assert all(file.stat().st_size > 0 for file in honest_run.logs)
    assert honest_run.leaks(lane.plates) == []


def test_search_for_keys_finds_them_where_they_belong(honest_run: Run) -> None:
    search = LeakSearch([], honest_run.keys)
    assert len(honest_run.keys) == 2 * EPOCHS + 2
    for file in honest_run.key_files:
        assert [leak.form for leak in search.search(file.read_bytes(), file.name)] == ["key"]


def test_state_folders_hold_the_outbox_and_nothing_else(honest_run: Run) -> None:
    assert {file.name for file in honest_run.state_files} <= STATE_FILES
    assert honest_run.state_files


def test_libraries_leave_nothing_in_home_and_temporary_folders(honest_run: Run) -> None:
    assert honest_run.elsewhere == []


def test_no_sighting_on_the_wire_exceeds_512_bytes(honest_run: Run) -> None:
    lengths = [len(payload) for topic, payload in honest_run.messages if "sighting" in topic]
    assert len(lengths) == honest_run.published
    assert max(lengths) <= 512


def test_same_search_finds_a_leaking_build(leaking_run: Run, lane: KnownLane) -> None:
    leaks = leaking_run.leaks(lane.plates)
    assert {"vision.log", "texts", "arrays", "crop.jpg"} <= {leak.where for leak in leaks}
    assert any(leak.where.startswith("lpr/v1/") for leak in leaks)


@pytest.mark.parametrize(
    "form",
    [
        "ascii",
        *("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"),
        *(f"class indices, {bits} bits, little" for bits in (8, 16, 32, 64)),
        *(f"class indices + 1, {bits} bits, little" for bits in (8, 16, 32, 64)),
        *("JPEG", "PNG", "BMP", "TIFF", "WebP"),
    ],
)
def test_leaking_build_is_found_in_every_form_it_leaks(
    leaking_run: Run, lane: KnownLane, form: str
) -> None:
    assert form in {leak.form for leak in leaking_run.leaks(lane.plates)}
