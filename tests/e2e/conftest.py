"""What the end-to-end tests share: one short lane, rendered once, and real brokers."""

import os
from collections.abc import Iterator

import pytest

from edge_lpr.core.errors import SettingsError
from edge_lpr.demo.arguments import Source
from edge_lpr.demo.brokers import EmbeddedBroker, choose_broker, start_broker
from edge_lpr.demo.folders import DemoFolders, make_folders
from edge_lpr.synthesis.lane import write_lane
from edge_lpr.vision.adapters.opencv_quiet import silence_opencv
from tests.support.whole_booth import KnownLane

PASSES = 4


@pytest.fixture(scope="session")
def lane(tmp_path_factory: pytest.TempPathFactory) -> KnownLane:
    # FFmpeg reads its log level once a process, and a test of its silence may come after us.
    silence_opencv()
    video_file = tmp_path_factory.mktemp("lane") / "lane.avi"
    truth = write_lane(video_file, PASSES)
    return KnownLane(Source("video", str(video_file)), truth)


@pytest.fixture(scope="session")
def mosquitto() -> EmbeddedBroker:
    """Choose mosquitto; without it, skip on a laptop and fail where it is required."""
    try:
        return choose_broker("mosquitto")
    except SettingsError as error:
        if os.environ.get("EDGE_LPR_REQUIRE_BROKER") == "1":
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def running_mosquitto(
    mosquitto: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedBroker]:
    """Start mosquitto; each file has one of its own, without retained births of other booths."""
    root = tmp_path_factory.mktemp("broker")
    folders = DemoFolders(root / "root", root)
    make_folders(folders)
    process = start_broker(mosquitto, folders)
    yield mosquitto
    process.stop(10)
