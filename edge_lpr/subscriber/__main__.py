"""``edge-lpr subscribe``: what booths say, in a terminal or as JSON lines."""

import io
import signal
import sys
from collections.abc import Sequence
from typing import Final

from edge_lpr.core.broken_pipe import leave_unheard
from edge_lpr.core.clock import Clock, SystemClock
from edge_lpr.core.errors import EdgeLprError, SettingsError
from edge_lpr.core.service import forbid_core_dumps
from edge_lpr.subscriber.arguments import SubscribeOptions, parse_arguments
from edge_lpr.subscriber.blocking import Subscriber
from edge_lpr.subscriber.screen import JsonScreen, Screen
from edge_lpr.subscriber.verdicts import Verdict, VerifiedSighting

_TURN_S: Final = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Show what booths say until somebody stops it.

    Args:
        arguments: The words after ``edge-lpr subscribe``; those of the process if left out.

    Returns:
        0 after an orderly stop, 141 if the reader of our output left, else 1.
    """
    # It holds tokens, and the keys that it was given.
    forbid_core_dumps()
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that cannot show a dot must not end the program.
        sys.stdout.reconfigure(errors="replace")
    clock = SystemClock()
    try:
        _show(options, _screen(options, clock), clock)
    except EdgeLprError as error:
        sys.stderr.write(f"edge-lpr subscribe: {error}\n")
        return 1
    except BrokenPipeError:
        return leave_unheard()
    return 0


def _show(options: SubscribeOptions, screen: Screen, clock: Clock) -> None:
    """Connect, and show what comes."""
    subscriber = Subscriber(**vars(options.subscriber))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: subscriber.stop())
    end_ns = float("inf") if options.seconds is None else _after(clock, options.seconds)
    next_fleet_ns = _after(clock, min(1.0, screen.period_s))
    try:
        with subscriber as fleet:
            trouble = ""
            while not fleet.is_stopped and clock.monotonic_ns() < end_ns:
                event = fleet.next_within(_TURN_S)
                if event is not None and _is_wanted(options, event):
                    screen.event(event)
                # Every attempt fails with an error of its own, mostly for the same reason.
                if str(fleet.trouble or "") != trouble:
                    trouble = str(fleet.trouble or "")
                    screen.trouble(fleet.trouble)
                if clock.monotonic_ns() >= next_fleet_ns:
                    screen.fleet(fleet.devices.values(), clock.unix_s())
                    next_fleet_ns = _after(clock, screen.period_s)
            screen.fleet(fleet.devices.values(), clock.unix_s())
    finally:
        screen.close()


def _screen(options: SubscribeOptions, clock: Clock) -> Screen:
    """Return where to show things."""
    if options.is_json:
        return JsonScreen(is_fleet=options.is_fleet)
    try:
        # Only here: programs that read JSON need no library for tables.
        from edge_lpr.subscriber.tables import EventTable, FleetTable  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError(
            "tables need the library rich: pip install 'edge-lpr[server]', or use --json"
        ) from error
    return FleetTable() if options.is_fleet else EventTable(clock)


def _is_wanted(options: SubscribeOptions, event: Verdict) -> bool:
    """Return whether an event passes the filters; they are about sightings."""
    if not isinstance(event, VerifiedSighting):
        return not options.only_hits
    is_lane = options.lane is None or event.claims.lane == options.lane
    is_hit = event.hit is not None or event.claims.entry is not None
    return is_lane and (is_hit or not options.only_hits)


def _after(clock: Clock, seconds: float) -> float:
    """Return a moment, in monotonic nanoseconds."""
    return clock.monotonic_ns() + seconds * 1e9


if __name__ == "__main__":
    sys.exit(main())
