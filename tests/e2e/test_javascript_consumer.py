"""A consumer in another language, written from the contract alone, beside a whole booth."""

import itertools
import json
from pathlib import Path

import pytest

from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.wire import base64url
from tests.support.node import need_node, running_example
from tests.support.waiting import wait_until
from tests.support.whole_booth import KnownLane, WholeBooth


@pytest.mark.broker
def test_javascript_consumer_prints_the_vehicles_that_drove_past(
    running_mosquitto: EmbeddedBroker, lane: KnownLane, tmp_path: Path
) -> None:
    need_node()
    authority, output = tmp_path / "authority.pub", tmp_path / "output.jsonl"
    url = f"mqtt://{running_mosquitto.host}:{running_mosquitto.port}"

    def printed(kind: str) -> list[dict[str, object]]:
        verdicts = [json.loads(line) for line in output.read_text().splitlines()]
        # A birth that another test has left with the broker is refused before ours comes.
        ours = itertools.dropwhile(lambda each: each["kind"] != "birth", verdicts)
        return [each for each in ours if each["kind"] == kind]

    with WholeBooth(tmp_path / "booth", running_mosquitto, lane.source) as booth:
        authority.write_bytes(base64url.encode(booth.authority_key.octets))
        with running_example([url, str(authority)], output):
            booth.start("publisher")
            booth.start("tokeniser")
            # Its birth is retained, so that whoever has it has subscribed to everything.
            wait_until(lambda: len(printed("birth")) > 0, deadline_s=60)
            booth.start("vision")
            booth.finish()
            wait_until(lambda: len(printed("sighting")) >= len(lane.plates))
        sightings = printed("sighting")
        tokens = [
            base64url.encode(booth.exact_token(plate, int(str(sighting["epoch"])))).decode()
            for plate, sighting in zip(lane.plates, sightings, strict=True)
        ]
    assert [sighting["exact"] for sighting in sightings] == tokens
    assert printed("refused") == []
