"""Break everything, count what was lost, and print the table: ``scripts/reliability``.

Rows come one after the other, each on its own; what one finds does not depend on the others. The
short forms of the same rows are among the tests (``tests/fault``).
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.reliability.central_rows import forgeries, full_broker, storm
from tests.reliability.outbox_rows import outbox_kills, power_cuts
from tests.reliability.row import Row, as_json, markdown
from tests.reliability.service_rows import (
    clock,
    disk_alarm,
    outage,
    partitions,
    service_kills,
)
from tests.reliability.story_rows import broker_words, certificates, disk, hang

ROWS: Final[Mapping[str, Callable[[float], Row]]] = {
    "outbox-kills": outbox_kills,
    "power-cuts": power_cuts,
    "service-kills": service_kills,
    "partitions": partitions,
    "outage": outage,
    "storm": storm,
    "full-broker": full_broker,
    "clock": clock,
    "disk": disk,
    "disk-alarm": disk_alarm,
    "forgeries": forgeries,
    "certificates": certificates,
    "broker-words": broker_words,
    "hang": hang,
}
"""In the order of the table."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run rows and print them.

    Args:
        arguments: Command line without the program's name; that of the process if left out.

    Returns:
        0 if every goal was reached, else 1.
    """
    options = _parser().parse_args(arguments)
    rows: list[Row] = []
    for name in options.only or ROWS:
        began_at_s = time.monotonic()
        row = ROWS[name](options.scale)
        rows.append(replace(row, seconds=round(time.monotonic() - began_at_s, 1)))
        # Hours may lie between two rows, and a machine may not see the end of them.
        sys.stderr.write(f"{name}: {row.found}\n")
        if options.json:
            lines = [json.dumps(as_json(each)) for each in rows]
            options.json.write_text("\n".join(lines) + "\n")
    sys.stdout.write(markdown(rows))
    return 0 if all(row.is_reached for row in rows) else 1


def _parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    parser = argparse.ArgumentParser(prog="scripts/reliability", description=__doc__)
    parser.add_argument("--only", action="append", choices=[*ROWS], help="a row; may come twice")
    parser.add_argument("--scale", type=float, default=1.0, help="0.01 for a hundredth of it all")
    parser.add_argument("--json", type=Path, help="file for everything counted, one row a line")
    return parser


if __name__ == "__main__":
    sys.exit(main())
