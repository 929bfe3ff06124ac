"""``edge-lpr emulate``: try a booth's image without a booth."""

import contextlib
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import EdgeLprError, EmulationError
from edge_lpr.emulation.arguments import EmulateOptions, parse_arguments
from edge_lpr.emulation.boards import BOARDS, kvm_works
from edge_lpr.emulation.flashed import flash
from edge_lpr.emulation.host_side import HostSide
from edge_lpr.emulation.machine import EmulatedBooth

_SIGHTING: Final = re.compile(r"\d\d:\d\d:\d\d ")
"""How a sighting begins in what ``edge-lpr subscribe`` shows: with its time."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Args:
        arguments: The words after ``edge-lpr emulate``; those of the process if left out.

    Returns:
        0, or 1 if it could not be done; then a sentence says why.
    """
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    with contextlib.ExitStack() as stack:
        folder = options.folder
        if folder is None:
            folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-lpr-booth-"))
            )
        try:
            _emulate(options, folder)
        except EdgeLprError as error:
            sys.stderr.write(f"edge-lpr emulate: {error}\n")
            return 1
        except KeyboardInterrupt:
            sys.stderr.write("edge-lpr emulate: the booth is switched off\n")
    return 0


def _emulate(options: EmulateOptions, folder: Path) -> None:
    """Boot, enrol and watch one booth."""
    if not kvm_works(BOARDS[options.board]):
        _say("no KVM for this board here: a start takes minutes instead of seconds")
    tpm = folder / "tpm" if options.has_tpm else None
    booth = EmulatedBooth(options.image, folder / "booth", board=options.board, tpm=tpm)
    with HostSide(folder) as host, booth:
        flash(booth, host, video=options.lane)
        start = time.monotonic()
        booth.start()
        _say(f"the booth is on; its console is {booth.console_file}")
        custodian = threading.Thread(target=_approve, args=(host, booth), daemon=True)
        custodian.start()
        if options.has_console:
            _show_console(booth)
            return
        _show_sightings(host, booth, options.sightings, start)


def _approve(host: HostSide, booth: EmulatedBooth) -> None:
    """Play the key custodian, until the booth is approved or off."""
    while booth.is_on:
        with contextlib.suppress(EdgeLprError):
            fingerprint = host.approve()
            if fingerprint is not None:
                _say(f"approved {fingerprint}")
                return
        time.sleep(2)


def _show_sightings(host: HostSide, booth: EmulatedBooth, wanted: int, start: float) -> None:
    """Show what a consumer sees, until enough came."""
    consumer = subprocess.Popen(  # noqa: S603 - our own program
        host.subscribe(), stdout=subprocess.PIPE, text=True
    )
    seen = 0
    try:
        for line in consumer.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            if _SIGHTING.match(line):
                seen += 1
                if seen == 1:
                    _say(f"first sighting {time.monotonic() - start:.0f} s after power came")
            if wanted and seen >= wanted:
                return
        raise EmulationError("the consumer has ended; see its message above")
    finally:
        consumer.terminate()
        consumer.wait()
        booth.power_cut()


def _show_console(booth: EmulatedBooth) -> None:
    """Show the serial console as it grows."""
    shown = 0
    while booth.is_on:
        text = booth.console()
        sys.stdout.write(text[shown:])
        sys.stdout.flush()
        shown = len(text)
        time.sleep(0.5)


def _say(text: str) -> None:
    """Tell whoever emulates something."""
    sys.stderr.write(f"edge-lpr emulate: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
