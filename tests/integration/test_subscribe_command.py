"""``edge-lpr subscribe`` as its user starts it, against a real broker."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from edge_lpr.wire import base64url
from edge_lpr.wire.sighting import FIRST_PREV, sign_sighting
from edge_lpr.wire.topics import TopicKind
from tests.support.broker import Mosquitto, free_port, running_mosquitto
from tests.support.fleet import AUTHORITY, SIGHTING, SignedBooth
from tests.support.mqtt_peer import Peer, closing_peers, connected

pytestmark = pytest.mark.broker

ROOT = Path(__file__).parents[2]


class Crossing:
    """A broker, a booth that has started, and the authority's key in a file."""

    def __init__(self, broker: Mosquitto, peer: Peer, folder: Path) -> None:
        self.broker = broker
        self.booth = SignedBooth.of_today()
        self.authority_file = folder / "authority.pub"
        self.authority_file.write_bytes(base64url.encode(AUTHORITY.public_key.octets))
        self._peer = peer
        peer.publish(self.booth.topic(TopicKind.BIRTH), self.booth.birth(), is_retained=True)

    def say(self, *documents: bytes) -> None:
        for document in documents:
            self._peer.publish(self.booth.topic(TopicKind.SIGHTING), document)

    @contextmanager
    def watched(self, *more: str) -> Iterator[subprocess.Popen[str]]:
        """Run the command, and end it."""
        url = f"mqtt://127.0.0.1:{self.broker.port}"
        command = ("subscribe", url, "--authority", str(self.authority_file), *more)
        watching = start(*command)
        try:
            yield watching
        finally:
            watching.kill()
            watching.communicate()


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "edge_lpr", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def line(watching: subprocess.Popen[str]) -> str:
    """Return the next line of output."""
    assert watching.stdout is not None
    return watching.stdout.readline()


@pytest.fixture
def crossing(tmp_path: Path) -> Iterator[Crossing]:
    with running_mosquitto(tmp_path) as broker, closing_peers() as peers:
        peer = connected(Peer("127.0.0.1", broker.port, None), peers)
        yield Crossing(broker, peer, tmp_path)


def test_program_of_any_language_reads_verified_sightings(crossing: Crossing) -> None:
    with crossing.watched("--json") as watching:
        assert json.loads(line(watching))["event"] == "birth"
        crossing.say(*crossing.booth.sightings(2))
        sightings = [json.loads(line(watching)) for _ in range(2)]
        watching.send_signal(signal.SIGTERM)
        assert watching.wait() == 0
    assert [(each["seq"], each["verified"]) for each in sightings] == [(1, True), (2, True)]


def test_what_was_printed_is_not_printed_again_under_the_same_name(crossing: Crossing) -> None:
    first, second, third = crossing.booth.sightings(3)
    with crossing.watched("--json", "--name", "mine") as watching:
        line(watching)
        crossing.say(first)
        assert json.loads(line(watching))["seq"] == 1
        watching.send_signal(signal.SIGINT)
        assert watching.wait() == 0
    crossing.say(second, third)
    with crossing.watched("--json", "--name", "mine") as watching:
        line(watching)
        assert [json.loads(line(watching))["seq"] for _ in range(2)] == [2, 3]


def test_filters_leave_out_what_is_not_wanted(crossing: Crossing, tmp_path: Path) -> None:
    watch_list = tmp_path / "watch-list"
    token = base64url.encode(b"n" * 16).decode()
    entry = {"site": "lane-07", "epoch": SIGHTING.epoch, "exact": token, "fold": token}
    watch_list.write_text(json.dumps(entry | {"entry": "case-1"}))
    options = ("--hits", "--watchlist", str(watch_list), "--seconds", "3", "--json")
    with crossing.watched(*options) as watching:
        crossing.say(*crossing.booth.sightings(2))
        out, complaints = watching.communicate()
    assert (out, complaints) == ("", "")
    with crossing.watched("--lane", "2", "--seconds", "3", "--json") as watching:
        assert json.loads(line(watching))["event"] == "birth"
        crossing.say(*crossing.booth.sightings(2))
        out, complaints = watching.communicate()
    assert (out, complaints) == ("", "")


def test_hits_of_a_booth_of_hits_alone_need_no_list_of_ones_own(crossing: Crossing) -> None:
    hit = replace(SIGHTING, prev=FIRST_PREV, at=crossing.booth.at, entry=b"an entry", possible=True)
    with crossing.watched("--json", "--name", "mine") as watching:
        line(watching)
        watching.send_signal(signal.SIGINT)
        assert watching.wait() == 0
    # Of another boot, and none of the list.
    crossing.say(*crossing.booth.sightings(1, "f" * 16))
    crossing.say(sign_sighting(replace(hit, seq=1), crossing.booth.event_key))
    with crossing.watched("--hits", "--json", "--name", "mine") as watching:
        found = json.loads(line(watching))
    assert (found["event"], found["boot"]) == ("sighting", SIGHTING.boot)
    assert found["entry"] == base64url.encode(b"an entry").decode()
    assert found["possible"] is True


def test_people_see_a_table(crossing: Crossing) -> None:
    with crossing.watched() as watching:
        assert "has started" in line(watching)
        crossing.say(crossing.booth.sightings(1)[0])
        assert line(watching).startswith("time UTC")
        assert "lane-07/booth-1" in line(watching)


def test_people_see_their_booths(crossing: Crossing) -> None:
    with crossing.watched("--fleet", "--seconds", "2") as watching:
        out, complaints = watching.communicate()
    assert "lane-07/booth-1" in out
    assert complaints == ""


def test_connection_that_breaks_is_said_once(crossing: Crossing) -> None:
    with crossing.watched("--seconds", "5") as watching:
        assert "has started" in line(watching)
        crossing.broker.stop()
        out, _ = watching.communicate()
    lines = out.splitlines()
    assert [each.startswith("no connection: ") for each in lines] == [True, True]
    assert "the connection broke" in lines[0]
    assert "nobody answers" in lines[1]


def test_reader_that_leaves_ends_the_program(crossing: Crossing) -> None:
    with crossing.watched("--json") as watching:
        line(watching)
        assert watching.stdout is not None
        watching.stdout.close()
        crossing.say(crossing.booth.sightings(1)[0])
        assert watching.wait() == 128 + signal.SIGPIPE
        assert watching.stderr is not None
        assert watching.stderr.read() == ""
        watching.stdout = None


@pytest.mark.parametrize(
    ("broker", "key_file", "sentence"),
    [
        ("127.0.0.1", "key", "no broker's URL"),
        (f"mqtt://127.0.0.1:{free_port()}", "absent", "absent: there is no such file"),
    ],
    ids=["no URL", "no key"],
)
def test_what_is_wrong_is_said_in_a_sentence(
    tmp_path: Path, broker: str, key_file: str, sentence: str
) -> None:
    authority = tmp_path / "authority.pub"
    authority.write_bytes(base64url.encode(AUTHORITY.public_key.octets))
    key = tmp_path / "key"
    key.write_bytes(AUTHORITY.private_octets())
    key.chmod(0o600)
    options = ("--authority", str(authority), "--request-key", str(tmp_path / key_file))
    program = start("subscribe", broker, *options)
    _, complaint = program.communicate()
    assert program.returncode == 1
    assert complaint.startswith("edge-lpr subscribe: ")
    assert sentence in complaint


def test_tables_without_their_library_say_what_to_install(tmp_path: Path) -> None:
    authority = tmp_path / "authority.pub"
    authority.write_bytes(base64url.encode(AUTHORITY.public_key.octets))
    program = (
        "import sys; sys.modules['rich.console'] = None; from edge_lpr.subscriber.__main__ "
        f"import main; sys.exit(main(['mqtt://127.0.0.1', '--authority', {str(authority)!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "pip install 'edge-lpr[server]', or use --json" in done.stderr
