"""A broker that is restarted in the middle of a lane loses nothing."""

import os
from pathlib import Path

import pytest

from edge_lpr.demo.brokers import EmbeddedBroker
from edge_lpr.demo.children import Child
from tests.support.waiting import wait_until
from tests.support.whole_booth import KnownLane, Recorder, WholeBooth

pytestmark = pytest.mark.broker


def start_remembering_broker(broker: EmbeddedBroker, folder: Path) -> Child:
    """Start mosquitto with sessions that outlive it, so that only the booth can lose anything."""
    folder.mkdir(exist_ok=True)
    configuration = folder / "mosquitto.conf"
    configuration.write_text(
        f"listener {broker.port} {broker.host}\n"
        "allow_anonymous true\n"
        "persistence true\n"
        f"persistence_location {folder}/\n"
        # Started by root it would become a user who may not write here.
        f"user {'root' if os.geteuid() == 0 else 'mosquitto'}\n"
    )
    return Child("broker", (broker.program, "-c", str(configuration)), folder / "broker.log")


def test_broker_restarted_in_the_middle_loses_nothing(
    mosquitto: EmbeddedBroker, lane: KnownLane, tmp_path: Path
) -> None:
    broker_folder = tmp_path / "broker"
    broker = start_remembering_broker(mosquitto, broker_folder)
    try:
        booth = WholeBooth(tmp_path / "booth", mosquitto, lane.source)
        with booth, Recorder(mosquitto, booth) as recorder:
            booth.start_all()
            wait_until(lambda: len(recorder.sightings) > 0, deadline_s=60)
            assert broker.stop(10)
            assert len(recorder.sightings) < len(lane.plates)
            vision_log = booth.folders.logs / "vision.log"
            wait_until(lambda: "stopped" in vision_log.read_text(), deadline_s=60)
            broker = start_remembering_broker(mosquitto, broker_folder)
            wait_until(lambda: len(recorder.sightings) == len(lane.plates), deadline_s=60)
            booth.finish()
            numbers = [sighting.claims.seq for sighting in recorder.sightings]
            assert numbers == list(range(1, len(lane.plates) + 1))
            assert recorder.refusals == []
            assert booth.counters("publisher")["unsent"] == 0
    finally:
        broker.stop(10)
