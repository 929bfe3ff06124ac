"""The tokeniser process: settings, keys, two threads, an orderly stop.

The main thread receives readings and makes sightings; a second one delivers them.
"""

import sys
import threading
from collections.abc import Sequence
from typing import Final

from edge_lpr import __version__
from edge_lpr.core.clock import Clock, SystemClock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import HandoffError
from edge_lpr.core.log import Log
from edge_lpr.core.notify import ServiceNotifier
from edge_lpr.core.service import StopRequest, run_service
from edge_lpr.core.settings import BoothSettings
from edge_lpr.core.watchdog import Watchdog
from edge_lpr.handoff.seqpacket import Listener, user_id
from edge_lpr.tokeniser.boot import Boot, new_boot_id
from edge_lpr.tokeniser.condition import Condition
from edge_lpr.tokeniser.credentials import birth_claims, load_credentials
from edge_lpr.tokeniser.delivery import Delivery
from edge_lpr.tokeniser.funnel import Funnel
from edge_lpr.tokeniser.receive import ReadingReceiver
from edge_lpr.tokeniser.relay import Relay

FUNNEL_INTERVAL_NS: Final = 60_000_000_000
"""How often the counters are written to the log."""

FINISH_S: Final = 5.0
"""Longest time an orderly stop spends on delivering; the publisher commits 1000 in one second."""

_USER_KEY: Final = "tokeniser.vision_user"


class Tokeniser:
    """The parts of the process, put together."""

    def __init__(self, settings: BoothSettings, log: Log, clock: Clock) -> None:
        """Read keys and listen for vision.

        Args:
            settings: The whole settings of the booth.
            log: Log of this process.
            clock: The machine's clock.

        Raises:
            EdgeLprError: A key, certificate, manifest or setting is wrong, or the socket's folder
                does not let us.
        """
        self._log = log
        self._clock = clock
        self._funnel = Funnel()
        self._notifier = ServiceNotifier()
        self._watchdog = Watchdog(self._notifier, log, clock)
        self._heart = self._watchdog.heart("receiver")
        self._boot_id = new_boot_id()
        credentials = load_credentials(settings, clock)
        claims = birth_claims(
            settings, credentials, boot=self._boot_id, time_quality=clock.quality()
        )
        self._relay = Relay(settings, credentials.key_ring, clock)
        condition = Condition(
            self._relay.vision,
            self._funnel.counters,
            # One step of the interpreter, so the thread that forgets past keys may go on meanwhile.
            credentials.key_ring.epochs,
            certificate_ends_s=credentials.certificate_ends_s,
            clock=clock,
        )
        # One set of complaints a thread: they are not locked.
        complaints = Complaints(log, clock)
        self._delivery = Delivery(
            settings.tokeniser.sightings_socket,
            settings.tokeniser.queue_sightings,
            boot=Boot(claims, credentials.signing_key, condition, complaints),
            funnel=self._funnel,
            complaints=complaints,
            clock=clock,
        )
        self._listener = Listener(
            settings.tokeniser.readings_socket,
            allowed_user_id=user_id(settings.tokeniser.vision_user, _USER_KEY),
            key=_USER_KEY,
        )
        self._receiver = ReadingReceiver(
            self._listener,
            self._relay,
            self._delivery,
            funnel=self._funnel,
            complaints=Complaints(log, clock),
            clock=clock,
        )
        self._next_funnel_ns = clock.monotonic_ns() + FUNNEL_INTERVAL_NS

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop, then deliver what is queued.

        Args:
            stop: Set to end.
        """
        self._log.info("started", version=__version__, boot=self._boot_id)
        self._delivery.start(self._watchdog.heart("delivery"))
        self._notifier.ready()
        with self._watchdog.watching():
            try:
                self._receiver.run(stop, self._heartbeat)
            finally:
                self._notifier.stopping()
                self._listener.close()
                self._delivery.finish(FINISH_S)
                self._log.info("funnel", counters=self._funnel.counters())
        self._log.info("stopped", boot=self._boot_id)

    def _heartbeat(self) -> None:
        """Give a sign of life, wipe past keys, and write the funnel once a minute."""
        if not self._delivery.is_alive():
            raise HandoffError("the delivering thread has died; the process must start again")
        self._heart.beat()
        self._relay.forget_past_keys()
        now_ns = self._clock.monotonic_ns()
        if now_ns >= self._next_funnel_ns:
            self._next_funnel_ns = now_ns + FUNNEL_INTERVAL_NS
            self._log.info("funnel", counters=self._funnel.counters())


def serve(settings: BoothSettings, log: Log, stop: StopRequest) -> None:
    """Run the process until told to stop."""
    Tokeniser(settings, log, SystemClock()).run(stop.event)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tokeniser until SIGTERM or SIGINT.

    Args:
        arguments: Command line without the program's name; that of the process if left out.

    Returns:
        Exit status, see ``core/service.py``.
    """
    return run_service("tokeniser", "Turns plate readings into signed sightings.", serve, arguments)


if __name__ == "__main__":
    sys.exit(main())
