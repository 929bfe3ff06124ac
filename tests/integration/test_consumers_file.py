"""The file that says who may ask for sightings again."""

import os
from pathlib import Path

import pytest

from edge_lpr.broker.request_key import make_request_key
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import SettingsError
from edge_lpr.core.log import Log
from edge_lpr.publisher.consumers import MAXIMUM_CONSUMERS, ConsumersFile, read_consumers
from edge_lpr.wire import base64url
from edge_lpr.wire.jws import SigningKey, load_signing_key
from tests.support.clock import SetClock
from tests.support.waiting import wait_for_another_time

KEY = SigningKey.generate()


def line(name: str, key: SigningKey = KEY) -> str:
    return f"{name} {base64url.encode(key.public_key.octets).decode()}\n"


def test_line_of_a_request_key_is_understood(tmp_path: Path) -> None:
    printed = make_request_key("archive", tmp_path / "request-key")
    file = tmp_path / "consumers"
    file.write_text(f"# who may ask\n\n{printed}\r\n")
    (kid,) = read_consumers(file)
    assert kid == load_signing_key(tmp_path / "request-key").kid
    assert read_consumers(file)[kid].name == "archive"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("Archive key\n", "begin with a name", id="name"),
        pytest.param("archive\n", "a public key in base64url", id="no key"),
        pytest.param("archive AAAA\n", "line 1 must be a name", id="short key"),
        pytest.param("archive  " + line("x")[2:], "must be a name, one space", id="two spaces"),
        pytest.param("\n\u00e4rchive x\n", "line 2 must be a name", id="not ASCII"),
        pytest.param(line("a") + line("b"), "line 2 names a key that stands", id="twice"),
        pytest.param("#" * 70_000, "longer than 65536", id="long"),
    ],
)
def test_wrong_line_is_named(tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "consumers"
    file.write_text(content)
    with pytest.raises(SettingsError, match=words):
        read_consumers(file)


def test_too_many_consumers_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "consumers"
    lines = (line(f"c{number}", SigningKey.generate()) for number in range(MAXIMUM_CONSUMERS + 1))
    file.write_text("".join(lines))
    with pytest.raises(SettingsError, match="more than 64"):
        read_consumers(file)


def test_missing_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read.*leave publisher\.consumers_file out"):
        ConsumersFile(tmp_path / "missing", Complaints(Log("test"), SetClock()))


def test_without_a_file_nobody_may_ask() -> None:
    assert ConsumersFile(None, Complaints(Log("test"), SetClock())).current() == {}


def test_file_that_changes_is_read_again_and_a_wrong_one_is_not_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "consumers"
    file.write_text(line("archive"))
    consumers = ConsumersFile(file, Complaints(Log("test"), SetClock()))
    another = SigningKey.generate()

    def replace(content: str) -> None:
        new = tmp_path / "new"
        new.write_text(content)
        new.replace(file)

    replace(line("archive") + line("police", another))
    assert {each.name for each in consumers.current().values()} == {"archive", "police"}
    replace("nonsense")
    assert len(consumers.current()) == 2
    assert len(consumers.current()) == 2
    file.unlink()
    assert len(consumers.current()) == 2
    assert caplog.messages == ["failure", "failure"]
    replace(line("police", another))
    assert [each.name for each in consumers.current().values()] == ["police"]


def test_key_exchanged_in_a_file_whose_time_is_put_back_is_taken_up(tmp_path: Path) -> None:
    file = tmp_path / "consumers"
    file.write_text(line("archive"))
    consumers = ConsumersFile(file, Complaints(Log("test"), SetClock()))
    before = file.stat()
    another = SigningKey.generate()
    wait_for_another_time(file)
    file.write_text(line("archive", another))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    assert list(consumers.current()) == [another.public_key.kid]
