"""The publisher process: settings, outbox, two threads, an orderly stop.

The main thread sends; a second one takes documents from the tokeniser.
"""

import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import Final

from edge_lpr import __version__
from edge_lpr.core.clock import Clock, SystemClock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.log import Log
from edge_lpr.core.notify import ServiceNotifier
from edge_lpr.core.sent_account import ACCOUNT_NAME
from edge_lpr.core.service import StopRequest, run_service
from edge_lpr.core.settings import BoothSettings, PublisherSection
from edge_lpr.core.status_words import StatusWords
from edge_lpr.core.wake_up import WakeUp
from edge_lpr.core.watchdog import Watchdog
from edge_lpr.handoff.diagnosis_desk import open_desk
from edge_lpr.handoff.seqpacket import Listener, user_id
from edge_lpr.publisher.account_keeper import AccountKeeper
from edge_lpr.publisher.answers import PublisherAnswers
from edge_lpr.publisher.broker import broker_of
from edge_lpr.publisher.budget import DailyBudget
from edge_lpr.publisher.consumers import ConsumersFile
from edge_lpr.publisher.health import PublisherFigures
from edge_lpr.publisher.intake import Intake
from edge_lpr.publisher.mailbox import Mailbox
from edge_lpr.publisher.mqtt_client import MqttClient
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.publisher.outbox_ring import OutboxLimits
from edge_lpr.publisher.relay import Relay
from edge_lpr.publisher.requests import RequestDesk
from edge_lpr.publisher.session import BrokerSession
from edge_lpr.publisher.signing_desk import SigningDesk
from edge_lpr.publisher.status import PublisherStatus
from edge_lpr.wire.topics import DeviceAddress

FUNNEL_INTERVAL_NS: Final = 60_000_000_000
"""How often the counters are written to the log."""

TURN_S: Final = 0.5
"""Longest turn of the loop: waits, pauses and the watchdog are looked at this often."""

OFFLINE_S: Final = 2.0
"""Longest time an orderly stop waits for the broker to take the status "offline"."""

_NS_PER_S: Final = 1_000_000_000
_S_PER_DAY: Final = 86_400
_BYTES_PER_MB: Final = 1_000_000

_BUDGET_FILE: Final = "bytes-sent-today"
"""Beside the outbox."""

_USER_KEY: Final = "publisher.tokeniser_user"


class Publisher:
    """The parts of the process, put together."""

    def __init__(
        self, settings: BoothSettings, resources: ExitStack, *, clock: Clock, log: Log
    ) -> None:
        """Open the outbox and listen for the tokeniser.

        Args:
            settings: The whole settings of the booth.
            resources: Takes what must be closed in the end, last opened first.
            clock: The machine's clock.
            log: Log of this process.

        Raises:
            SettingsError: A TLS file is wrong, the broker is not on this machine although there
                is no TLS, a user does not exist, a line of the consumers' file is wrong, or the
                outbox's file is another program's.
            KeyFileError: The TLS key is missing, damaged or readable by others.
            OutboxError: The outbox cannot be opened.
            HandoffError: The socket's folder does not let us listen.
        """
        section = settings.publisher
        self._drain_s = section.drain_s
        self._clock = clock
        self._log = log
        self._notifier = ServiceNotifier()
        self._watchdog = Watchdog(self._notifier, log, clock)
        self._heart = self._watchdog.heart("session")
        self._relay_heart = self._watchdog.heart("relay")
        self._wake_up = resources.enter_context(closing(WakeUp()))
        booth = settings.booth
        broker = broker_of(section, booth.device, wake_up=self._wake_up, clock=clock, log=log)
        tokeniser_user_id = user_id(section.tokeniser_user, _USER_KEY)
        self._outbox = resources.enter_context(
            closing(
                Outbox(
                    section.outbox_file,
                    log,
                    limits=_limits_of(section),
                    clock=clock,
                )
            )
        )
        self._intake = Intake(self._outbox, log)
        listener = resources.enter_context(
            closing(
                Listener(section.sightings_socket, allowed_user_id=tokeniser_user_id, key=_USER_KEY)
            )
        )
        self._budget = resources.enter_context(
            closing(
                DailyBudget(
                    section.daily_megabytes,
                    section.outbox_file.with_name(_BUDGET_FILE),
                    clock,
                    log,
                )
            )
        )
        address = DeviceAddress(booth.tenant, booth.site, booth.device)
        tokeniser = settings.tokeniser
        self._mailbox = Mailbox(address, with_watch_lists=tokeniser.mode == "hit-only", clock=clock)
        client = MqttClient(address, section.mqtt_version, self._wake_up, clock)
        self._account = AccountKeeper(
            section.sightings_socket.with_name(ACCOUNT_NAME), client, clock, Complaints(log, clock)
        )
        self._session = BrokerSession(
            client,
            broker,
            self._outbox,
            budget=self._budget,
            clock=clock,
            log=log,
        )
        requests = RequestDesk(
            address,
            ConsumersFile(section.consumers_file, Complaints(log, clock)),
            self._outbox,
            clock=clock,
            log=log,
        )
        self._figures = PublisherFigures(
            self._outbox, self._intake, requests, self._session, clock=clock
        )
        desk = SigningDesk(
            self._outbox,
            self._figures.now,
            self._mailbox,
            health_interval_s=section.health_interval_s,
            clock=clock,
        )
        self._session.serve(
            take_health=desk.take_health,
            take_request=requests.take if section.consumers_file else None,
            newest_transport=desk.newest_transport,
            newest_checkpoint=desk.newest_checkpoint,
            # Without the authority's key the tokeniser could believe nothing of it.
            mailbox=None if tokeniser.authority_file is None else self._mailbox,
        )
        self._status = PublisherStatus(
            self._session, self._outbox, clock, is_hit_only=tokeniser.mode == "hit-only"
        )
        self._answers = PublisherAnswers(
            self._session,
            self._outbox,
            self._figures,
            self._budget,
            clock,
            is_hit_only=tokeniser.mode == "hit-only",
        )
        self._diagnosis_socket = section.diagnosis_socket
        self._relay = Relay(
            listener, self._intake, desk, wake_up=self._wake_up, clock=clock, log=log
        )
        self._next_funnel_ns = clock.monotonic_ns() + FUNNEL_INTERVAL_NS

    def run(self, stop: StopRequest) -> None:
        """Work until told to stop, then send what is unsent.

        Args:
            stop: Made to end; ``wake_up`` is told of it.

        Raises:
            OutboxDamagedError: The outbox must be opened again, by a new process.
        """
        stop.tell(self._wake_up.set)
        self._log.info("started", version=__version__)
        desk = open_desk(
            self._diagnosis_socket, self._answers, self._log, self._watchdog.heart("diagnosis")
        )
        self._notifier.ready()
        words = StatusWords(self._notifier, self._clock)
        with self._watchdog.watching(lambda: words.say(self._status())):
            with ThreadPoolExecutor(1, thread_name_prefix="relay") as executor:
                relaying = executor.submit(self._take, stop)
                try:
                    while not stop.event.is_set():
                        self._work(relaying)
                finally:
                    # Also after an error: the executor waits for the relay.
                    stop.make()
            self._notifier.stopping()
            self._drain()
            self._session.close(OFFLINE_S)
        if desk is not None:
            desk.close()
        self._log_funnel()
        self._log.info("stopped")

    def _take(self, stop: StopRequest) -> None:
        """Take documents from the tokeniser, in a thread of its own."""
        try:
            self._relay.run(stop.event, self._relay_heart.beat)
        finally:
            self._relay_heart.rest()

    def _work(self, relaying: "Future[None]") -> None:
        """Do one turn of the loop."""
        self._heart.beat()
        self._session.turn(TURN_S)
        self._account.keep()
        self._answers.note()
        if relaying.done():
            # Raises what ended it.
            relaying.result()
        if self._clock.monotonic_ns() >= self._next_funnel_ns:
            self._next_funnel_ns = self._clock.monotonic_ns() + FUNNEL_INTERVAL_NS
            self._log_funnel()

    def _drain(self) -> None:
        """Send what is unsent while there is a connection; the rest stays in the outbox."""
        deadline_ns = self._clock.monotonic_ns() + round(self._drain_s * _NS_PER_S)
        while (
            self._outbox.unsent_count
            and self._session.is_connected
            and self._clock.monotonic_ns() < deadline_ns
        ):
            self._heart.beat()
            self._session.turn(TURN_S)
        self._heart.beat()

    def _log_funnel(self) -> None:
        """Write the counters to the log."""
        counters = self._figures.counters()
        counters["unsent"] = self._outbox.unsent_count
        counters["kept"] = self._outbox.kept_count
        counters["deliveries_dropped"] = self._mailbox.deliveries_dropped
        counters["list_parts_dropped"] = self._mailbox.parts_dropped
        self._log.info("funnel", counters=counters)


def _limits_of(section: PublisherSection) -> OutboxLimits:
    """Return how much the outbox may hold, in its own units."""
    return OutboxLimits(
        maximum_unsent=section.maximum_unsent,
        maximum_bytes=section.outbox_mb * _BYTES_PER_MB,
        keep_sent_s=round(section.keep_sent_days * _S_PER_DAY),
    )


def serve(settings: BoothSettings, log: Log, stop: StopRequest) -> None:
    """Run the process until told to stop."""
    with ExitStack() as resources:
        publisher = Publisher(settings, resources, clock=SystemClock(), log=log)
        publisher.run(stop)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the publisher until SIGTERM or SIGINT.

    Args:
        arguments: Command line without the program's name; that of the process if left out.

    Returns:
        Exit status, see ``core/service.py``.
    """
    return run_service("publisher", "Sends signed sightings to the broker.", serve, arguments)


if __name__ == "__main__":
    sys.exit(main())
