"""The ``edge-lpr`` command: one word picks a program, the rest is that program's own."""

import argparse
import importlib
import signal
import sys
from collections.abc import Sequence
from typing import Final

from edge_lpr import __version__

PROGRAMS: Final = {
    "demo": ("edge_lpr.demo.__main__", "watch live tokens: three processes, a broker, a verifier"),
    "bench": ("edge_lpr.bench.__main__", "how fast a booth is on this machine, and what it costs"),
    "ingest": ("edge_lpr.store.__main__", "store sightings in PostgreSQL or SQLite, each once"),
    "vision": ("edge_lpr.vision.__main__", "the vision process of a booth"),
    "tokeniser": ("edge_lpr.tokeniser.__main__", "the tokeniser process of a booth"),
    "publisher": ("edge_lpr.publisher.__main__", "the publisher process of a booth"),
    "enrol": ("edge_lpr.provisioning.__main__", "make this booth one of a deployment"),
    "configure": (
        "edge_lpr.installation.__main__",
        "at each boot of a booth: the installer's answers into network, firewall and camera",
    ),
    "first-boot": ("edge_lpr.first_boot.__main__", "on a flashed booth: enrol and start"),
    "audit": ("edge_lpr.audit.__main__", "what happened at a booth: record, export, verify"),
    "progress": ("edge_lpr.first_boot.progress_main", "how far a booth has got, console and LED"),
    "diagnose": ("edge_lpr.diagnostics.__main__", "what is wrong with a booth, and what to do"),
    "metrics": ("edge_lpr.metrics.__main__", "how a booth is, for Prometheus on the booth"),
    "update": ("edge_lpr.update.__main__", "a booth's next system: fetch, install, judge"),
    "aim": (
        "edge_lpr.aim.__main__",
        "point the camera and draw lanes, on a page without a picture",
    ),
    "technician": ("edge_lpr.technician.__main__", "what a technician may do, by SSH"),
    "export-bundle": ("edge_lpr.report.__main__", "a signed report without secrets"),
    "verify-bundle": ("edge_lpr.report.verify_main", "who signed such a report, and what it says"),
    "flash": ("edge_lpr.flashing.__main__", "write a booth's card, on the installer's computer"),
    "emulate": ("edge_lpr.emulation.__main__", "boot a booth's image without a booth"),
    "subscribe": (
        "edge_lpr.subscriber.__main__",
        "what booths say, verified, for a central server",
    ),
    "fleet": ("edge_lpr.fleet.__main__", "virtual booths, to try servers and brokers at scale"),
    "authority": ("edge_lpr.authority.__main__", "an agency's keys: make, issue, destroy them"),
    "drill": ("edge_lpr.drill.__main__", "steal everything in turn, and count what a thief gets"),
    "broker": ("edge_lpr.broker.__main__", "rules and trial certificates for an MQTT broker"),
}
"""Module with ``main(arguments) -> exit status`` and one line of help, for every first word.

The module is imported only when its word is given: the publisher must not load an imaging
library because the demo needs one.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one program of the package.

    Args:
        arguments: Command line without the program's name; that of the process if left out.

    Returns:
        Exit status of the program.
    """
    parser = argparse.ArgumentParser(
        prog="edge-lpr",
        description="Reads licence plates in a border booth and publishes only keyed tokens.",
        epilog="programs:\n"
        + "\n".join(f"  {name:<12}{text}" for name, (_, text) in PROGRAMS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"edge-lpr {__version__}")
    parser.add_argument("program", choices=PROGRAMS, metavar="program", help="one of those below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="arguments of the program")
    chosen = parser.parse_args(arguments)
    # Until the program listens to signals itself, Ctrl-C ends it without a word.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    module = importlib.import_module(PROGRAMS[chosen.program][0])
    return int(module.main(chosen.rest))


if __name__ == "__main__":
    sys.exit(main())
