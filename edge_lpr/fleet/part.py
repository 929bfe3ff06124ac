"""One process of a fleet: its booths, when their vehicles pass, and what goes wrong.

::

    1. connect    every booth, the first of them or nothing
    2. pass       vehicles at random moments; each sighting is written down as truth, then meets
                  its fate
    3. drain      until the broker has taken everything; a last health record names the last numbers
    4. linger     answering requests
    5. close      every booth says offline
"""

import heapq
import itertools
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import SettingsError
from edge_lpr.fleet.arguments import FleetOptions, Part
from edge_lpr.fleet.booth_session import BoothSession, Surroundings
from edge_lpr.fleet.counters import FleetCounters
from edge_lpr.fleet.faults import Fate, FateDraw
from edge_lpr.fleet.link_loop import LinkLoop, LinkTarget
from edge_lpr.fleet.truth import TruthFile
from edge_lpr.fleet.virtual_booth import Committed, Ring, VirtualBooth, address_of, key_from
from edge_lpr.publisher.consumers import Consumers, read_consumers
from edge_lpr.publisher.request_rules import RequestRules
from edge_lpr.subscriber.key_files import TlsFiles

AUTHORITY: Final = "authority"
"""Whose key signs the certificates of all booths of a seed."""

_TICK_S: Final = 1.0
_GOODBYE_S: Final = 5.0
_MOST_AT_ONCE: Final = 50
"""Sightings between two looks at the connections."""

_VEHICLES: Final = 1_000_000
"""Vehicles on the road; some come again."""

_NS_PER_S: Final = 1_000_000_000
_S_PER_MINUTE: Final = 60


class FleetPart:
    """The booths of one process."""

    def __init__(
        self, options: FleetOptions, part: Part, clock: Clock, report: Callable[[], None]
    ) -> None:
        """Make the booths; nothing is connected before ``run``.

        Args:
            options: Of the whole fleet.
            part: Which booths are ours.
            clock: For everything.
            report: Called about once a second, and at the end.

        Raises:
            SettingsError: A file is missing or wrong.
        """
        self.counters = FleetCounters()
        self._options = options
        self._part = part
        self._clock = clock
        self._report = report
        self._loop = LinkLoop()
        # Streams of their own, so that what is drawn for one does not move the others.
        self._traffic = self._chance("traffic")
        self._draw = FateDraw(options.faults, self._chance("fates"))
        # The same in all parts: a storm cuts them all.
        self._storms = random.Random(f"{options.seed} storms")  # noqa: S311 - no secret
        self._restarts = self._chance("restarts")
        self._timers: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._held: dict[BoothSession, bytes] = {}
        self._is_passing = True
        self._late: set[Callable[[], None]] = set()
        self._truth = TruthFile(options.truth) if options.truth else None
        self._sessions = self._make_sessions()

    def run(self, is_stopped: Callable[[], bool]) -> bool:
        """Play the booths until the end that the options say, or until a stop is wanted.

        Args:
            is_stopped: Whether a stop is wanted.

        Returns:
            Whether the broker has taken everything.

        Raises:
            BrokerUnreachableError: Nobody answered the first booth.
        """
        try:
            self._sessions[0].adopt(self._sessions[0].target.dial())
            self._every(_TICK_S, self._tick)
            self._tick()
            self._pass(is_stopped)
            # Storms and restarts too.
            self._is_passing = False
            is_drained = self._drain()
            self._work_until(self._in_ns(self._options.linger_s), is_stopped)
            self._say_goodbye()
            self._tell()
        finally:
            for session in self._sessions:
                session.close()
            self._loop.close()
            if self._truth is not None:
                self._truth.close()
        return is_drained

    def _pass(self, is_stopped: Callable[[], bool]) -> None:
        """Step 2."""
        options, faults = self._options, self._options.faults
        rate_hz = options.rate_hz / self._part.of
        wanted = None if options.sightings is None else self._share(options.sightings)
        self._at_random(self._storms, faults.reconnect_storms, self._storm)
        self._at_random(self._restarts, faults.restarts / self._part.of, self._restart_one)
        end_ns = self._in_ns(options.seconds) if options.seconds else None
        next_ns = self._clock.monotonic_ns()
        while not is_stopped() and self.counters.committed != wanted:
            now_ns = self._clock.monotonic_ns()
            if end_ns is not None and now_ns >= end_ns:
                return
            for _ in range(_MOST_AT_ONCE):
                if next_ns > now_ns or self.counters.committed == wanted:
                    break
                self._vehicle()
                next_ns += round(self._traffic.expovariate(rate_hz) * _NS_PER_S)
            self._work(min(next_ns, end_ns or next_ns))

    def _drain(self) -> bool:
        """Step 3."""
        end_ns = self._in_ns(self._options.drain_s)
        for late in [*self._late]:
            self._send_late(late)
        self._work_until(end_ns, self._is_drained)
        if self._truth is not None:
            # Whoever hears of the last numbers can look for them in the truth.
            self._truth.flush()
        for session in self._sessions:
            session.send_health()
        self._work_until(end_ns, self._is_drained)
        return self._is_drained()

    def _say_goodbye(self) -> None:
        """Step 5; who cannot say it is missed by the broker, which then says it for him."""
        for session in self._sessions:
            session.say_offline()
        self._work_until(self._in_ns(_GOODBYE_S), self._is_drained)

    def _is_drained(self) -> bool:
        """Return whether the broker has taken everything that is to be sent."""
        return not self._held and all(session.waiting == 0 for session in self._sessions)

    def _vehicle(self) -> None:
        """Let one vehicle pass one booth."""
        session = self._traffic.choice(self._sessions)
        vehicle = self._traffic.randrange(_VEHICLES)
        if not session.booth.publishes(vehicle):
            self.counters.not_listed += 1
            return
        committed = session.booth.commit(vehicle)
        fate = self._draw.next()
        # Before it is sent: what a store has must be in the truth.
        if self._truth is not None:
            self._truth.add(committed, fate)
        self.counters.committed += 1
        self._meet(fate, session, committed)

    def _meet(self, fate: Fate, session: BoothSession, committed: Committed) -> None:
        """Do to a sighting what its fate says."""
        if fate is Fate.LOST:
            self.counters.lost += 1
            session.say_lost(committed)
            return
        session.keep(committed)
        if fate is Fate.DROPPED:
            self.counters.dropped += 1
        elif fate is Fate.DELAYED:
            self.counters.delayed += 1
            late = partial(session.send, committed.document)
            self._late.add(late)
            self._later(self._draw.delay_s(), partial(self._send_late, late))
        elif fate is Fate.REORDERED and session not in self._held:
            self.counters.reordered += 1
            self._held[session] = committed.document
            # Also if no next one comes.
            self._later(_TICK_S, lambda: self._release(session))
        else:
            session.send(committed.document)
            if fate is Fate.DUPLICATED:
                self.counters.duplicated += 1
                session.send(committed.document)
            self._release(session)

    def _send_late(self, late: Callable[[], None]) -> None:
        """Send a delayed sighting, unless it has been sent."""
        if late in self._late:
            self._late.remove(late)
            late()

    def _release(self, session: BoothSession) -> None:
        """Send the sighting that was held back until the next one, if there is one."""
        document = self._held.pop(session, None)
        if document is not None:
            session.send(document)

    def _tick(self) -> None:
        """Do what is done once a second."""
        for session in self._sessions:
            session.keep_alive()
            session.connect_if_due()
        if self._truth is not None:
            self._truth.flush()
        self._tell()

    def _tell(self) -> None:
        """Report the figures of this moment."""
        self.counters.waiting = sum(session.waiting for session in self._sessions)
        self.counters.online = sum(session.is_online for session in self._sessions)
        self._report()

    def _storm(self) -> None:
        """Cut all connections at once."""
        self.counters.storms += 1
        for session in self._sessions:
            session.cut()

    def _restart_one(self) -> None:
        """Let one booth begin a new boot."""
        self._restarts.choice(self._sessions).restart()

    def _work_until(self, end_ns: int, is_done: Callable[[], bool]) -> None:
        """Serve connections and timers until something is done, or a moment has come."""
        while not is_done() and self._clock.monotonic_ns() < end_ns:
            self._work(end_ns)

    def _work(self, until_ns: int) -> None:
        """Serve connections and timers once; return at the latest when a moment has come."""
        now_ns = self._clock.monotonic_ns()
        while self._timers and self._timers[0][0] <= now_ns:
            heapq.heappop(self._timers)[2]()
        due_ns = min(until_ns, self._timers[0][0]) if self._timers else until_ns
        self._loop.turn(min(0.1, max(0.0, (due_ns - now_ns) / _NS_PER_S)))

    def _later(self, wait_s: float, action: Callable[[], None]) -> None:
        """Do something in a while."""
        heapq.heappush(self._timers, (self._in_ns(wait_s), next(self._order), action))

    def _every(self, interval_s: float, action: Callable[[], None]) -> None:
        """Do something again and again, first after one interval."""

        def again() -> None:
            action()
            self._later(interval_s, again)

        self._later(interval_s, again)

    def _at_random(
        self, chance: random.Random, per_minute: float, action: Callable[[], None]
    ) -> None:
        """Do something at random moments, so often a minute."""

        def again() -> None:
            if not self._is_passing:
                return
            action()
            self._later(chance.expovariate(per_minute / _S_PER_MINUTE), again)

        if per_minute > 0:
            self._later(chance.expovariate(per_minute / _S_PER_MINUTE), again)

    def _make_sessions(self) -> list[BoothSession]:
        """Return the booths of this part, their health records spread over the interval."""
        options = self._options
        authority_key = key_from(options.seed, AUTHORITY)
        consumers: Consumers = read_consumers(options.consumers) if options.consumers else {}
        around = Surroundings(self._loop, self.counters, self._clock)
        sessions = []
        for number in self._part.numbers(options.booths):
            address = address_of(options.tenant, number)
            event_key = key_from(options.seed, address.device)
            mode = options.mode_of(number)
            booth = VirtualBooth(address, authority_key, event_key, self._clock, mode)
            tls_files = _tls_files(
                options.certificates if options.broker.is_tls else None, address.device
            )
            session = BoothSession(
                booth,
                LinkTarget(address, options.broker, tls_files),
                RequestRules(address, lambda: consumers, self._clock),
                Ring(options.keep),
                around,
            )
            first_s = options.health_s * (number / options.booths)
            self._later(first_s, self._health_of(session))
            sessions.append(session)
        return sessions

    def _health_of(self, session: BoothSession) -> Callable[[], None]:
        """Return what sends a booth's health now, and again after each interval."""

        def again() -> None:
            session.send_health()
            self._later(self._options.health_s, again)

        return again

    def _share(self, total: int) -> int:
        """Return this part's share of a number, so that all shares add up to it."""
        return total // self._part.of + (self._part.number < total % self._part.of)

    def _chance(self, purpose: str) -> random.Random:
        """Return a stream of random numbers that follows from seed, purpose and part."""
        return random.Random(  # noqa: S311 - a simulation
            f"{self._options.seed} {purpose} {self._part.number}/{self._part.of}"
        )

    def _in_ns(self, wait_s: float) -> int:
        """Return the moment that is so many seconds ahead."""
        return self._clock.monotonic_ns() + round(wait_s * _NS_PER_S)


def _tls_files(folder: Path | None, device: str) -> TlsFiles | None:
    """Return the files of a booth in a laboratory's folder."""
    if folder is None:
        return None
    own = folder / "devices" / device
    files = TlsFiles(folder / "broker-ca.crt", own.with_suffix(".crt"), own.with_suffix(".key"))
    if not own.with_suffix(".crt").is_file():
        raise SettingsError(
            f"{own}.crt: there is no such file; edge-lpr fleet --list says whom edge-lpr broker "
            "laboratory must certify"
        )
    return files
