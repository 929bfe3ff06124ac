"""``edge-lpr flash``: on the installer's computer, never on a booth."""

import signal
import sys
from collections.abc import Sequence
from typing import Final

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import EdgeLprError
from edge_lpr.flashing.arguments import FlashOptions, parse_arguments
from edge_lpr.flashing.terminal import Terminal

_MISSING: Final = (
    "edge-lpr flash: {} is not installed; scripts/flash_booth installs everything, or: "
    "pip install 'edge-lpr[installer]'\n"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Args:
        arguments: The words after ``edge-lpr flash``; those of the process if left out.

    Returns:
        0, or 1 if it could not be done; then a sentence says why.
    """
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    # Ctrl-C closes the card and removes what is half a file.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        _flash(options)
    except ImportError as error:
        sys.stderr.write(_MISSING.format(error.name))
        return 1
    except EdgeLprError as error:
        sys.stderr.write(f"edge-lpr flash: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write(
            "\nedge-lpr flash: stopped; a card that was being written is not whole, and says so. "
            "The same words again begin it anew\n"
        )
        return 1
    return 0


def _flash(options: FlashOptions) -> None:
    """Do it."""
    # Only here: --help must work where segno is not installed, such as on a booth.
    from edge_lpr.flashing.run import flash  # noqa: PLC0415

    flash(options, Terminal(), SystemClock())


if __name__ == "__main__":
    sys.exit(main())
