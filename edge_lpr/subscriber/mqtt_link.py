"""A server's connection to a broker, kept up by a thread of its own.

The thread moves packets and nothing else: what is delivered waits here until it is taken, and while
too much waits nothing more is read. It connects again by itself for as long as it takes, with
jitter, and reads the TLS files anew each time, so that renewed ones need no restart.
"""

import threading
import traceback
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from paho.mqtt.client import MQTTMessage

from edge_lpr.core.broker_back_off import CONSUMER_LONGEST_WAIT_S, BrokerBackOff
from edge_lpr.core.errors import BrokerError, BrokerRefusedError, SettingsError
from edge_lpr.core.wake_up import WakeUp
from edge_lpr.subscriber.broker_url import BrokerUrl
from edge_lpr.subscriber.key_files import TlsFiles, tls_context
from edge_lpr.subscriber.messages import Message
from edge_lpr.subscriber.paho_session import PahoSession, SessionWishes

_TURN_S: Final = 1.0
_MAXIMUM_WAITING: Final = 2_000
"""Messages that were delivered and not taken; beyond, nothing more is read."""


_MAXIMUM_NAME_CHARACTERS: Final = 128
"""More than any certificate's common name; MQTT itself would take 65,535."""


class MqttLink:
    """Delivers what a broker has for us, and takes acknowledgements from any thread."""

    def __init__(self, broker: BrokerUrl, tls_files: TlsFiles, wishes: SessionWishes) -> None:
        """Prepare a connection; nothing happens before ``start``.

        Args:
            broker: Where to connect.
            tls_files: Read at every connection; not used without TLS.
            wishes: What is asked of the broker.

        Raises:
            SettingsError: A TLS file is missing, not what it should be, or of no use; or the name
                is too short or too long.
        """
        if not broker.is_tls and tls_files != TlsFiles(None, None, None):
            raise SettingsError("TLS files are of no use with mqtt://; write mqtts://, or no files")
        if not 1 <= len(wishes.client_id) <= _MAXIMUM_NAME_CHARACTERS:
            raise SettingsError(f"name must have 1 to {_MAXIMUM_NAME_CHARACTERS} characters")
        self._broker = broker
        self._tls_files = tls_files
        self._context = tls_context(tls_files) if broker.is_tls else None
        self._session = PahoSession(broker, wishes, self._deliver)
        self._connection = 0
        self._listener: Callable[[], None] = self._notify
        self._changed = threading.Condition()
        self._messages: deque[Message] = deque()
        self._orders: deque[Callable[[], None]] = deque()
        self._wake_up = WakeUp()
        self._closing = threading.Event()
        self._back_off = BrokerBackOff(CONSUMER_LONGEST_WAIT_S)
        self._was_ready = False
        self._trouble: BrokerError | None = None
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    @property
    def trouble(self) -> BrokerError | None:
        """Why there is no session at the moment; ``None`` while there is one, or none yet."""
        return self._trouble

    def start(self, listener: Callable[[], None] | None = None) -> None:
        """Begin to connect.

        Args:
            listener: Called by the link's thread whenever something has changed; without one,
                ``wait`` can be used.
        """
        self._listener = listener or self._notify
        self._thread.start()

    def is_ready(self) -> bool:
        """Return whether a session has begun, now or earlier.

        Raises:
            BrokerRefusedError: The broker has refused the first one; waiting changes nothing.
            BrokerError: The link's thread has failed.
        """
        self._require_thread()
        if not self._was_ready and isinstance(self._trouble, BrokerRefusedError):
            raise self._trouble
        return self._was_ready

    def wait(self, timeout_s: float) -> None:
        """Wait until something has changed.

        Args:
            timeout_s: Longest wait.
        """
        with self._changed:
            is_over = self._failure is not None or self._closing.is_set()
            if not self._messages and not is_over:
                self._changed.wait(timeout_s)

    def take(self) -> Message | None:
        """Return what was delivered next, ``None`` if nothing waits.

        Raises:
            BrokerError: The link's thread has failed, so that nothing more will come.
        """
        self._require_thread()
        if not self._messages:
            return None
        message = self._messages.popleft()
        if len(self._messages) == _MAXIMUM_WAITING - 1:
            # There is room again.
            self._wake_up.set()
        return message

    def publish(self, topic: str, document: bytes) -> None:
        """Publish a request at QoS 1; it is dropped if there is no session."""
        self._order(partial(self._session.publish, topic, document))

    def fetch(self, topic_filter: str) -> None:
        """Have the broker deliver once more what it has retained.

        Args:
            topic_filter: One of those that are subscribed to with QoS 0.
        """
        self._order(partial(self._session.subscribe, topic_filter, 0))

    def close(self) -> None:
        """Send the acknowledgements that wait, and end the connection; may be called twice.

        The broker keeps our place if it was to.
        """
        self._closing.set()
        self._wake_up.set()
        self._listener()
        if self._thread.is_alive():
            self._thread.join()
        if self._failure is not None:
            self._session.cut()
        self._wake_up.close()

    def _run(self) -> None:
        """Be the thread: its failure is told to whoever takes messages, who would wait for ever."""
        try:
            self._keep_up()
        except Exception as error:  # noqa: BLE001 - the outermost frame of the thread
            self._failure = error
            self._listener()

    def _require_thread(self) -> None:
        """Raise if the thread has failed."""
        if self._failure is not None:
            # Where, and not what: the text of an unforeseen error may quote a message.
            frame = traceback.extract_tb(self._failure.__traceback__)[-1]
            raise BrokerError(
                f"the connection's thread has failed ({type(self._failure).__name__} in "
                f"{frame.name}, line {frame.lineno} of {frame.filename}): start this consumer "
                "again, and report it"
            ) from self._failure

    def _keep_up(self) -> None:
        """Keep a session up until somebody closes it."""
        while not self._closing.is_set():
            self._hold_session()
            self._closing.wait(self._back_off.next_wait_s())
        self._carry_out_orders()
        self._session.close()

    def _hold_session(self) -> None:
        """Connect, and hold the session until it ends."""
        was_subscribed = False
        try:
            self._connect()
            while not self._closing.is_set():
                self._turn()
                was_subscribed |= self._session.is_subscribed
        except BrokerError as error:
            self._trouble = error
            self._listener()
        if was_subscribed:
            self._back_off.reset()

    def _connect(self) -> None:
        """Begin a connection, with the TLS files as they are now."""
        # Orders are about the connection before, or come too late.
        self._orders.clear()
        self._connection += 1
        if self._context is not None:
            try:
                self._context = tls_context(self._tls_files)
            except SettingsError as error:
                # A pair that is being exchanged does not fit together for a moment.
                self._trouble = BrokerError(f"{error}; the files as they were before are used")
        self._session.connect(self._context)

    def _turn(self) -> None:
        """Move packets, and take note of a session that has begun."""
        self._session.turn(self._wake_up, _TURN_S, may_read=len(self._messages) < _MAXIMUM_WAITING)
        if self._session.is_subscribed and (self._trouble is not None or not self._was_ready):
            self._trouble, self._was_ready = None, True
            self._listener()
        self._carry_out_orders()

    def _carry_out_orders(self) -> None:
        """Write what other threads want written: the library's writing is for one thread."""
        while self._orders:
            self._orders.popleft()()

    def _deliver(self, message: MQTTMessage) -> None:
        """Put what was delivered where it can be taken."""
        acknowledge: Callable[[], None] = _nothing
        if message.qos > 0:
            acknowledge = partial(self._acknowledge, self._connection, message.mid)
        try:
            topic = message.topic
        except UnicodeDecodeError:
            # Of nobody that follows the contract, or even MQTT.
            topic = ""
        self._messages.append(
            Message(topic, bytes(message.payload), bool(message.retain), acknowledge)
        )
        self._listener()

    def _acknowledge(self, connection: int, message_id: int) -> None:
        """Acknowledge a message, unless its connection is gone: its number is another's then."""
        self._order(partial(self._acknowledge_now, connection, message_id))

    def _acknowledge_now(self, connection: int, message_id: int) -> None:
        """Do so, in the link's thread."""
        if connection == self._connection:
            self._session.acknowledge(message_id)

    def _order(self, order: Callable[[], None]) -> None:
        """Have the thread do something."""
        self._orders.append(order)
        self._wake_up.set()

    def _notify(self) -> None:
        """Wake whoever waits."""
        with self._changed:
            self._changed.notify_all()


def _nothing() -> None:
    """Acknowledge what needs no acknowledgement."""
