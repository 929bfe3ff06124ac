"""What the page for server developers says is what the booth does."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.demo.keys import authority_file
from edge_lpr.wire import base64url
from tests.support.waiting import wait_until
from tests.support.whole_booth import KnownLane, WholeBooth

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "server.md"
EXAMPLE = ROOT / "docs" / "examples" / "print_sightings.py"
HITS_EXAMPLE = ROOT / "docs" / "examples" / "report_hits.py"
MOST_LINES = 20
"""A whole useful consumer has no more."""

DAY_S = 86_400
PATIENCE_S = 120.0

_ESTABLISHED = "01"
"""State of a connection in /proc/net/tcp."""


def test_page_shows_the_example_as_it_is() -> None:
    assert EXAMPLE.read_text() in PAGE.read_text()


@pytest.mark.parametrize("example", [EXAMPLE, HITS_EXAMPLE], ids=lambda path: path.stem)
def test_whole_consumer_is_short(example: Path) -> None:
    assert len(example.read_text().splitlines()) <= MOST_LINES


@contextmanager
def running_example(path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run an example as its reader would, and end it; it must have complained of nothing."""
    example = subprocess.Popen(
        [sys.executable, str(path), *arguments],
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # A line that never comes must fail the test and not hold it.
    patience = threading.Timer(PATIENCE_S, example.kill)
    patience.start()
    try:
        yield example
    finally:
        patience.cancel()
        example.terminate()
        _, complaints = example.communicate()
    assert complaints == ""


def connections_to(port: int) -> int:
    """Return how many connections to a port of this machine there are, seen from their clients."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    ends = [(line.split()[2], line.split()[3]) for line in lines]
    return sum(there.endswith(f":{port:04X}") and state == _ESTABLISHED for there, state in ends)


def printed_words(example: subprocess.Popen[str]) -> list[str]:
    """Return the words of the next line; a broken example ends, and its lines are empty."""
    assert example.stdout is not None
    return example.stdout.readline().split()


@pytest.mark.broker
def test_examples_print_the_sightings_of_a_booth_and_what_is_looked_for(
    running_mosquitto: EmbeddedBroker, lane: KnownLane, tmp_path: Path
) -> None:
    broker = f"mqtt://{running_mosquitto.host}:{running_mosquitto.port}"
    wanted = lane.plates[1]
    with WholeBooth(tmp_path / "booth", running_mosquitto, lane.source) as booth:
        authority = str(authority_file(booth.folders))
        watch_list = tmp_path / "watch-list"
        watch_list.write_text("".join(watch_list_lines(booth, wanted)))
        with (
            running_example(EXAMPLE, broker, authority) as printing,
            running_example(HITS_EXAMPLE, broker, authority, str(watch_list)) as reporting,
        ):
            # What is published before they have subscribed is not for them.
            wait_until(lambda: connections_to(running_mosquitto.port) == 2)
            booth.start_all()
            booth.finish()
            printed = [printed_words(printing) for _ in lane.plates]
            reported = printed_words(reporting)
    tokens = []
    for (device, at, lane_number, token), plate in zip(printed, lane.plates, strict=True):
        epoch = int(at) // DAY_S
        tokens.append(token)
        assert (device, lane_number) == ("booth-1", "1")
        assert base64url.decode(token.encode()) == booth.exact_token(plate, epoch)
    assert len(set(tokens)) == len(lane.plates)
    assert reported == ["north-crossing", "exact", "case-4711"]


def watch_list_lines(booth: WholeBooth, plate: str) -> Iterator[str]:
    """Yield entries of a watch-list for today and, should it be midnight, tomorrow."""
    today = booth.clock.unix_s() // DAY_S
    for epoch in (today, today + 1):
        token = base64url.encode(booth.exact_token(plate, epoch)).decode()
        entry = {"site": "north-crossing", "epoch": epoch, "exact": token, "fold": token}
        yield json.dumps(entry | {"entry": "case-4711"}) + "\n"
