"""The subscriber in its blocking form: a ``for`` loop over what booths say."""

from collections.abc import Iterator, Mapping
from types import TracebackType

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import BrokerError, SettingsError
from edge_lpr.subscriber.consumption import Consumption
from edge_lpr.subscriber.fleet_state import DeviceState
from edge_lpr.subscriber.options import SubscriberOptions
from edge_lpr.subscriber.verdicts import Verdict
from edge_lpr.wire.topics import DeviceAddress


class Subscriber(SubscriberOptions):
    """Hands out what booths say, verified, each once, in order.

    ::

        with Subscriber("mqtts://broker.example", authority_key="authority.pub", ...) as fleet:
            for event in fleet:
                ...

    An event is acknowledged to the broker when the loop comes round for the next one, or earlier
    by ``event.done()``; one whose handling raised, or whose program died, is delivered again.
    """

    _consumption: Consumption | None = None
    _is_stopped = False

    def __enter__(self) -> "Subscriber":  # noqa: PYI034 - Self needs Python 3.11
        """Connect.

        Raises:
            SettingsError: The options or a file are not what they should be.
            KeyFileError: A key file is missing or damaged.
            BrokerRefusedError: The broker does not let us in.
            BrokerUnreachableError: Nobody answered in time.
        """
        consumption = self._consumption = Consumption(self, SystemClock())
        consumption.link.start()
        try:
            while not consumption.is_ready():
                consumption.link.wait(consumption.wait_s())
        except BaseException:
            consumption.link.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        """Disconnect; what was handed out last is acknowledged unless its handling raised."""
        if self._consumption is not None:
            if kind is None:
                self._consumption.settle()
            self._consumption.close()

    def __iter__(self) -> Iterator[Verdict]:
        return self

    def __next__(self) -> Verdict:
        """Acknowledge the event before, and wait for the next one."""
        consumption = self._working()
        consumption.settle()
        while not self._is_stopped:
            event = consumption.step()
            if event is not None:
                return event
            consumption.link.wait(consumption.wait_s())
        raise StopIteration

    def next_within(self, timeout_s: float) -> Verdict | None:
        """Acknowledge the event before, and wait for the next one for a while.

        Args:
            timeout_s: Longest wait.

        Returns:
            The event, ``None`` if none came.
        """
        consumption = self._working()
        consumption.settle()
        clock = SystemClock()
        give_up_ns = clock.monotonic_ns() + int(timeout_s * 1e9)
        while True:
            event = consumption.step()
            left_s = (give_up_ns - clock.monotonic_ns()) / 1e9
            if event is not None or left_s <= 0 or self._is_stopped:
                return event
            consumption.link.wait(min(left_s, consumption.wait_s()))

    def stop(self) -> None:
        """End the loop after the current event; may be called from any thread, or a signal."""
        self._is_stopped = True

    @property
    def is_stopped(self) -> bool:
        """Whether somebody has stopped the loop."""
        return self._is_stopped

    @property
    def devices(self) -> Mapping[DeviceAddress, DeviceState]:
        """The certified booths: seen when, how late, what is missing; not a copy."""
        return self._working().fleet.devices

    @property
    def trouble(self) -> BrokerError | None:
        """Why there is no connection at the moment; ``None`` while there is one."""
        return self._working().trouble

    def _working(self) -> Consumption:
        """Return what does the work."""
        if self._consumption is None:
            raise SettingsError("use a Subscriber in a with statement, which connects it")
        return self._consumption
