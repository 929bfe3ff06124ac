"""How the booth is, as far as the tokeniser knows: what its health records say.

What vision and publisher contribute was bounded when it came (``handoff/``) and is marked as theirs
in the record; nobody but themselves vouches for it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Final

from edge_lpr.core.clock import EPOCH_LENGTH_S, Clock, TimeQuality, epoch_of
from edge_lpr.core.hourly import HourlyCounters
from edge_lpr.core.vision_counts import CameraState
from edge_lpr.handoff.vision_report import VisionReport
from edge_lpr.tokeniser.vision_watch import VisionWatch
from edge_lpr.wire.bounds import MAXIMUM_UNIX_S
from edge_lpr.wire.health import Alarm, BoothFigures, HealthClaims

CERTIFICATE_ENDS_DAYS: Final = 14
"""Fewer whole days than these are worth an alarm: issuing a new one takes people."""

KEYS_END_DAYS: Final = 1
"""The next day's key comes the day before, or somebody must look why not."""

_MAXIMUM_DAYS: Final = 36_525
"""A century: what a health record can hold."""

_ABOUT_KEYS: Final = ("deliveries", "deliveries_refused")
"""Counters that say nothing about passages."""

_NS: Final = 1_000_000_000

_CAMERA_ALARMS: Final[Mapping[CameraState, Alarm]] = {
    "away": "camera_away",
    "frozen": "camera_frozen",
    "dark": "camera_dark",
}


class HitOnly:
    """What is said differently in hit-only mode: figures once an hour, and that a list is lacking.

    The board's temperature too: looking at a vehicle and making its token warm the board, by
    degrees that a minute's record would show.

    Our counters and vision's are counted together, at vision's first report of an hour, see
    ``core/hourly.py``; or, while vision is away, at the first health record. When vision begins
    anew a whole hour must pass first: what it counted in its first minute would tell about that.
    """

    def __init__(
        self,
        vision: VisionWatch,
        counters: Callable[[], Mapping[str, int]],
        has_list: Callable[[int], bool],
        clock: Clock,
    ) -> None:
        """Begin with zeros, and count from now on.

        Args:
            vision: What vision says; tells of each report from now on.
            counters: Returns the tokeniser's own funnel.
            has_list: Returns whether there is a watch-list for an epoch.
            clock: Tells the hour.
        """
        self._watch = vision
        self._seen = vision.counters()
        self._temperature_c: int | None = None
        self._temperature = HourlyCounters(self._temperatures, clock)
        self.has_list = has_list
        """Returns whether there is a watch-list for an epoch."""
        self.counters = HourlyCounters(counters, clock)
        """Returns the tokeniser's own funnel of the last full hour."""
        self.vision = HourlyCounters(vision.counters, clock)
        """Returns vision's counters of the last full hour."""
        vision.after_report = self.count

    def count(self) -> None:
        """Count, if an hour is over."""
        before, self._seen = self._seen, self._watch.counters()
        if any(number < before[name] for name, number in self._seen.items()):
            self.counters.put_off()
            self.vision.put_off()
        self.counters.count()
        self.vision.count()

    def temperature_c(self, now_c: int | None) -> int | None:
        """Return what the first health record of the hour said, ``None`` in the first hour.

        Args:
            now_c: What the publisher says now.
        """
        self._temperature_c = now_c
        self._temperature.count()
        return self._temperature().get("now")

    def _temperatures(self) -> Mapping[str, int]:
        """Return the temperature of now as counters are returned."""
        return {} if self._temperature_c is None else {"now": self._temperature_c}


class Condition:
    """Gathers what a health record says; for the delivering thread."""

    def __init__(
        self,
        vision: VisionWatch,
        counters: Callable[[], Mapping[str, int]],
        epochs: Callable[[], Collection[int]],
        *,
        certificate_ends_s: int,
        clock: Clock,
        hit_only: HitOnly | None = None,
    ) -> None:
        """Know where to look.

        Args:
            vision: What vision says.
            counters: Returns the tokeniser's own funnel.
            epochs: Returns the key epochs that there are keys for. Called from another thread
                than the one that forgets past keys, so it must return a copy made at once.
            certificate_ends_s: Last second of the device certificate, UTC since 1970.
            clock: Its UTC is what the record says, its monotonic time the time since the start.
            hit_only: In hit-only mode a minute's record must not tell when somebody passed, so
                counters are those of the last full hour.
        """
        self._vision = vision
        self._counters = counters
        self._epochs = epochs
        self._certificate_ends_s = certificate_ends_s
        self._clock = clock
        self._started_ns = clock.monotonic_ns()
        self._hit_only = hit_only

    def now_s(self) -> int:
        """Return UTC as whole seconds since 1970, within what a document can say.

        A clock that is decades off must not keep the booth from saying that something is wrong.
        """
        return min(max(self._clock.unix_s(), 0), MAXIMUM_UNIX_S)

    def keys_end(self) -> bool:
        """Return whether there are keys for less than a day from now on."""
        return self.key_days() < KEYS_END_DAYS

    def claims(
        self, figures: BoothFigures, *, boot: str, end: tuple[int, bytes], queued: int, test: bool
    ) -> HealthClaims:
        """Return what a health record says now.

        Args:
            figures: What the publisher says.
            boot: Boot id of the sighting chain.
            end: Number and hash of the chain's last sighting that was handed on.
            queued: Passages that wait for the publisher.
            test: Whether the input is replayed or rendered.

        Returns:
            The claims, to be signed.
        """
        report = self._vision.latest()
        if report is None and self._hit_only is not None:
            self._hit_only.count()
        if self._hit_only is not None:
            temperature_c = self._hit_only.temperature_c(figures.temperature_c)
            figures = replace(figures, temperature_c=temperature_c)
        quality = self._clock.quality()
        certificate_days = _whole_days(self._certificate_ends_s - self.now_s())
        key_days = self.key_days()
        return HealthClaims(
            boot=boot,
            seq=end[0],
            link=end[1],
            at=self.now_s(),
            tq=quality,
            up_s=(self._clock.monotonic_ns() - self._started_ns) // _NS,
            camera="not_known" if report is None else report.camera,
            vision=self._said_of_vision(report),
            tokeniser=self._said_of_us(),
            queued=queued,
            certificate_days=certificate_days,
            key_days=key_days,
            figures=figures,
            alarms=(
                *self._alarms_about_vision(report),
                *(("no_clock",) if quality is TimeQuality.NONE else ()),
                *(("keys_end",) if key_days < KEYS_END_DAYS else ()),
                *(("watch_list_missing",) if self._lacks_list() else ()),
                *(("certificate_ends",) if certificate_days < CERTIFICATE_ENDS_DAYS else ()),
            ),
            test=test,
        )

    def key_days(self) -> int:
        """Return for how many whole days from now on there are keys without a hole."""
        epochs = self._epochs()
        now_s = self.now_s()
        epoch = epoch_of(now_s)
        while epoch in epochs:
            epoch += 1
        return _whole_days(epoch * EPOCH_LENGTH_S - now_s)

    def _said_of_us(self) -> Mapping[str, int]:
        """Return our own counters; in hit-only mode those about passages are an hour's."""
        if self._hit_only is None:
            return self._counters()
        now = self._counters()
        return {**self._hit_only.counters(), **{name: now[name] for name in _ABOUT_KEYS}}

    def _said_of_vision(self, report: VisionReport | None) -> Mapping[str, int] | None:
        """Return vision's counters, if it is there; in hit-only mode an hour's."""
        if report is None:
            return None
        return report.counters if self._hit_only is None else self._hit_only.vision()

    def _lacks_list(self) -> bool:
        """Return whether nothing can be published today, for want of a watch-list."""
        return self._hit_only is not None and not self._hit_only.has_list(epoch_of(self.now_s()))

    def _alarms_about_vision(self, report: VisionReport | None) -> tuple[Alarm, ...]:
        """Return what somebody should look at in front of the tokeniser."""
        if self._vision.is_away():
            return ("vision_away",)
        if report is None or report.camera not in _CAMERA_ALARMS:
            return ()
        return (_CAMERA_ALARMS[report.camera],)


def _whole_days(seconds: int) -> int:
    """Return how many whole days there are in a time; none if it is over."""
    return min(max(seconds, 0) // EPOCH_LENGTH_S, _MAXIMUM_DAYS)
