"""What ``edge-lpr subscribe`` shows to people: a table that grows, or one of all booths."""

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Final, NoReturn

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import BrokerError
from edge_lpr.subscriber.fleet_state import DeviceState
from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.subscriber.verdicts import (
    Continuity,
    DeviceStatus,
    Refusal,
    Verdict,
    VerifiedBirth,
    VerifiedCheckpoint,
    VerifiedGap,
    VerifiedHealth,
    VerifiedSighting,
)
from edge_lpr.subscriber.watch_list import Hit, Match
from edge_lpr.wire import base64url
from edge_lpr.wire.sighting import SightingClaims
from edge_lpr.wire.topics import DeviceAddress

_TOKEN_CHARACTERS: Final = 8
"""Enough to see that two tokens differ."""

_COLUMNS: Final = "{:<8}  {:<22.22}  {:>4}  {:<7}  {:<9}  {:<4}  {:<5}  {:>5}"
"""Within the 80 characters of a terminal; what the watch-list says comes behind."""

_NAME_CHARACTERS: Final = 22
_READS: Final = {2: "2", 3: "3-5", 6: "6+"}
"""What the buckets of agreeing readings stand for."""

_CONNECTED: Final = {True: (" ●", "green"), False: (" ○", "red"), None: (" ?", "dim")}
"""What the broker says; nobody signs that."""

_FEW_DAYS: Final = 2
"""Below this many days of token keys somebody should look: without keys a booth is silent."""

_LONG_SILENCE_S: Final = 150
"""A booth says every minute how it is."""

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400


class _PipeConsole(Console):
    """Leaves it to the program what to do when the reader of its output has left."""

    def on_broken_pipe(self) -> NoReturn:
        """Pass the error on, instead of ending the program."""
        raise BrokenPipeError


class EventTable:
    """A row a sighting, and a line for whatever else is worth one."""

    period_s = float("inf")

    def __init__(self, clock: Clock) -> None:
        """Write to standard output.

        Args:
            clock: Tells how late a sighting is.
        """
        self._clock = clock
        self._console = _PipeConsole(highlight=False)
        self._has_header = False
        # Bounded by the number of devices that the authority has certified.
        self._alarms: dict[DeviceAddress, tuple[str, ...]] = {}

    def event(self, event: Verdict) -> None:
        """Add a row or a line."""
        if isinstance(event, VerifiedSighting):
            self._sighting(event)
        elif isinstance(event, VerifiedHealth):
            self._health(event)
        elif isinstance(event, VerifiedCheckpoint):
            # One every five minutes and booth would push the sightings away.
            return
        else:
            self._line(*_sentence(event))

    def fleet(self, devices: Iterable[DeviceState], now_unix_s: int) -> None:
        """Show nothing: the rows say it."""
        del devices, now_unix_s

    def trouble(self, error: BrokerError | None) -> None:
        """Add a line about the connection."""
        if error is None:
            self._line("connected again", "green")
        else:
            self._line(f"no connection: {error}", "bold red")

    def close(self) -> None:
        """Leave the rows where they are."""

    def _sighting(self, sighting: VerifiedSighting) -> None:
        """Add a row, and the header above the first."""
        if not self._has_header:
            self._has_header = True
            names = ("time UTC", "booth", "lane", "dir", "token", "conf", "reads", "late")
            self._console.print(Text(_COLUMNS.format(*names), style="bold"))
        claims = sighting.claims
        if sighting.missing is not None:
            self._line(_missing(sighting.address, sighting.missing), "yellow")
        row = _COLUMNS.format(
            datetime.fromtimestamp(claims.at, tz=timezone.utc).strftime("%H:%M:%S"),
            _name(sighting.address),
            claims.lane,
            claims.dir,
            base64url.encode(claims.exact).decode()[:_TOKEN_CHARACTERS] + "…",
            "●" * claims.conf + "○" * (3 - claims.conf),
            _READS[claims.reads],
            _duration(max(0, self._clock.unix_s() - claims.at)),
        )
        behind = _list_entry(claims) + _hit(sighting.hit)
        self._console.print(Text(row) + behind, soft_wrap=True)

    def _health(self, health: VerifiedHealth) -> None:
        """Add a line when what somebody should look at has changed."""
        alarms = health.claims.all_alarms
        if alarms != self._alarms.get(health.address, ()):
            self._line(
                f"{_name(health.address)}: {', '.join(alarms) or 'no alarm any more'}", "yellow"
            )
        self._alarms[health.address] = alarms

    def _line(self, sentence: str, style: str) -> None:
        """Add a line that is no row."""
        self._console.print(Text(sentence, style=style), soft_wrap=True)


class FleetTable:
    """All booths, a row each, drawn anew every second; on no terminal once, at the end."""

    period_s = 1.0

    def __init__(self) -> None:
        """Take over the terminal, if there is one."""
        self._console = _PipeConsole(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False)
        self._trouble: BrokerError | None = None
        if self._console.is_terminal:
            self._live.start()

    def event(self, event: Verdict) -> None:
        """Show nothing: the table says it."""
        del event

    def fleet(self, devices: Iterable[DeviceState], now_unix_s: int) -> None:
        """Draw the table."""
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
        table.add_column("booth", no_wrap=True, min_width=_NAME_CHARACTERS)
        for name in ("seen", "late", "passed", "missing", "lost", "keys", "cert"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("alarms", style="yellow", overflow="fold")
        for device in sorted(devices, key=lambda each: _name(each.address)):
            table.add_row(*_device_cells(device, now_unix_s))
        if self._trouble is not None:
            table.caption = Text(f"no connection: {self._trouble}", style="bold red")
        self._live.update(table, refresh=self._console.is_terminal)

    def trouble(self, error: BrokerError | None) -> None:
        """Say below the table why it may be out of date."""
        self._trouble = error

    def close(self) -> None:
        """Leave the last table where it is."""
        if self._console.is_terminal:
            self._live.stop()
        else:
            self._console.print(self._live.renderable)


def _device_cells(device: DeviceState, now_unix_s: int) -> list[Text | str]:
    """Return one row."""
    silence_s = now_unix_s - device.seen_at
    seen = Text("never", "red")
    if device.seen_at:
        seen = Text(_duration(silence_s), "red" if silence_s > _LONG_SILENCE_S else "")
    seen.append(*_CONNECTED[device.is_online])
    health = device.health
    key_days = Text("?", "dim")
    if health is not None:
        key_days = Text(f"{health.key_days} d", "red" if health.key_days < _FEW_DAYS else "")
    alarms = list(health.all_alarms) if health else []
    return [
        _name(device.address),
        seen,
        "" if device.lag_s is None else _duration(device.lag_s),
        str(device.sightings),
        Text(str(device.missing), "yellow" if device.missing else ""),
        Text(str(device.lost), "red" if device.lost else ""),
        key_days,
        f"{device.certificate_days(now_unix_s)} d",
        "\n".join([*(["broken"] if device.is_broken else []), *alarms]),
    ]


def _sentence(event: Refusal | DeviceStatus | VerifiedBirth | VerifiedGap) -> tuple[str, str]:
    """Return a line about something rare, with its style."""
    if isinstance(event, Refusal):
        where = "" if event.address is None else f"{_name(event.address)}: "
        kind = "a message" if event.kind is None else event.kind.value
        return f"{where}{kind} NOT VERIFIED: {event.detail}", "bold red"
    name = _name(event.address)
    if isinstance(event, DeviceStatus):
        return f"{name} is {'online' if event.claims.is_online else 'offline'}", "dim"
    if isinstance(event, VerifiedGap):
        reason = event.claims.reason.value.replace("_", " ")
        return f"{name}: {event.lost} sightings will never come ({reason})", "bold yellow"
    if event.continuity is Continuity.BROKEN:
        return f"{name} has started and does not remember what it had sent", "bold red"
    scope = ", publishes hits alone" if event.claims.mode == "hit-only" else ""
    started = f"{name} has started, edge-lpr {event.claims.software}{scope}"
    if event.claims.keys_end:
        return f"{started}, and has token keys for less than a day", "yellow"
    return started, "dim"


def _name(address: DeviceAddress) -> str:
    """Return how a booth is called; its agency stands in the table's JSON form."""
    return f"{address.site}/{address.device}"


def _missing(address: DeviceAddress, missing: SequenceRange) -> str:
    """Say what has not arrived."""
    return f"{_name(address)}: {missing.first} to {missing.last} of its sightings are missing"


def _list_entry(claims: SightingClaims) -> Text:
    """Return what the booth's own watch-list said."""
    if claims.entry is None:
        return Text("")
    entry = base64url.encode(claims.entry).decode()
    if claims.possible:
        return Text(f"  possible: entry {entry}, look at the vehicle", style="bold yellow")
    return Text(f"  HIT entry {entry}", style="bold white on red")


def _hit(hit: Hit | None) -> Text:
    """Return what the watch-list says."""
    if hit is None:
        return Text("")
    if hit.match is Match.EXACT:
        return Text(f"  HIT {', '.join(hit.entries)}", style="bold white on red")
    return Text(f"  possible: {', '.join(hit.entries)}, look at the vehicle", style="bold yellow")


def _duration(seconds: int) -> str:
    """Return a duration in its largest unit."""
    for unit_s, unit in ((_DAY_S, "d"), (_HOUR_S, "h"), (_MINUTE_S, "min")):
        if seconds >= 2 * unit_s:
            return f"{seconds // unit_s} {unit}"
    return f"{seconds} s"
