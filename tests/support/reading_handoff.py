"""The tokeniser's end of the handoff from vision, in a test's own hands."""

from edge_lpr.handoff.reading_message import READING_BYTES, ReadingMessage, parse_reading
from edge_lpr.handoff.reading_sender import ReadingSender
from edge_lpr.handoff.seqpacket import Connection, Listener
from edge_lpr.handoff.vision_report import REPORT_BYTES, VisionReport, parse_report
from tests.support.clock import SetClock
from tests.support.readings import reading_of

DEADLINE_S = 10.0


def accepted(listener: Listener) -> Connection:
    connection = listener.accept(timeout_s=DEADLINE_S)
    assert connection is not None
    return connection


def received(connection: Connection) -> ReadingMessage:
    message = connection.receive(READING_BYTES, timeout_s=DEADLINE_S)
    assert message is not None
    return parse_reading(memoryview(message))


def offer(sender: ReadingSender, clock: SetClock, plate: bytes = b"B123ABC") -> ReadingMessage:
    reading = reading_of(plate)
    assert sender.offer(reading, last_seen_ns=clock.now_monotonic_ns)
    return reading


def reported(connection: Connection) -> VisionReport:
    message = connection.receive(REPORT_BYTES, timeout_s=DEADLINE_S)
    assert message is not None
    return parse_report(message)
