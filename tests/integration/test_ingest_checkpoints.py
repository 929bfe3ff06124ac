"""Checkpoints from a real broker through the real worker into a store, and on to an auditor."""

import sqlite3
from functools import partial
from pathlib import Path

import pytest

from edge_lpr.audit.__main__ import main
from edge_lpr.wire.topics import TopicKind
from tests.support.broker import running_mosquitto
from tests.support.ingest import LiveBooth, ingest_process
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

eventually = partial(wait_until, deadline_s=90.0)


def test_worker_keeps_what_a_booth_signs_and_says_what_contradicts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, booth = tmp_path / "store.sqlite3", LiveBooth()

    def stored(note: bytes) -> bool:
        """Publish until it is kept: before it has subscribed, a worker gets nothing."""
        booth.publish(broker.port, TopicKind.CHECKPOINT, [note])
        connection = sqlite3.connect(file)
        try:
            kept = connection.execute("SELECT note FROM checkpoint").fetchall()
        except sqlite3.OperationalError:
            return False
        finally:
            connection.close()
        return (note,) in kept

    with running_mosquitto(tmp_path, is_persistent=False) as broker:
        booth.publish_birth(broker.port)
        with ingest_process(broker.port, tmp_path, ["--sqlite", str(file)]) as worker:
            worker.start()
            eventually(lambda: stored(booth.checkpoint(5)))
            assert not worker.says("audit_log_contradicts")
            eventually(lambda: stored(booth.checkpoint(5, bytes([1] * 32))))
            assert worker.stop() == 0
    assert '"event":"audit_log_contradicts"' in worker.log_file.read_text()
    assert '"address":"tenant-a/lane-07/booth-1","reason":"forked"' in worker.log_file.read_text()
    assert main(["checkpoints", "tenant-a/lane-07/booth-1", str(file)]) == 0
    assert capsys.readouterr().out.count('"note"') == 2
