"""A whole fleet: its processes, and their figures added up."""

import json
import secrets
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final, cast

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import SettingsError
from edge_lpr.fleet.arguments import FleetOptions, Part
from edge_lpr.fleet.counters import FleetCounters, add_up
from edge_lpr.fleet.part import AUTHORITY, FleetPart
from edge_lpr.fleet.truth import begin_truth
from edge_lpr.fleet.virtual_booth import address_of, key_from
from edge_lpr.wire import base64url

Report = Callable[[FleetCounters, float], None]
"""Shows figures and the seconds since the start."""

_TURN_S: Final = 0.2
_NS_PER_S: Final = 1_000_000_000


def access_lines(options: FleetOptions) -> str:
    """Return the lines of a broker's list for all booths of the fleet.

    Args:
        options: Which booths.
    """
    addresses = (address_of(options.tenant, number) for number in range(1, options.booths + 1))
    return "".join(f"device {each.tenant}/{each.site}/{each.device}\n" for each in addresses)


def prepare_files(options: FleetOptions) -> None:
    """Write what consumers need before the first booth speaks.

    Args:
        options: Say which files.

    Raises:
        SettingsError: A file cannot be written.
    """
    if options.truth is not None and options.part is None:
        begin_truth(options.truth)
    if options.authority is not None:
        _write_authority(options.authority, key_from(options.seed, AUTHORITY).public_key.octets)


def run_part(
    options: FleetOptions, part: Part, clock: Clock, report: Report, is_stopped: Callable[[], bool]
) -> bool:
    """Play one part of the fleet in this process.

    Args:
        options: Of the whole fleet.
        part: Which booths.
        clock: For everything.
        report: Called about once a second, and at the end.
        is_stopped: Whether a stop is wanted.

    Returns:
        Whether the broker has taken everything.

    Raises:
        SettingsError: A file is missing or wrong.
        BrokerUnreachableError: Nobody answered the first booth.
    """
    start_ns = clock.monotonic_ns()

    def tell() -> None:
        report(player.counters, (clock.monotonic_ns() - start_ns) / _NS_PER_S)

    player = FleetPart(options, part, clock, tell)
    return player.run(is_stopped)


class FleetProcesses:
    """The processes of a fleet, each with its share of the booths."""

    def __init__(self, processes: int, arguments: Sequence[str]) -> None:
        """Start them.

        Args:
            processes: How many.
            arguments: The words after ``edge-lpr fleet``; each process gets its part with them.
        """
        self._latest: dict[int, Mapping[str, int]] = {}
        self._selector = selectors.DefaultSelector()
        self._children = []
        for number in range(processes):
            command = [sys.executable, "-m", "edge_lpr", "fleet", *arguments]
            child = subprocess.Popen(  # noqa: S603 - ourselves
                [*command, "--part", f"{number + 1}/{processes}", "--json"],
                stdout=subprocess.PIPE,
                # Ctrl-C reaches us alone, and we pass it on.
                start_new_session=True,
            )
            self._children.append(child)
            self._selector.register(cast("IO[bytes]", child.stdout), selectors.EVENT_READ, number)

    def run(self, clock: Clock, report: Report, is_stopped: Callable[[], bool]) -> bool:
        """Add up their figures until all of them have ended.

        Args:
            clock: For the seconds since the start.
            report: Called about once a second, and at the end.
            is_stopped: Whether a stop is wanted.

        Returns:
            Whether the broker has taken everything from all of them.
        """
        start_ns = told_ns = clock.monotonic_ns()
        is_told = False

        def tell() -> None:
            report(add_up(self._latest.values()), (clock.monotonic_ns() - start_ns) / _NS_PER_S)

        try:
            while self._selector.get_map():
                if is_stopped() and not is_told:
                    is_told = True
                    self._signal(signal.SIGTERM)
                for key, _ in self._selector.select(_TURN_S):
                    self._take_line(cast("IO[bytes]", key.fileobj), key.data)
                if clock.monotonic_ns() - told_ns >= _NS_PER_S:
                    told_ns = clock.monotonic_ns()
                    tell()
            tell()
            return {child.wait() for child in self._children} == {0}
        finally:
            self._signal(signal.SIGKILL)
            for child in self._children:
                child.wait()
                cast("IO[bytes]", child.stdout).close()
            self._selector.close()

    def _take_line(self, output: IO[bytes], number: int) -> None:
        """Take the latest figures of one process, or its end."""
        line = output.readline()
        if line:
            self._latest[number] = json.loads(line)
        else:
            self._selector.unregister(output)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to those that still run."""
        for child in self._children:
            if child.poll() is None:
                child.send_signal(number)


def _write_authority(path: Path, octets: bytes) -> None:
    """Write a public key whole or not at all: consumers may be waiting for it."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        temporary.write_bytes(base64url.encode(octets) + b"\n")
        temporary.replace(path)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written ({error.strerror})") from error
