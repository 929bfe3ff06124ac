"""The tables for the auditor, out of what two runs have written.

python -m tests.forensics.table HONEST.json LEAKING.json
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.forensics.carvers import CARVERS
from tests.forensics.leaks import LEAKS


def main(honest_file: str, leaking_file: str) -> int:
    """Print both tables; 0 if nothing is found in the one and everything in the other."""
    honest, leaking = (json.loads(Path(file).read_text()) for file in (honest_file, leaking_file))
    sys.stdout.writelines(f"{line}\n" for line in (*_of_honest(honest), "", *_of_leaking(leaking)))
    return int(bool(honest["findings"] or leaking["leaks_not_found"]))


def _of_honest(run: dict[str, Any]) -> Iterator[str]:
    counters = run["counters"]
    yield (
        f"{run['passages']:,} passages of {run['different_plates']:,} plates in "
        f"{run['driving_s'] / 60:.0f} minutes: {counters['published']:,} published, "
        f"{counters['received']:,} received and verified, {counters['refused']} refused."
    )
    yield ""
    yield (
        f"| evidence | MB | packed pieces opened | {' | '.join(CARVERS)} "
        "| there before | decoys found | plates | pictures |"
    )
    yield f"|---|---|---|{'---|' * len(CARVERS)}---|---|---|---|"
    for each in run["evidence"]:
        files = " | ".join(str(each["carved"].get(program, 0)) for program in CARVERS)
        yield (
            f"| {each['where']} | {each['bytes'] / 1e6:.2f} | {each['unpacked']:,} | {files} "
            f"| {each['there_before']} | {each['decoys']} "
            f"| **{each['plates']}** | **{each['pictures']}** |"
        )
    for where, form, program in run["findings"]:
        yield f"FOUND: {where}: {form} (by {program})"


def _of_leaking(run: dict[str, Any]) -> Iterator[str]:
    yield f"| leak | where | {' | '.join(('our search', *CARVERS))} |"
    yield f"|---|---|{'---|' * (1 + len(CARVERS))}"
    for leak in LEAKS:
        cells = []
        for program in ("our own search", *CARVERS):
            found = any(
                (where, by) == (leak.where, program) and re.fullmatch(leak.form, form)
                for where, form, by in run["findings"]
            )
            cells.append("found" if found else "**MISSED**" if program in leak.by else "")
        yield f"| {leak.name} | {leak.where} | {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
