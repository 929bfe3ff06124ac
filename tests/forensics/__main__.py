"""A day of traffic, and then everything that forensics can do: must find nothing.

    scripts/forensics                 60 passages, and the leaking build
    scripts/forensics --long          2,000 passages

Needs root in a mount namespace of its own; ``scripts/forensics`` sees to it.
"""

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.forensics.day import decoys_for, live_through, remains_in, write_remains
from tests.forensics.leaks import LEAKS, not_found
from tests.forensics.searching import Finding, Plates, search


def main() -> int:
    """Live through a day, search, and write the result as JSON to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=60)
    parser.add_argument("--leaking", action="store_true", help="with processes that leak")
    parser.add_argument("--scratch", type=Path, required=True, help="an empty folder")
    parser.add_argument("--seed", type=int, default=0, help="another number is other cars")
    parser.add_argument("--again", action="store_true", help="search what an earlier run left")
    options = parser.parse_args()
    if options.again:
        remains = remains_in(options.scratch)
    else:
        remains = live_through(
            options.passages, options.scratch, seed=options.seed, leaking=options.leaking
        )
        write_remains(remains)
    decoys = set(decoys_for(len(remains.plates), options.seed)) - set(remains.plates)
    plates = Plates(remains.plates, sorted(decoys))
    findings: set[Finding] = set()
    rows = []
    # Each in a process of its own: all of it is work for the processor.
    with ProcessPoolExecutor() as pool:
        searches = {
            where: pool.submit(
                search,
                where,
                file,
                plates,
                file.with_name(f"carved-{number}"),
                before=remains.before.get(where),
            )
            for number, (where, file) in enumerate(remains.evidence.items())
        }
        for where, search_of in searches.items():
            searched = search_of.result()
            findings |= searched.findings
            rows.append(
                {
                    "where": where,
                    "bytes": searched.octets,
                    "unpacked": searched.packed,
                    "carved": searched.carved,
                    "there_before": searched.there_before,
                    "decoys": searched.decoys,
                    "plates": sum(each.form.startswith("plate") for each in searched.findings),
                    "pictures": sum(
                        not each.form.startswith("plate") for each in searched.findings
                    ),
                }
            )
    result = {
        "leaking": options.leaking,
        "passages": len(remains.plates),
        "different_plates": len(set(remains.plates)),
        "counters": remains.counters,
        "driving_s": round(remains.driving_s),
        "writable_besides_the_disk": remains.writable,
        "evidence": rows,
        "findings": [[each.where, each.form, each.by] for each in sorted(findings)],
        "leaks": len(LEAKS) if options.leaking else 0,
        "leaks_not_found": not_found(findings) if options.leaking else [],
    }
    sys.stdout.write(json.dumps(result) + "\n")
    return bool(result["leaks_not_found"] if options.leaking else findings)


if __name__ == "__main__":
    sys.exit(main())
