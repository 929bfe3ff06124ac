"""Has ``edge-lpr diagnose`` look at this booth, and takes out of it what a report may say.

It is run as a program of its own, as a technician would: what it prints has sentences for people,
and none of them comes further than this file.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast, get_args

from edge_lpr.core.check_words import Verdict
from edge_lpr.report.content import CheckSaid, Diagnosed, coarse
from edge_lpr.report.diagnosis_words import CODE_PATTERN, MACHINE_CHECKS, MOST_CODES

_PATIENCE_S: Final = 60
_MAXIMUM_BYTES: Final = 1 << 20
_MAXIMUM: Final = 990_000_000_000_000


def diagnosed(root: Path, settings_file: Path) -> Diagnosed | None:
    """Return what is wrong with this booth; ``None`` where that cannot be found out.

    Args:
        root: ``/`` on a booth; another folder in a trial.
        settings_file: The booth's settings.
    """
    command = [sys.executable, "-m", "edge_lpr", "diagnose", "--json"]
    places = ["--root", str(root), "--settings", str(settings_file)]
    try:
        done = subprocess.run(  # noqa: S603 - our own program, fixed words
            [*command, *places], capture_output=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return read_diagnosis(done.stdout)


def read_diagnosis(untrusted_text: bytes) -> Diagnosed | None:
    """Return codes, verdicts and coarse numbers of a diagnosis, ``None`` if it is none.

    Args:
        untrusted_text: What ``edge-lpr diagnose --json`` printed.
    """
    if len(untrusted_text) > _MAXIMUM_BYTES:
        return None
    try:
        said = json.loads(untrusted_text)
        findings = [each for each in said["findings"] if isinstance(each, dict)]
        verdict, first = said["verdict"], said["first_cause"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if verdict not in get_args(Verdict):
        return None
    codes = sorted({code for each in findings if (code := _code(each)) is not None})[:MOST_CODES]
    first_cause = _code(first)
    return Diagnosed(
        verdict=cast("Verdict", verdict),
        first_cause=first_cause if first_cause in codes else None,
        codes=codes,
        machine=_machine(findings),
    )


def _code(finding: object) -> str | None:
    """Return a finding's code, if it has one."""
    code = finding.get("code") if isinstance(finding, dict) else None
    return code if isinstance(code, str) and re.fullmatch(CODE_PATTERN, code) else None


def _machine(findings: list[dict[str, object]]) -> dict[str, CheckSaid]:
    """Return what was seen of the machine itself; of two of one name the worse is kept."""
    weight = {"bad": 3, "warning": 2, "not_known": 1, "good": 0}
    said: dict[str, CheckSaid] = {}
    for each in findings:
        name, verdict, numbers = (each.get(key) for key in ("check", "verdict", "numbers"))
        if not isinstance(name, str) or name not in MACHINE_CHECKS:
            continue
        if verdict not in get_args(Verdict) or not isinstance(numbers, Mapping):
            continue
        before = said.get(name)
        if before is not None and weight[before.verdict] >= weight[str(verdict)]:
            continue
        said[name] = CheckSaid(
            verdict=cast("Verdict", verdict),
            numbers={
                key: coarse(max(-_MAXIMUM, min(_MAXIMUM, number)))
                for key in MACHINE_CHECKS[name]
                if type(number := numbers.get(key)) is int
            },
        )
    return said
