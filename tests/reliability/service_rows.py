"""The rows about the processes of a booth."""

from typing import Final

from tests.reliability.backlog import PASSAGES_A_SECOND, drain_backlog
from tests.reliability.clock_steps import step_clock
from tests.reliability.disk_alarm import ALARM_S, fail_disk
from tests.reliability.faulty_disk import DiskOrder
from tests.reliability.namespace import NamespaceError
from tests.reliability.partitions import LONG_CUT_S, partition
from tests.reliability.row import Row, counted
from tests.reliability.service_kills import kill_services

_SEED: Final = 20_454

_DISK_ORDERS: Final = (DiskOrder.BE_FULL, DiskOrder.BE_READ_ONLY, DiskOrder.FAIL_TO_WRITE)
_DISK_WORDS: Final = ("full", "read-only", "failing to write")

_OUTAGE_SIGHTINGS: Final = 129_600
"""Three days at half a vehicle a second."""

_DRAIN_S: Final = 900
_LIVE_S: Final = 5
_OUTBOX_MB: Final = 75


def service_kills(scale: float) -> Row:
    """Return the row about SIGKILLs of tokeniser and publisher under load."""
    found = kill_services(max(2, round(500 * scale)), seed=_SEED)
    killed = ", ".join(f"{service} {count}" for service, count in sorted(found["kills"].items()))
    return Row(
        name="service-kills",
        tried=f"{counted(found['kills'].total(), 'SIGKILLs')} ({killed}) while vehicles pass, "
        "each started again at once",
        goal="0 lost, 0 doubled, 0 refused by the server, counted from the commit in the outbox",
        found=f"{found['lost']} lost, {found['doubled']} doubled, {found['refused']} refused of "
        f"{found['committed']:,} committed; {found['resent']:,} came twice and were recognised",
        is_reached=not (
            found["lost"] or found["doubled"] or found["refused"] or found["failed_stops"]
        ),
        figures=found,
    )


def disk_alarm(scale: float) -> Row:
    """Return the row about how soon the central server knows that a booth's disk fails."""
    interval_s = max(2.0, 60.0 * min(1.0, scale))
    trials = [fail_disk(order, health_interval_s=interval_s) for order in _DISK_ORDERS]
    slowest_s = max(trial["alarm_s"] for trial in trials)
    lost, doubled, refused, ended = (
        sum(trial[key] for trial in trials) for key in ("lost", "doubled", "refused", "ended")
    )
    return Row(
        name="disk-alarm",
        tried=f"the outbox's disk {', '.join(_DISK_WORDS)} while vehicles pass and the broker is "
        f"there; a health record every {interval_s:.0f} s",
        goal=f"service up, alarm at the central server in ≤ {ALARM_S} s, 0 lost",
        found=f"alarm in ≤ {slowest_s:.0f} s, {ended} processes ended, {lost} lost, {doubled} "
        f"doubled, {refused} refused",
        is_reached=slowest_s <= ALARM_S and not (lost or doubled or refused or ended),
        figures={"trials": trials},
    )


def partitions(scale: float) -> Row:
    """Return the row about a network that is cut between a booth and its broker."""
    name, goal = "partitions", "0 lost, 0 doubled, in order"
    cuts = max(3, round(200 * scale))
    try:
        found = partition(cuts, seed=_SEED)
    except NamespaceError as error:
        tried = "the cable between publisher and broker pulled"
        said = f"not run: this machine allows no network namespace ({error})"
        return Row(name=name, tried=tried, goal=goal, found=said, is_reached=False)
    return Row(
        name=name,
        tried=f"{counted(cuts, 'times')} the cable between publisher and broker pulled (each "
        f"fourth time only narrowed to 24 kbit/s) for up to 3 s, or for {LONG_CUT_S:.0f} s, at 20 "
        "sightings a second",
        goal=goal,
        found=f"{found['lost']} lost, {found['doubled']} doubled, {found['refused']} refused of "
        f"{found['committed']:,}; connection given up {found['given_up']} times, "
        f"{found['came_twice']} came twice and were recognised",
        is_reached=not (
            found["lost"] or found["doubled"] or found["refused"] or found["failed_stops"]
        ),
        figures=found,
    )


def clock(scale: float) -> Row:
    """Return the row about a clock that jumps while the services run."""
    found = step_clock(max(4, round(100 * scale)), seed=_SEED)
    return Row(
        name="clock",
        tried=f"{counted(sum(found['steps'].values()), 'steps')} of the services' clock by ± 10 "
        "years and ± 1 hour and back, while vehicles pass",
        goal="0 crashes, 0 tokens of a wrong epoch, sightings again once the clock is right",
        found=f"{found['ended']} crashes, {found['wrong_epochs']} wrong epochs, {found['lost']} "
        f"lost, {found['doubled']} doubled of {found['committed']:,}",
        is_reached=not (
            found["ended"]
            or found["wrong_epochs"]
            or found["lost"]
            or found["doubled"]
            or found["refused"]
        ),
        figures=found,
    )


def outage(scale: float) -> Row:
    """Return the row about a broker that was away for three days."""
    found = drain_backlog(max(1_000, round(_OUTAGE_SIGHTINGS * scale)))
    in_time = found["drained_s"] <= _DRAIN_S and found["latest_live_s"] <= _LIVE_S
    is_small = found["outbox_mb"] <= _OUTBOX_MB
    is_whole = not (found["lost"] or found["doubled"] or found["refused"])
    return Row(
        name="outage",
        tried=f"broker away for {found['sightings'] / PASSAGES_A_SECOND / 3600:.1f} h at "
        f"{PASSAGES_A_SECOND} vehicles a second: {counted(found['sightings'], 'sightings')} wait, "
        "and more come",
        goal=f"0 lost; drained in ≤ {_DRAIN_S // 60} min, live ones ≤ {_LIVE_S} s late; "
        f"outbox ≤ {_OUTBOX_MB} MB",
        found=f"{found['lost']} lost, {found['doubled']} doubled; drained in "
        f"{found['drained_s']:.0f} s, the latest of {found['live']} live ones "
        f"{found['latest_live_s']:.1f} s late; outbox {found['outbox_mb']} MB",
        is_reached=in_time and is_small and is_whole and not found["failed_stops"],
        figures=found,
    )
