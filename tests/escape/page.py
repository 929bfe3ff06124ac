"""Writes docs/escape-suite.md and its results: ``python -m tests.escape.page RESULT...``."""

import json
import re
import sys
from pathlib import Path
from typing import Final

from tests.escape.attempt import ATTEMPTS
from tests.escape.covert import BITS_A_READING, READINGS_A_SECOND, bound_bits_a_day
from tests.escape.hostile_vision import MODULES

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGE: Final = DOCS / "escape-suite.md"
RESULTS: Final = DOCS / "escape-suite.json"

_TITLES: Final = {
    "attempts_files": "Files",
    "attempts_devices": "Devices and terminals",
    "attempts_processes": "Other processes, and rights",
    "attempts_kernel": "The kernel",
    "attempts_sockets": "Sockets and the network",
    "attempts_readings": "The socket to the tokeniser",
}

_SYSTEM: Final = {
    "debugger": "sysctl `kernel.yama.ptrace_scope = 3`",
    "memory_of_another": "sysctl `kernel.yama.ptrace_scope = 3`",
    "memory_file": "sysctl `kernel.yama.ptrace_scope = 3`",
    "file_of_another": "sysctl `kernel.yama.ptrace_scope = 3`",
    "other_kernel": "sysctl `kernel.kexec_load_disabled = 1`",
    "usb_gadget": "modprobe.d: `libcomposite` is never loaded",
    "core_dump": "sysctl `kernel.core_pattern = |/bin/false`",
}
"""What a booth refuses even to root; the control cannot succeed there."""

_NOT_ONE_BY_ONE: Final = {
    "what_is_kept": "`InaccessiblePaths`, and the files' modes",
    "what_is_told": "`TemporaryFileSystem`",
}
"""Walls told from the unit and the error, for attempts younger than the walls' own experiment."""


def merge(results: list[Path]) -> dict[str, object]:
    """Put several runs of the judge together; a control counts wherever it succeeded."""
    rows = [_merged(name, [_rows(path).get(name, {}) for path in results]) for name in ATTEMPTS]
    read = [json.loads(path.read_text()) for path in results]
    return {
        "runs": [each.get("where", path.stem) for each, path in zip(read, results, strict=True)],
        "usb": next((each["usb"] for each in read if "usb" in each), None),
        "rows": rows,
    }


def _rows(path: Path) -> dict[str, dict[str, object]]:
    """Return a run's rows by attempt."""
    return {each["attempt"]: each for each in json.loads(path.read_text())["rows"]}


def _merged(name: str, rows: list[dict[str, object]]) -> dict[str, object]:
    """Return what all runs say of one attempt: the worst of the unit, the best of the control."""
    units = [each["unit"] for each in rows if each.get("unit")]
    controls = [each["control"] for each in rows if each.get("control")]
    why = next((each["why"] for each in rows if "why" in each), None)
    return {
        "attempt": name,
        "sentence": ATTEMPTS[name].sentence,
        "unit": _chosen(units, succeeded=True),
        "control": _chosen(controls, succeeded=True),
        "why": why,
    }


def _chosen(outcomes: list[object], *, succeeded: bool) -> object:
    """Return the first outcome that succeeded, else the first that was tried at all."""
    found = [each for each in outcomes if isinstance(each, dict)]
    best = [each for each in found if each["succeeded"] is succeeded]
    tried = [each for each in found if not each["absent"]]
    return next(iter(best or tried or found), None)


def page(results: dict[str, object]) -> str:
    """Return the page for the security officer."""
    rows = results["rows"]
    assert isinstance(rows, list)
    tried = [row for row in rows if row["unit"] is not None]
    got_out = [row["attempt"] for row in tried if row["unit"]["succeeded"]]
    possible = [row for row in tried if _is_possible(row)]
    text = (Path(__file__).parent / "page_template.md").read_text()
    figures = {
        "TRIED": len(tried),
        "GOT_OUT": len(got_out),
        "POSSIBLE": len(possible),
        "RUNS": "; ".join(map(str, results["runs"])) if isinstance(results["runs"], list) else "",
        "TABLES": "\n".join(_table(module.__name__, rows) for module in MODULES),
        "NO_CONTROL": _without_control(tried),
        "BOUND": _millions(bound_bits_a_day(knows_keys=False)),
        "BOUND_MINUTE": _millions(bound_bits_a_day(knows_keys=False, time_resolution_s=60)),
        "BOUND_KEYS": _millions(bound_bits_a_day(knows_keys=True)),
        "MEASURED": _millions(BITS_A_READING * READINGS_A_SECOND * 86_400),
        "SYMBOL": BITS_A_READING,
        "USB": _usb(results.get("usb")),
    }
    for name, value in figures.items():
        text = text.replace(f"@{name}@", str(value))
    return text


def _usb(found: object) -> str:
    """Return what became of devices that were plugged into an emulated booth."""
    if not isinstance(found, dict):
        return (
            "Not tried in an emulated booth yet: `plug_in` of `tests/escape/in_booth.py` does it."
        )
    lines = [
        "Plugged into an emulated booth; its kernel says of each: not authorized for usage.\n",
        "| what | the kernel calls it | authorized | what the booth has of it |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {each['seen'] or 'nothing'} | {each['authorized'] or '-'} "
        f"| {each['has'] or 'nothing: no disk, no network card, no input'} |"
        for name, each in found.items()
    ]
    return "\n".join(lines)


def _millions(number: float) -> str:
    """Return a number as people read it."""
    return f"{number / 1e6:.1f} million"


def _table(module_name: str, rows: list[dict[str, object]]) -> str:
    """Return the table of one file of attempts."""
    short = module_name.rpartition(".")[2]
    lines = [
        f"### {_TITLES[short]}\n",
        "| attempt | in the unit | each of these alone stops it |",
        "|---|---|---|",
    ]
    lines += [
        f"| {row['sentence']} | {_seen(row['unit'])} | {_why(row, short)} |"
        for row in rows
        if ATTEMPTS[str(row["attempt"])].run.__module__ == module_name
    ]
    return "\n".join(lines) + "\n"


def _seen(unit: object) -> str:
    """Return what the program was told."""
    if not isinstance(unit, dict):
        return "not tried"
    if unit["succeeded"]:
        return f"**got out**: {unit['seen']}"
    if unit["absent"]:
        return "sees none"
    seen = str(unit["seen"])
    return f"`{seen.partition(' ')[0]}`" if re.match(r"E[A-Z]+ ", seen) else seen


def _why(row: dict[str, object], module: str) -> str:
    """Return what stops an attempt."""
    walls = row["why"]
    system = _SYSTEM.get(str(row["attempt"]))
    if isinstance(walls, list) and walls:
        return ", ".join([f"`{wall}`" for wall in walls] + ([system] if system else []))
    if system:
        return system
    if str(row["attempt"]) in _NOT_ONE_BY_ONE:
        return f"{_NOT_ONE_BY_ONE[str(row['attempt'])]} (not tried one by one)"
    if module == "attempts_readings":
        return "the tokeniser's checks"
    if isinstance(walls, list):
        return "several together, none alone"
    return "not found: not possible where the walls were tried one by one"


def _without_control(rows: list[dict[str, object]]) -> str:
    """Name what was possible nowhere, and why."""
    lines = [
        f"`{row['attempt']}` ({_SYSTEM.get(str(row['attempt'])) or _told(row['control'])})"
        for row in rows
        if not _is_possible(row)
    ]
    return ", ".join(lines) or "none"


def _is_possible(row: dict[str, object]) -> bool:
    """Return whether it succeeded as root without a unit, or in the unit without its walls."""
    control = row["control"]
    return isinstance(row["why"], list) or (isinstance(control, dict) and control["succeeded"])


def _told(control: object) -> str:
    """Say what root was told."""
    if not isinstance(control, dict) or control["absent"]:
        return "no such thing on these machines"
    return str(control["seen"])


def main(paths: list[str]) -> None:
    """Write both files."""
    results = merge([Path(each) for each in paths])
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    PAGE.write_text(page(results))


if __name__ == "__main__":
    main(sys.argv[1:])
