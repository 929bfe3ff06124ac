"""What both forms of the subscriber do alike: one step from the link to the consumer."""

import logging
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import BrokerError, BrokerUnreachableError, SettingsError
from edge_lpr.subscriber.fleet_state import FleetState
from edge_lpr.subscriber.memory_file import MemoryFile
from edge_lpr.subscriber.options import SubscriberOptions, open_link, open_reception
from edge_lpr.subscriber.verdicts import Verdict
from edge_lpr.subscriber.watch_list_file import WatchListFile

_logger = logging.getLogger("edge_lpr.subscriber")
"""The program that uses the library decides where it goes; without a word, to standard error."""

_REQUESTS_PAUSE_NS: Final = 1_000_000_000
"""Between two looks at what is missing."""

_KEEP_PAUSE_NS: Final = 5_000_000_000
"""Between two writes of the memory: what was done within is delivered once more after a crash."""

_LONGEST_WAIT_S: Final = 1.0


class Consumption:
    """One consumer at work. Everything but the link's thread is the caller's thread."""

    def __init__(self, options: SubscriberOptions, clock: Clock) -> None:
        """Prepare everything; nothing is connected.

        Args:
            options: What the consumer asks for.
            clock: For certificates, requests and patience.

        Raises:
            SettingsError: The options or a file are not what they should be.
            KeyFileError: A key file is missing or damaged.
        """
        self._clock = clock
        self._births_filter = options.births_filter()
        self._watch_list = (
            WatchListFile(Path(options.watchlist), _complain) if options.watchlist else None
        )
        self._reception = open_reception(options, clock, self._watch_list)
        self.link = open_link(options)
        """The connection to the broker."""
        self._give_up_ns = clock.monotonic_ns() + int(options.connect_timeout_s * 1e9)
        self._next_requests_ns = 0
        self._handed_out: Verdict | None = None
        self._memory: MemoryFile | None = None
        self._next_keep_ns = 0
        if options.memory_file is not None:
            self._memory = MemoryFile(Path(options.memory_file))
            for address, boot, summary in self._memory.read():
                self._reception.resume(address, boot, summary)
        if self._watch_list is not None:
            self._watch_list.start()

    @property
    def fleet(self) -> FleetState:
        """What is known of the booths."""
        return self._reception.fleet

    @property
    def trouble(self) -> BrokerError | None:
        """Why there is no connection at the moment."""
        return self.link.trouble

    def is_ready(self) -> bool:
        """Return whether the first connection has come about.

        Raises:
            BrokerRefusedError: The broker does not let us in.
            BrokerUnreachableError: Nobody answered in time.
        """
        is_ready = self.link.is_ready()
        if not is_ready and self._clock.monotonic_ns() >= self._give_up_ns:
            raise self.link.trouble or BrokerUnreachableError("the broker does not answer")
        return is_ready

    def step(self) -> Verdict | None:
        """Return what the consumer is given next, ``None`` if it has to wait.

        Raises:
            SettingsError: The memory cannot be written. Nothing was taken: the next call goes on.
            BrokerError: The link's thread has failed.
        """
        # First, because what has been taken is handed out, or it is lost until the next connection.
        self._look_after()
        verdict = self._reception.take()
        while verdict is None:
            message = self.link.take()
            if message is None:
                break
            self._reception.receive(message)
            verdict = self._reception.take()
        self._handed_out = verdict
        return verdict

    def wait_s(self) -> float:
        """Return how long to wait before the next step, unless the link has something."""
        due_s = self._reception.due_in_s()
        return _LONGEST_WAIT_S if due_s is None else min(_LONGEST_WAIT_S, due_s)

    def settle(self) -> None:
        """Acknowledge what was handed out last: the consumer is done with it."""
        if self._handed_out is not None:
            self._handed_out.done()
            self._handed_out = None

    def close(self) -> None:
        """End the connection, and keep in mind what was done; may be called twice."""
        self.link.close()
        if self._watch_list is not None:
            self._watch_list.close()
        if self._memory is not None:
            self._memory.write(self._reception.summaries())

    def _look_after(self) -> None:
        """Fetch births that are waited for, ask for what is missing, keep in mind what was done."""
        now_ns = self._clock.monotonic_ns()
        if self._reception.is_fetch_due():
            self.link.fetch(self._births_filter)
        if now_ns >= self._next_requests_ns:
            self._next_requests_ns = now_ns + _REQUESTS_PAUSE_NS
            for topic, document in self._reception.requests():
                self.link.publish(topic, document)
        if self._memory is not None and now_ns >= self._next_keep_ns:
            self._next_keep_ns = now_ns + _KEEP_PAUSE_NS
            self._memory.write(self._reception.summaries())


def _complain(error: SettingsError) -> None:
    """Say that a changed watch-list makes no sense, and the one before stays in use."""
    _logger.warning("%s; the watch-list before it stays in use", error)
