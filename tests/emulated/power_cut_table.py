"""The table of the rows that ``random_cuts.py`` and ``cut_sample.py`` leave.

``python -m tests.emulated.power_cut_table ROWS [ROWS ...] [--into docs/emulated-booth.md]``
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

WHEN: Final = {
    "partitions": "first start: the other slot, encryption and file system of the state are made",
    "enrolling": "first start: settings, keys, enrolment, up to the first sighting",
    "at work": "at work, with its broker",
    "keys issued anew": "keys are issued anew, and the key ring is written",
    "broker away": "at work, sightings piling up without their broker",
    "broker back": "the broker is back and takes them",
    "pushing": "an update is pushed, and read through against its signature",
    "slot": "RAUC writes the other slot",
    "notes": "one of the two blocks of the loader's notes has just been written",
    "trial": "the restart, GRUB, and the trial until the health gate has ended",
    "kept": "after the gate has kept the update",
    "left": "after the gate has left one (no broker), until the old system is at work",
    "at work again": "at work again",
}
"""What was going on, by phase of a row, in the table's order."""

BEGIN: Final = "<!-- power cuts: written by tests/emulated/power_cut_table.py -->\n"
END: Final = "<!-- end of power cuts -->\n"
"""Between these two lines of a document stands the table."""


def table_of(lines: Iterable[str]) -> str:
    """Return the table, in Markdown.

    Args:
        lines: Of one or more files of rows.
    """
    rows = [json.loads(line) for line in lines]
    cuts = [row for row in rows if "cut" in row]
    booted = [row for row in rows if "booted" in row]
    out = ["| power cut while | cuts | would start: old / new / on trial | not flushed / lost |"]
    out.append("|---|---|---|---|")
    for phase, words in WHEN.items():
        chosen = [row for row in cuts if row["phase"] == phase]
        if chosen:
            out.append(_line(words, chosen))
    out.append(_line("**all**", cuts))
    return "\n".join([*out, "", *_sentences(cuts), *_booted(booted)]) + "\n"


def _line(words: str, cuts: list[dict[str, Any]]) -> str:
    count = Counter(row["seen"] for row in cuts)
    seen = f"{count['old']} / {count['new']} / {count['on trial']}"
    waiting, lost = (sum(row["writes"][name] for row in cuts) for name in ("waiting", "lost"))
    return f"| {words} | {len(cuts)} | {seen} | {waiting} / {lost} |"


def _sentences(cuts: list[dict[str, Any]]) -> list[str]:
    """Return what else was counted."""
    problems = [(row["cut"], problem) for row in cuts for problem in row["problems"]]
    last = max(cuts, key=lambda row: int(row["place"]))
    torn = sum(not row["notes"] or not row["spare"] for row in cuts)
    total = {
        name: sum(int(row[name]) for row in cuts)
        for name in ("slots", "sightings", "unsent", "audit")
    }
    lossy = [row["writes"]["bytes"] for row in cuts if row["writes"]["lost"]]
    return [
        (
            f"{len(cuts)} power cuts at {len({row['place'] for row in cuts})} places of a record "
            f"of {last['of']} writes, flushes and marks; {len(lossy)} of them lost something, "
            f"{sum(lossy) / 1e6:.0f} MB in all. {total['slots']} times a slot that the loader's "
            "notes name held the whole system of its version, by its digest. One of the notes' two "
            f"blocks was torn {torn} times. {total['sightings']} times a sighting lay in an outbox "
            f"and {total['audit']} times an entry in an audit, as promised; {total['unsent']} of "
            "the sightings were unsent."
        ),
        f"Problems: {len(problems)}."
        + "".join(f"\n- cut {number}: {each}" for number, each in problems),
        "",
    ]


def _booted(rows: list[dict[str, Any]]) -> list[str]:
    """Return a table of the cards that were started."""
    if not rows:
        return []
    out = ["| card that was started, cut while | ran | as the verdict said |", "|---|---|---|"]
    for row in rows:
        runs = row.get("runs", {})
        ran = f"{runs.get('version', 'nothing')}{', on trial' * (runs.get('trial') == 'yes')}"
        agrees = "; ".join(row["problems"]) or f"yes, {row['seconds']} s"
        out.append(f"| {WHEN[row['phase']]} | {ran} | {agrees} |")
    return out


def put_into(document: str, table: str) -> str:
    """Return a document with another table between its two marks.

    Args:
        document: With ``BEGIN`` and ``END``.
        table: From ``table_of``.

    Raises:
        ValueError: It has not both marks.
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        msg = f"the document lacks a line: {BEGIN}or {END}"
        raise ValueError(msg)
    return before + begin + table + end + after


def main(arguments: list[str]) -> None:
    """Print the table, or write it into a document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="+", type=Path, metavar="ROWS")
    parser.add_argument("--into", type=Path, metavar="DOCUMENT")
    chosen = parser.parse_args(arguments)
    table = table_of(line for file in chosen.rows for line in file.read_text().splitlines())
    if chosen.into is None:
        sys.stdout.write(table)
    else:
        chosen.into.write_text(put_into(chosen.into.read_text(), table))


if __name__ == "__main__":
    main(sys.argv[1:])
