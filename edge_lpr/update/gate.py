"""The health gate: whether a new system is kept, or the old one comes back.

A trial is judged by what worked before the update, which the old system has written down. A booth
whose camera is broken still gets its security updates; a booth whose camera worked, and whose new
system finds none, goes back. That tokens come out right is asked of every system.

The gate only ever *keeps*. To leave a system it ends with an error: the unit restarts the machine
then, as it does if the gate itself does not start or does not end, and the loader has already
forgotten the trial.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import UpdateError
from edge_lpr.update.booth import Booth
from edge_lpr.update.records import EVERY_DEMAND, Attempt, Demand
from edge_lpr.update.working import LACKS, Condition

STEADY_S: Final = 30
"""Everything must work for so long without a process being started anew: the time within which six
starts are a crash loop (systemd/edge-lpr-vision.service)."""

_NANOSECONDS: Final = 1_000_000_000
_LOOK_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class GateEyes:
    """What the gate looks at, and how it waits."""

    clock: Clock
    """Its monotonic time counts."""
    look: Callable[[], Condition]
    """How the processes are."""
    tokens_work: Callable[[], bool]
    """The tokens' self-test."""
    sleep: Callable[[float], None]
    """Waits so many seconds."""
    is_alive: Callable[[], None]
    """Tells the service manager, which ends a gate that stands still."""


class HealthGate:
    """Judges the system that runs, if it is on trial."""

    def __init__(self, booth: Booth, eyes: GateEyes) -> None:
        """Prepare; nothing is judged yet.

        Args:
            booth: The one that runs.
            eyes: What is looked at.
        """
        self._booth = booth
        self._eyes = eyes

    def judge(self, limit_s: float) -> Attempt:
        """Keep the system on trial if it works within a time.

        Args:
            limit_s: The longest wait.

        Returns:
            The update, kept.

        Raises:
            UpdateError: It does not work, and why; that is written down.
        """
        booth = self._booth
        attempt = self._attempt().model_copy(update={"stage": "judged"})
        # Before anything else: if the power goes now, the old system says how far the new one came.
        booth.records.write_attempt(attempt)
        lack = self._lack(attempt.demands, limit_s)
        if lack is not None:
            attempt = attempt.left(lack)
            booth.records.write_attempt(attempt)
            raise UpdateError(attempt.sentence())
        # First the loader: a version that was noted as good and is not started could not come
        # again.
        booth.slots.mark_good(booth.slots.current())
        booth.records.note_good(booth.image.version)
        booth.records.write_attempt(attempt.kept())
        return attempt.kept()

    def _attempt(self) -> Attempt:
        """Return what was written down for this trial, or the strictest there could be."""
        booth = self._booth
        version = str(booth.image.version)
        attempt = booth.records.attempt()
        if attempt is not None and attempt.version == version:
            return attempt
        return Attempt(
            version=version,
            before="an unknown version",
            slot=booth.slots.current(),
            demands=EVERY_DEMAND,
            stage="judged",
        )

    def _lack(self, demands: tuple[Demand, ...], limit_s: float) -> str | None:
        """Wait until everything has worked for a while; return what did not, or ``None``."""
        if not self._eyes.tokens_work():
            return "tokens come out wrong"
        start_ns = steady_ns = self._eyes.clock.monotonic_ns()
        starts: list[str] | None = None
        while True:
            self._eyes.is_alive()
            now = self._eyes.look()
            now_ns = self._eyes.clock.monotonic_ns()
            missing = [demand for demand in demands if demand not in now.works]
            # Of what is not asked for, the process may come and go: vision does, without a camera.
            before, starts = starts, [now.starts[demand] for demand in demands]
            if missing or starts != before:
                steady_ns = now_ns
            if now_ns - steady_ns >= STEADY_S * _NANOSECONDS:
                return None
            if now_ns - start_ns >= limit_s * _NANOSECONDS:
                return " and ".join(LACKS[each] for each in missing) or "its processes do not last"
            self._eyes.sleep(_LOOK_S)
