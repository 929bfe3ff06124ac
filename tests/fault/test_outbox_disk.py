"""The disk is full, or cannot be written at all."""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.errors import HandoffError, OutboxError
from edge_lpr.handoff.sighting_message import pack_sighting
from tests.support.outboxes import open_outbox
from tests.support.publisher_bench import (
    PublisherProcess,
    TokeniserStandIn,
    publisher_process,
)

NO_BROKER = 1
BOOT = "00112233445566aa"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[PublisherProcess, TokeniserStandIn]]:
    with publisher_process(tmp_path / "publisher", NO_BROKER) as (process, tokeniser):
        tokeniser.greet()
        yield process, tokeniser


def test_full_disk_is_not_acknowledged_and_passes(
    running: tuple[PublisherProcess, TokeniserStandIn],
) -> None:
    process, tokeniser = running
    tokeniser.hand_over(3)
    # The limit stands for the full disk: it stops the growth of every file of the process.
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (process.largest_file_bytes(), -1))
    message = pack_sighting(4, tokeniser.signer.sighting())
    for _ in range(3):
        with pytest.raises(HandoffError):
            tokeniser.exchange(message)
        tokeniser.close()
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (-1, -1))
    tokeniser.hand_over_again(message)
    assert process.stop() == 0
    assert process.counters()["unsent"] == 4
    failures = [line for line in process.events("failure") if line["kind"] == "OutboxError"]
    assert "have free space" in str(failures[0]["detail"])


def test_oldest_unsent_sightings_go_when_the_outbox_is_full(tmp_path: Path) -> None:
    with publisher_process(tmp_path / "publisher", NO_BROKER, maximum_unsent=100) as (
        process,
        tokeniser,
    ):
        tokeniser.greet()
        tokeniser.hand_over(100)
        tokeniser.hand_over(3)
        assert process.stop() == 0
        assert process.counters()["unsent"] == 100
    with closing(open_outbox(tmp_path / "publisher")) as outbox:
        gap = outbox.next_gap()
        assert gap is not None
        assert (gap.wish.first, gap.wish.last) == (1, 3)


def test_commit_that_fails_leaves_the_counts_as_they_were(tmp_path: Path) -> None:
    with closing(open_outbox(tmp_path)) as outbox:
        outbox.add_sighting(BOOT, 1, b"sighting")
        with outbox._owned() as connection:
            connection.execute("PRAGMA query_only=1")
        with pytest.raises(OutboxError, match="cannot be used"):
            outbox.add_sighting(BOOT, 2, b"another")
        with pytest.raises(OutboxError, match="cannot be used"):
            outbox.mark_sent([1])
        assert outbox.is_failing
        with outbox._owned() as connection:
            connection.execute("PRAGMA query_only=0")
        assert outbox.unsent_count == 1
        assert outbox.add_sighting(BOOT, 2, b"another")
        assert outbox.unsent_count == 2
        assert not outbox.is_failing


def read_only_prefix(folder: Path) -> tuple[str, ...]:
    """Return a command that runs another one while a folder is read-only."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        return ()
    # Permissions do not stop root; a mount does, seen by this one process only.
    script = 'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"'
    prefix = ("unshare", "--mount", "sh", "-c", script, str(folder))
    if shutil.which("unshare") is None or subprocess.run([*prefix, "true"], check=False).returncode:
        pytest.skip("root without the right to mount: cannot make a folder read-only")
    return prefix


def test_read_only_folder_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    state_folder = tmp_path / "state"
    state_folder.mkdir()
    options: dict[str, object] = {"outbox_file": str(state_folder / "outbox.sqlite3")}
    with closing(PublisherProcess(tmp_path / "publisher", NO_BROKER, options)) as process:
        process.start(command_prefix=read_only_prefix(state_folder))
        assert process.wait() == 1
        (failure,) = process.events("failure")
        assert str(failure["detail"]).startswith(f"{state_folder}/outbox.sqlite3: cannot be opened")
        assert "writable by this user" in str(failure["detail"])


def test_damaged_outbox_does_not_stop_the_publisher(tmp_path: Path) -> None:
    folder = tmp_path / "publisher"
    folder.mkdir()
    (folder / "outbox.sqlite3").write_bytes(b"no database at all")
    with publisher_process(folder, NO_BROKER) as (process, tokeniser):
        tokeniser.greet()
        tokeniser.hand_over(1)
        assert process.stop() == 0
        assert process.events("failure")[0]["kind"] == "OutboxDamagedError"
        assert process.counters()["unsent"] == 1
