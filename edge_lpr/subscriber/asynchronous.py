"""The subscriber for ``asyncio``: an ``async for`` loop over what booths say."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from types import TracebackType

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import BrokerError, SettingsError
from edge_lpr.subscriber.consumption import Consumption
from edge_lpr.subscriber.fleet_state import DeviceState
from edge_lpr.subscriber.options import SubscriberOptions
from edge_lpr.subscriber.verdicts import Verdict
from edge_lpr.wire.topics import DeviceAddress


class AsyncSubscriber(SubscriberOptions):
    """Hands out what booths say, verified, each once, in order; see ``Subscriber``.

    ::

        async with AsyncSubscriber("mqtts://broker.example", authority_key=..., ...) as fleet:
            async for event in fleet:
                ...
    """

    _consumption: Consumption | None = None
    _changed: asyncio.Event | None = None

    async def __aenter__(self) -> "AsyncSubscriber":  # noqa: PYI034 - Self needs Python 3.11
        """Connect.

        Raises:
            SettingsError: The options or a file are not what they should be.
            KeyFileError: A key file is missing or damaged.
            BrokerRefusedError: The broker does not let us in.
            BrokerUnreachableError: Nobody answered in time.
        """
        consumption = self._consumption = Consumption(self, SystemClock())
        changed = self._changed = asyncio.Event()
        loop = asyncio.get_running_loop()

        def tell() -> None:
            # The loop may be closed while the link's thread has a last word.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(changed.set)

        consumption.link.start(tell)
        try:
            while not consumption.is_ready():
                await self._wait(consumption)
        except BaseException:
            await asyncio.to_thread(consumption.link.close)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        """Disconnect; what was handed out last is acknowledged unless its handling raised."""
        if self._consumption is not None:
            if kind is None:
                self._consumption.settle()
            await asyncio.to_thread(self._consumption.close)

    def __aiter__(self) -> AsyncIterator[Verdict]:
        return self

    async def __anext__(self) -> Verdict:
        """Acknowledge the event before, and wait for the next one."""
        consumption = self._working()
        consumption.settle()
        while True:
            event = consumption.step()
            if event is not None:
                return event
            await self._wait(consumption)

    @property
    def devices(self) -> Mapping[DeviceAddress, DeviceState]:
        """The certified booths: seen when, how late, what is missing; not a copy."""
        return self._working().fleet.devices

    @property
    def trouble(self) -> BrokerError | None:
        """Why there is no connection at the moment; ``None`` while there is one."""
        return self._working().trouble

    async def _wait(self, consumption: Consumption) -> None:
        """Wait until the link has something, or a moment."""
        if self._changed is not None:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), consumption.wait_s())
            self._changed.clear()

    def _working(self) -> Consumption:
        """Return what does the work."""
        if self._consumption is None:
            raise SettingsError("use an AsyncSubscriber in an async with statement")
        return self._consumption
