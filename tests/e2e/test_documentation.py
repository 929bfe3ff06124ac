"""What the page for server developers says is what the booth does."""

import subprocess
import sys
from pathlib import Path

import pytest

from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.demo.keys import authority_file
from edge_lpr.wire import base64url
from tests.support.whole_booth import KnownLane, WholeBooth

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "sightings.md"
EXAMPLE = ROOT / "docs" / "examples" / "print_sightings.py"


def test_page_shows_the_example_as_it_is() -> None:
    assert EXAMPLE.read_text() in PAGE.read_text()


@pytest.mark.broker
def test_example_prints_the_sightings_of_a_booth(
    running_mosquitto: EmbeddedBroker, lane: KnownLane, tmp_path: Path
) -> None:
    with WholeBooth(tmp_path / "booth", running_mosquitto, lane.source) as booth:
        example = subprocess.Popen(
            [
                sys.executable,
                str(EXAMPLE),
                str(authority_file(booth.folders)),
                str(running_mosquitto.port),
            ],
            env={"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            booth.start_all()
            booth.finish()
            assert example.stdout is not None
            # Blocks until the line is there; a broken example ends, and its lines are empty.
            printed = [example.stdout.readline().split() for _ in lane.plates]
        finally:
            example.terminate()
            _, complaints = example.communicate()
    assert complaints == ""
    tokens = []
    for (device, at, lane_number, token), plate in zip(printed, lane.plates, strict=True):
        epoch = int(at) // 86_400
        tokens.append(token)
        assert (device, lane_number) == ("booth-1", "1")
        assert base64url.decode(token.encode()) == booth.exact_token(plate, epoch)
    assert len(set(tokens)) == len(lane.plates)
