"""The table of the rows that ``test_random_power_cuts.py`` leaves.

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
    ("running", "starting"): "a start, before all was seen to work: firmware, GRUB, kernel, units",
    ("running", "at work"): "at work",
    ("running", "at work, broker away"): "at work, sightings piling up without their broker",
    ("updating", "pushing"): "the bundle is pushed, and read through against its signature",
    ("updating", "installing"): "RAUC writes the other slot",
    ("updating", "installed"): "the slot is written, its trial noted, the restart begun",
    ("updating", "restarting"): "the restart into the trial: firmware, GRUB's notes, kernel",
    ("updating", "judged"): "the trial, before the health gate has ended",
    ("updating", "kept"): "right after it was kept",
}
"""What was going on, by phase and stage of a row, in the table's order."""

ON_TRIAL: Final = "on trial"

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
    found = [row for row in rows if "found" in row]
    outcome = _outcomes(rows)
    out = ["| power cut while | cuts | next seen: old / new / on trial | not flushed / lost |"]
    out.append("|---|---|---|---|")
    for key, words in WHEN.items():
        chosen = [row for row in cuts if (row["phase"], row["stage"]) == key]
        if chosen:
            out.append(_line(words, chosen, outcome))
    out.append(_line("**all**", cuts, outcome))
    return "\n".join([*out, "", *_sentences(cuts, found, outcome)]) + "\n"


def _line(words: str, cuts: list[dict[str, Any]], outcome: dict[int, str]) -> str:
    count = Counter(outcome.get(row["cut"], "") for row in cuts)
    seen = f"{count['old']} / {count['new']} / {count[ON_TRIAL]}"
    writes = [row["writes"] for row in cuts]
    waiting, lost = (sum(each[name] for each in writes) for name in ("waiting", "lost"))
    return f"| {words} | {len(cuts)} | {seen} | {waiting} / {lost} |"


def _outcomes(rows: list[dict[str, Any]]) -> dict[int, str]:
    """Return what was found after each cut, by its number: of those that a start has verified."""
    outcome: dict[int, str] = {}
    version: str | None = None
    for row in rows:
        if "version" not in row:
            continue
        word = ON_TRIAL if row["trial"] else "old" if version in (None, row["version"]) else "new"
        outcome |= dict.fromkeys(row["covers"], word)
        if not row["trial"]:
            version = row["version"]
    return outcome


def _sentences(
    cuts: list[dict[str, Any]], found: list[dict[str, Any]], outcome: dict[int, str]
) -> list[str]:
    """Return what else was counted."""
    verified = [row for row in found if "version" in row]
    problems = [problem for row in (*cuts, *found) for problem in row["problems"]]
    systems = sum(version is not None for row in cuts for version in row["card"]["slots"].values())
    sentences = [
        (
            f"{len(cuts)} power cuts. Each card was read right after its cut, and {systems} times "
            "a slot that the loader's notes name was hashed: the whole system of its version. "
            f"{len(outcome)} of the cuts were verified by {len(verified)} whole starts: a start "
            "that is cut before it is whole leaves that to the next one."
        )
    ]
    if verified:
        last = verified[-1]["consumer"]
        versions = len({row["version"] for row in verified})
        unsent = sum(row["unsent"] for row in cuts)
        sentences.append(
            f"At the consumer: {last['sightings']} sightings of {last['boots']} starts, every "
            f"number from 1 on and once, {last['gap']} gaps, {last['refusal']} refusals; "
            f"{unsent} lay unsent in the outbox at a cut, and came. {versions} versions ran."
        )
    sentences.append(f"Problems: {len(problems)}." + "".join(f"\n- {each}" for each in problems))
    return sentences


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
