"""``edge-lpr drill``: everything is stolen in turn, and what the thief gets is counted."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.errors import EdgeLprError, SettingsError
from edge_lpr.core.service import EXIT_FAILURE, EXIT_MISCONFIGURED, forbid_core_dumps
from edge_lpr.drill.arguments import DrillOptions, parse_arguments

_MISSING: Final = "the library {} is missing: pip install 'edge-lpr[drill]'"


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a drill.

    Args:
        arguments: The words after ``edge-lpr drill``; those of the process if left out.

    Returns:
        0 if the table holds and every control succeeded, 1 if not or if the drill could not be
        carried out, 2 if it cannot begin.
    """
    forbid_core_dumps()
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    try:
        return _carry_out(options)
    except ImportError as error:
        print(_MISSING.format(error.name), file=sys.stderr)  # noqa: T201
        return EXIT_MISCONFIGURED
    except SettingsError as error:
        print(f"edge-lpr drill: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_MISCONFIGURED
    except EdgeLprError as error:
        print(f"edge-lpr drill: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_FAILURE


def _carry_out(options: DrillOptions) -> int:
    """Drill, or read an earlier result; then show and write it."""
    # Only here: --help must work where matplotlib is not installed.
    from edge_lpr.drill.page import write_page  # noqa: PLC0415
    from edge_lpr.drill.result import read_result  # noqa: PLC0415
    from edge_lpr.drill.run import Drill  # noqa: PLC0415
    from edge_lpr.drill.screen import Screen  # noqa: PLC0415

    screen = Screen()
    if options.source is not None:
        result = read_result(options.source)
    else:
        # Short, because a socket's path may have at most 107 bytes.
        with tempfile.TemporaryDirectory(prefix="drill-", ignore_cleanup_errors=True) as folder:
            result = Drill(options.plan, Path(folder), SystemClock(), screen.tell).run()
    if options.json_file is not None:
        options.json_file.write_text(result.to_json(), encoding="utf-8")
    if options.page is not None:
        write_page(result, options.page)
    screen.show(result)
    return 0 if result.holds else EXIT_FAILURE


if __name__ == "__main__":
    sys.exit(main())
