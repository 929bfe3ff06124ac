"""The loop that makes hundreds of connections and serves them. Knows nothing of MQTT."""

import selectors
import socket
import ssl
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from edge_lpr.core.errors import BrokerUnreachableError, EdgeLprError
from edge_lpr.core.wake_up import WakeUp
from edge_lpr.subscriber.broker_url import BrokerUrl
from edge_lpr.subscriber.key_files import TlsFiles, tls_context
from edge_lpr.wire.topics import DeviceAddress

_DIALERS: Final = 16
"""Connections that a process makes at one time."""

_CONNECT_TIMEOUT_S: Final = 10.0


class HasFileno(Protocol):
    """A socket, as the library's types have it."""

    def fileno(self) -> int:
        """Return the descriptor."""


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """Where a booth connects, and as whom."""

    address: DeviceAddress
    """Stands in topics and client identifier."""
    broker: BrokerUrl
    """Where."""
    tls_files: TlsFiles | None
    """For TLS, read at every connection; ``None`` without."""

    def dial(self) -> socket.socket:
        """Connect over TCP, and shake hands over TLS.

        Returns:
            The connection, owned by the caller.

        Raises:
            BrokerUnreachableError: Nobody answers, or not whom we expect.
            SettingsError: A file is missing or not what it should be.
        """
        context = None if self.tls_files is None else tls_context(self.tls_files)
        host, port = self.broker.host, self.broker.port
        try:
            plain = socket.create_connection((host, port), timeout=_CONNECT_TIMEOUT_S)
            return _shake_hands(plain, context, host)
        except OSError as error:
            raise BrokerUnreachableError(
                f"{host}:{port}: {error.strerror or error}; start the broker, or correct --broker "
                "and --certificates"
            ) from error


Dialled: TypeAlias = socket.socket | EdgeLprError
"""What came of dialling."""

DialEnd: TypeAlias = Callable[[Dialled], None]
"""Takes what came of dialling; a connection is its own from then on."""


class LinkLoop:
    """Waits for all connections of a process at once."""

    def __init__(self) -> None:
        """Start with no connection."""
        self._selector = selectors.DefaultSelector()
        self._wanting: set[HasFileno] = set()
        self._writing: set[HasFileno] = set()
        # A handshake is a conversation: one after the other would take seconds for hundreds.
        self._dialers = ThreadPoolExecutor(_DIALERS, "dialer")
        self._dialled: deque[tuple[DialEnd, Dialled]] = deque()
        self._wake_up = WakeUp()
        self._selector.register(self._wake_up, selectors.EVENT_READ, self._take_dialled)

    def turn(self, wait_s: float) -> None:
        """Wait until a connection has something to do, and do it.

        Args:
            wait_s: Longest wait in seconds.
        """
        # Nearly every packet goes out at once, so what the kernel is asked for changes seldom.
        for mqtt_socket in self._wanting ^ self._writing:
            events = selectors.EVENT_READ
            if mqtt_socket in self._wanting:
                events |= selectors.EVENT_WRITE
            key = self._selector.get_key(mqtt_socket)
            self._selector.modify(mqtt_socket, events, key.data)
        self._writing = set(self._wanting)
        for key, ready in self._selector.select(wait_s):
            key.data(ready)

    def dial(self, target: LinkTarget, end: DialEnd) -> None:
        """Connect in another thread.

        Args:
            target: Where to.
            end: Called from inside ``turn`` with the connection, or with why there is none.
        """

        def work() -> None:
            outcome: Dialled
            try:
                outcome = target.dial()
            except EdgeLprError as error:
                outcome = error
            self._dialled.append((end, outcome))
            self._wake_up.set()

        self._dialers.submit(work)

    def watch(self, mqtt_socket: HasFileno, serve: Callable[[int], None]) -> None:
        """Serve a socket that may have something to read."""
        self._selector.register(mqtt_socket, selectors.EVENT_READ, serve)

    def forget(self, mqtt_socket: HasFileno) -> None:
        """Serve a socket no longer."""
        self._wanting.discard(mqtt_socket)
        self._writing.discard(mqtt_socket)
        self._selector.unregister(mqtt_socket)

    def want_to_write(self, mqtt_socket: HasFileno, *, is_wanted: bool) -> None:
        """Serve a socket also when it takes something, or no longer then."""
        if is_wanted:
            self._wanting.add(mqtt_socket)
        else:
            self._wanting.discard(mqtt_socket)

    def close(self) -> None:
        """Let go of threads and of the kernel's objects; nobody is told of what was dialled."""
        self._dialers.shutdown(cancel_futures=True)
        for _, outcome in self._dialled:
            if isinstance(outcome, socket.socket):
                outcome.close()
        self._selector.close()
        self._wake_up.close()

    def _take_dialled(self, _events: int) -> None:
        """Tell who dialled how it ended."""
        self._wake_up.clear()
        while self._dialled:
            end, outcome = self._dialled.popleft()
            end(outcome)


def _shake_hands(plain: socket.socket, context: ssl.SSLContext | None, host: str) -> socket.socket:
    """Return a connection over TLS, or the plain one if there is to be none."""
    if context is None:
        return plain
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except OSError:
        plain.close()
        raise
