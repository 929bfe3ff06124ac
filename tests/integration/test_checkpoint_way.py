"""A checkpoint's way: the audit log, the real tokeniser, the real publisher, a real broker."""

from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.audit.head_file import write_head
from edge_lpr.audit.log import AuditLog
from edge_lpr.core.clock import SystemClock
from edge_lpr.handoff.record_message import pack_checkpoint
from edge_lpr.handoff.sighting_message import parse_answer
from edge_lpr.tokeniser.checkpoint_desk import KEPT_NAME
from edge_lpr.wire.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from tests.support.booth import ADDRESS, lay_out_booth
from tests.support.broker import running_mosquitto
from tests.support.publisher_bench import Consumer, publisher_process
from tests.support.scripted_publisher import accepted, listening
from tests.support.signer import BOOTH
from tests.support.tokeniser_process import running_tokeniser
from tests.support.waiting import wait_until


def test_tokeniser_signs_the_log_that_the_audit_wrote(tmp_path: Path) -> None:
    head_file = tmp_path / "head"
    booth = lay_out_booth(tmp_path, more_tokeniser_settings=f'audit_head_file = "{head_file}"\n')
    (tmp_path / "audit").mkdir()
    log = AuditLog(tmp_path / "audit", SystemClock())
    log.append("booted")
    write_head(head_file, log.head())
    with (
        listening(booth.sightings_socket) as listener,
        running_tokeniser(booth) as tokeniser,
        accepted(listener) as publisher,
    ):
        publisher.say_hello()
        publisher.take_birth()
        wait_until(lambda: publisher.has_nothing_to_take() and bool(publisher.checkpoints))
        log.append("asked", person="anna")
        write_head(head_file, log.head())
        wait_until(lambda: publisher.has_nothing_to_take() and len(publisher.checkpoints) == 2)
        assert tokeniser.stop() == 0
    assert [
        parse_checkpoint(note).verified(booth.event_key.public_key).size
        for note in publisher.checkpoints
    ] == [1, 2]
    newest = parse_checkpoint(publisher.checkpoints[-1]).untrusted
    assert newest == Checkpoint(ADDRESS, *log.head())
    kept = booth.event_key_file.with_name(KEPT_NAME)
    assert kept.read_bytes() == publisher.checkpoints[-1]


@pytest.mark.broker
def test_broker_retains_the_newest_checkpoint(tmp_path: Path) -> None:
    with (
        running_mosquitto(tmp_path) as broker,
        publisher_process(tmp_path / "publisher", broker.port) as (process, tokeniser),
    ):
        tokeniser.greet()
        notes = [
            sign_checkpoint(Checkpoint(BOOTH, size, bytes(32)), tokeniser.signer.event_key)
            for size in (5, 6)
        ]
        with closing(Consumer(broker.port, tokeniser.signer)) as consumer:
            for count, note in enumerate(notes, start=1):
                answer = parse_answer(tokeniser.exchange(pack_checkpoint(note)))
                assert answer.is_committed
                wait_until(lambda wanted=count: len(consumer.payloads("checkpoint")) == wanted)  # type: ignore[misc]
            assert consumer.payloads("checkpoint") == notes
        assert process.stop() == 0
        with closing(Consumer(broker.port, tokeniser.signer)) as late:
            wait_until(lambda: late.payloads("checkpoint") == notes[1:])
