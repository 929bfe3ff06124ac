"""The thread that sends readings gives signs of life, whatever the tokeniser does."""

import os
from contextlib import closing
from pathlib import Path

from edge_lpr.core.log import Log
from edge_lpr.handoff.reading_message import READING_BYTES
from edge_lpr.handoff.reading_sender import ReadingSender
from edge_lpr.handoff.seqpacket import Listener
from tests.support.clock import SetClock
from tests.support.hearts import CountedHeart
from tests.support.readings import reading_of
from tests.support.waiting import wait_until

DEADLINE_S = 10.0


def test_sending_thread_gives_signs_of_life_with_and_without_work(tmp_path: Path) -> None:
    heart = CountedHeart()
    socket_path = tmp_path / "readings.sock"
    with closing(Listener(socket_path, allowed_user_id=os.geteuid())) as listener:
        sender = ReadingSender(socket_path, Log("test"), SetClock(), heart=heart)
        wait_until(lambda: heart.beats > 2)
        assert sender.offer(reading_of(b"B123ABC"), last_seen_ns=0)
        tokeniser = listener.accept(timeout_s=DEADLINE_S)
        assert tokeniser is not None
        with closing(tokeniser):
            assert tokeniser.receive(READING_BYTES, timeout_s=DEADLINE_S)
            # It is slow, which is no fault of the sender's.
            beats = heart.beats
            wait_until(lambda: heart.beats > beats + 2)
            tokeniser.send(b"A")
            sender.drain(DEADLINE_S)
    assert not heart.is_watched()
