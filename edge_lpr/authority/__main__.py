"""``edge-lpr authority``: for an agency's key custodian, off the booth."""

import sys
from collections.abc import Sequence

from edge_lpr.authority.arguments import parse_arguments
from edge_lpr.authority.opening import Outcome
from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import BrokerError, EdgeLprError
from edge_lpr.core.hardening import forbid_inspection
from edge_lpr.core.service import forbid_core_dumps


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Args:
        arguments: The words after ``edge-lpr authority``; those of the process if left out.

    Returns:
        0, or 1 if it could not be done; then a sentence says why. ``status`` and ``log`` return
        1 where something needs the custodian.
    """
    # It holds every key there is.
    forbid_core_dumps()
    forbid_inspection()
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    try:
        result: str | Outcome = options.run(options, SystemClock())
    except BrokerError as error:
        sys.stderr.write(f"edge-lpr authority: {error}: {error.advice}\n")
        return 1
    except EdgeLprError as error:
        sys.stderr.write(f"edge-lpr authority: {error}\n")
        return 1
    text, exit_status = result if isinstance(result, Outcome) else (result, 0)
    if text:
        sys.stdout.write(text + "\n")
    return exit_status


if __name__ == "__main__":
    sys.exit(main())
