"""Shows a diagnosis: for people in 80 columns, or for programs."""

import datetime as dt
import json
import textwrap
from collections.abc import Mapping
from typing import Final

from edge_lpr.core.check_words import Verdict
from edge_lpr.diagnostics.codes import AREAS, BY_CODE
from edge_lpr.diagnostics.diagnosis import Diagnosis
from edge_lpr.diagnostics.finding import Finding, first_cause, worst

COLUMNS: Final = 80
VERSION: Final = 1
"""Of the document for programs (``docs/codes/diagnosis.schema.json``)."""

_MARKS: Final[Mapping[Verdict, str]] = {
    "good": " ok ",
    "warning": "WARN",
    "bad": "BAD ",
    "not_known": " -- ",
}
_NAME_COLUMNS: Final = 19
_INDENT: Final = " " * (5 + _NAME_COLUMNS)


def as_text(diagnosis: Diagnosis, *, sound: str = "Nothing is wrong.") -> str:
    """Return the report for people: the first cause, then line by line.

    Args:
        diagnosis: What was found.
        sound: What is said in its place where nothing is wrong.
    """
    at = dt.datetime.fromtimestamp(max(diagnosis.at_s, 0), dt.timezone.utc)
    lines = [f"{diagnosis.booth or 'a booth without settings'}  {at:%Y-%m-%d %H:%M:%S} UTC"]
    first = first_cause(diagnosis.findings)
    if first is None:
        lines += _wrapped(sound, "")
    else:
        lines += _first(first)
    for area, title in AREAS.items():
        own = [finding for finding in diagnosis.findings if finding.area == area]
        if own:
            lines += ["", title]
            for finding in own:
                lines += _line(finding)
    return "\n".join(_printable(line) for line in lines) + "\n"


def as_json(diagnosis: Diagnosis) -> str:
    """Return the same for a program, on one line.

    Args:
        diagnosis: What was found.
    """
    first = first_cause(diagnosis.findings)
    document = {
        "version": VERSION,
        "booth": diagnosis.booth,
        "at": diagnosis.at_s,
        "verdict": worst(diagnosis.findings),
        "first_cause": None if first is None else _document(first),
        "findings": [_document(finding) for finding in diagnosis.findings],
    }
    return json.dumps(document) + "\n"


def _first(finding: Finding) -> list[str]:
    """Return what is said above all."""
    code = BY_CODE[finding.code]
    return [
        *_wrapped(f"FIRST CAUSE  {code.code}  {code.title}", " " * 13),
        *_wrapped(f"   seen:     {finding.name.replace('_', ' ')}: {finding.evidence}", " " * 13),
        *_wrapped(f"   why:      {code.cause}", " " * 13),
        *_wrapped(f"   do:       {code.remedy}", " " * 13),
        f"   more:     docs/codes/{code.code}.md",
    ]


def _line(finding: Finding) -> list[str]:
    """Return one line, and what to do below it where something is wrong."""
    name = finding.name.replace("_", " ")[:_NAME_COLUMNS]
    beginning = f"{_MARKS[finding.verdict]} {name:<{_NAME_COLUMNS}}"
    lines = _wrapped(f"{beginning}{finding.evidence}", _INDENT)
    if finding.code:
        code = BY_CODE[finding.code]
        lines += _wrapped(f"{_INDENT}{code.code}: {code.title}. {code.remedy}", _INDENT)
    return lines


def _wrapped(text: str, indent: str) -> list[str]:
    """Break a text at its spaces, so that no line is longer than a terminal."""
    return textwrap.wrap(
        text,
        COLUMNS,
        subsequent_indent=indent,
        replace_whitespace=False,
        drop_whitespace=True,
        break_on_hyphens=False,
    )


def _document(finding: Finding) -> Mapping[str, object]:
    """Return a finding for a program."""
    code = BY_CODE.get(finding.code)
    return {
        "area": finding.area,
        "check": finding.name,
        "verdict": finding.verdict,
        "evidence": _printable(finding.evidence),
        "numbers": dict(finding.numbers),
        "code": None if code is None else code.code,
        "title": None if code is None else code.title,
        "cause": None if code is None else code.cause,
        "do": None if code is None else code.remedy,
    }


def _printable(text: str) -> str:
    """Return what any terminal shows as it is."""
    return "".join(each if each.isascii() and each.isprintable() else "?" for each in text)
