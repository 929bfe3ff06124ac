"""``edge-lpr update``: what a person, a unit or RAUC asks for, and what they read in answer."""

import importlib
import sys
from collections.abc import Sequence

from edge_lpr.core.errors import EdgeLprError
from edge_lpr.update.arguments import parse_arguments


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Args:
        arguments: The words after ``edge-lpr update``; those of the process if left out.

    Returns:
        0; 1 if it could not be done, and then a sentence says why.
    """
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    try:
        task = importlib.import_module(f"edge_lpr.update.tasks.{options.task.replace('-', '_')}")
        return int(task.run(options))
    except EdgeLprError as error:
        sys.stderr.write(f"edge-lpr update: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
