"""A signal that comes at the worst moment stops a process; it never hangs it."""

import subprocess
import sys

import pytest

PATIENCE_S = 30

WORST_MOMENT = """
import signal
import threading
from edge_lpr.core.service import StopRequest

class InterruptedLock(threading.Condition):
    def __enter__(self):
        held = super().__enter__()
        signal.raise_signal(signal.SIGTERM)
        return held

stop = StopRequest()
stop.event._cond = InterruptedLock(threading.Lock())
signal.signal(signal.SIGTERM, lambda *_: stop.make())
"""
"""Whoever in the main thread takes the lock inside the event is interrupted while holding it."""

MAKE_IT = "stop.make()"

MAKE_IT_TWICE_BY_SIGNALS = """
signal.signal(signal.SIGINT, lambda *_: stop.make())
signal.raise_signal(signal.SIGINT)
"""

PACE_READINGS = """
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.log import Log
from edge_lpr.tokeniser.funnel import Funnel
from edge_lpr.tokeniser.receive import ReadingReceiver
from tests.support.clock import SetClock
clock = SetClock()
receiver = ReadingReceiver(
    None, None, None, funnel=Funnel(), complaints=Complaints(Log("test"), clock), clock=clock
)
signal.signal(signal.SIGALRM, lambda *_: stop.make())
signal.setitimer(signal.ITIMER_REAL, 0.05)
while not stop.event.is_set():
    receiver._wait_for_turn(1, stop.event)
"""

MANY_SIGNALS = """
import random
from edge_lpr.core.service import StopRequest
for _ in range(5000):
    stop = StopRequest()
    signal.signal(signal.SIGALRM, lambda *_: stop.make())
    signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 1e-4))
    while not stop.event.is_set():
        if random.random() < 0.01:
            stop.make()
    signal.setitimer(signal.ITIMER_REAL, 0)
"""


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(MAKE_IT, id="as the publisher does after an error"),
        pytest.param(MAKE_IT_TWICE_BY_SIGNALS, id="two signals at once"),
        pytest.param(PACE_READINGS, id="as the tokeniser paces readings"),
        pytest.param(MANY_SIGNALS, id="many signals at random moments"),
    ],
)
def test_signal_at_the_worst_moment_still_stops_the_process(work: str) -> None:
    script = f"{WORST_MOMENT}{work}\nprint(stop.event.is_set())"
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.stdout == "True\n"
