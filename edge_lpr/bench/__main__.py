"""``edge-lpr bench``: see ``run.py`` for what is measured, ``arguments.py`` for the options."""

import sys
from collections.abc import Sequence

from edge_lpr.bench.arguments import parse_arguments
from edge_lpr.bench.machine import describe_machine
from edge_lpr.bench.progress import say
from edge_lpr.bench.report import as_json, as_table
from edge_lpr.bench.run import run_bench
from edge_lpr.core.errors import EdgeLprError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench.

    Args:
        arguments: The words after ``edge-lpr bench``; those of the process if left out.

    Returns:
        0 if everything was measured that this machine can measure, whatever the goals say; else 1.
    """
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    machine = describe_machine()
    try:
        figures = list(run_bench(options))
    except EdgeLprError as error:
        say(str(error))
        return 1
    except OSError as error:
        say(f"{error.filename or 'a file'}: {error.strerror or error}")
        return 1
    lay_out = as_json if options.is_json else as_table
    sys.stdout.write(lay_out(machine, figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
