"""``edge-lpr enrol``: on the booth, at its first boot and again from a timer."""

import functools
import sys
import time
from collections.abc import Sequence

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import EdgeLprError, EnrolmentError
from edge_lpr.core.hardening import forbid_inspection
from edge_lpr.core.service import forbid_core_dumps
from edge_lpr.core.settings import load_settings
from edge_lpr.provisioning.arguments import EnrolOptions, parse_arguments
from edge_lpr.provisioning.enrolling import BoardCustody, Enrolment, Surroundings
from edge_lpr.provisioning.sealing_choice import chosen_custody, opened_sealing_key
from edge_lpr.provisioning.service_link import ServiceLink

_MAXIMUM_CODE: int = 128


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Args:
        arguments: The words after ``edge-lpr enrol``; those of the process if left out.

    Returns:
        0, or 1 if it could not be done; then a sentence says why.
    """
    # It makes every key that the booth has.
    forbid_core_dumps()
    forbid_inspection()
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    try:
        text = _enrol(options)
    except EdgeLprError as error:
        sys.stderr.write(f"edge-lpr enrol: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("edge-lpr enrol: stopped; the same words again go on from here\n")
        return 1
    sys.stdout.write(f"{text}\n")
    return 0


def _enrol(options: EnrolOptions) -> str:
    """Enrol or renew this booth."""
    settings = load_settings(options.settings)
    surroundings = Surroundings(
        clock=SystemClock(),
        say=_say,
        ask_ticket=_ask_ticket,
        sleep=time.sleep,
        # The broker's way is the authority's too.
        open_link=functools.partial(ServiceLink, proxy=settings.publisher.proxy),
    )
    custody = chosen_custody(options.custody, settings)
    with opened_sealing_key(custody) as sealing_key:
        return Enrolment(options, settings, BoardCustody(custody, sealing_key), surroundings).run()


def _say(text: str) -> None:
    """Tell the installer something at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _ask_ticket() -> str:
    """Ask the installer for the ticket."""
    sys.stderr.write("ticket (seven groups of four): ")
    sys.stderr.flush()
    code = sys.stdin.readline(_MAXIMUM_CODE)
    if not code.strip():
        raise EnrolmentError("there was no ticket; give it with --ticket, or type it")
    return code


if __name__ == "__main__":
    sys.exit(main())
