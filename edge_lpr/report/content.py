"""What a report may say: every field by name, every word from a list, every number of two digits.

There is no field for a text. So nothing that somebody else has chosen gets into a report, whoever
fills it in and whatever he was told: no plate, no token, no address, no key, no picture. What a
taken-over vision can still do is choose its numbers; ``docs/report.md`` counts the bits.
"""

import re
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from edge_lpr.core.check_words import PROCESSES, WORD_OF_NAME, ProcessName, Verdict
from edge_lpr.core.errors import WireError
from edge_lpr.report.diagnosis_words import CODE_PATTERN, MACHINE_CHECKS, MOST_CODES
from edge_lpr.report.event_words import is_event_word
from edge_lpr.wire.health import two_digits

MAXIMUM_REPORT_BYTES: Final = 48_000
"""Of a report's text; with its signature and certificate a bundle stays below 64 kB."""

MOST_EVENTS: Final = 120
MOST_UNITS: Final = 40

_MAXIMUM_COUNT: Final = 990_000_000_000_000
_MAXIMUM_UNIX_S: Final = 253_402_300_799


def coarse(number: int) -> int:
    """Round a number to two significant digits, towards zero."""
    return -two_digits(-number) if number < 0 else two_digits(number)


def _require_coarse(number: int) -> int:
    if coarse(number) != number:
        raise ValueError("a number of a report has at most two digits that are not 0")
    return number


def _require_event(word: str) -> str:
    if not is_event_word(word):
        raise ValueError("an event of a report is one of a list")
    return word


_Coarse: TypeAlias = Annotated[
    int, Field(ge=-_MAXIMUM_COUNT, le=_MAXIMUM_COUNT), AfterValidator(_require_coarse)
]
_Event: TypeAlias = Annotated[str, AfterValidator(_require_event)]
_Code: TypeAlias = Annotated[str, Field(pattern=CODE_PATTERN)]
_Sha256: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Version: TypeAlias = Annotated[str, Field(pattern=r"^[0-9][0-9A-Za-z.+~_-]{0,39}$")]
_UnitName: TypeAlias = Annotated[str, Field(pattern=r"^edge-lpr(-[a-z]{1,16}){0,3}$")]
_ModelName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z_]{1,24}\.(onnx|json)$")]

Active: TypeAlias = Literal[
    "active", "reloading", "inactive", "failed", "activating", "deactivating", "maintenance"
]
"""systemd's ActiveState."""

Result: TypeAlias = Literal[
    "success",
    "resources",
    "protocol",
    "timeout",
    "exit-code",
    "signal",
    "core-dump",
    "watchdog",
    "start-limit-hit",
    "exec-condition",
    "oom-kill",
]
"""systemd's Result."""

Level: TypeAlias = Literal["debug", "info", "warning", "error", "critical"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Versions(_Strict):
    """What runs."""

    edge_lpr: _Version
    python: _Version
    kernel: _Version
    image: _Version | None
    """Of the system image; ``None`` where it is none of ours."""


class Digests(_Strict):
    """What it runs with."""

    settings: _Sha256
    """Of booth.toml."""
    models: dict[_ModelName, _Sha256]


class CheckSaid(_Strict):
    """What a process says of one thing."""

    verdict: Verdict
    numbers: dict[str, _Coarse]


class ProcessSaid(_Strict):
    """What a process says of itself."""

    answered: bool
    checks: dict[str, CheckSaid]


class Diagnosed(_Strict):
    """What ``edge-lpr diagnose`` found: codes, and the machine's own checks."""

    verdict: Verdict
    first_cause: _Code | None
    """``None`` where nothing is wrong."""
    codes: Annotated[list[_Code], Field(max_length=MOST_CODES)]
    """Of all that is wrong, each once, in order."""
    machine: dict[str, CheckSaid]
    """By the names of ``MACHINE_CHECKS``; a number that a check does not give is left out."""


class Unit(_Strict):
    """How it stands with a unit of systemd."""

    name: _UnitName
    active: Active
    result: Result
    restarts: _Coarse


class Event(_Strict):
    """How often something was logged lately."""

    unit: _UnitName
    level: Level
    event: _Event
    count: _Coarse


class Audit(_Strict):
    """The audit log when the report was made."""

    size: Annotated[int, Field(ge=1, le=_MAXIMUM_COUNT)]
    """How many entries it had."""
    root: _Sha256
    """Of the Merkle tree over them."""


class Report(_Strict):
    """All of it."""

    v: Literal[2]
    made_at: Annotated[int, Field(ge=0, le=_MAXIMUM_UNIX_S)]
    """When, by the booth's clock, UTC in whole seconds since 1970."""
    versions: Versions
    digests: Digests
    diagnosis: Diagnosed | None
    """``None`` where it could not be made."""
    processes: dict[ProcessName, ProcessSaid]
    units: Annotated[list[Unit], Field(max_length=MOST_UNITS)]
    events: Annotated[list[Event], Field(max_length=MOST_EVENTS)]
    audit: Audit

    def text(self) -> bytes:
        """Return it as the one JSON text that it can be, ASCII."""
        return self.model_dump_json().encode("ascii")


def read_report(untrusted_text: bytes) -> Report:
    """Return what a report says, every field checked.

    Args:
        untrusted_text: As received, of any length.

    Raises:
        WireError: It is no report, or says more than one may, or not in its one form.
    """
    if len(untrusted_text) > MAXIMUM_REPORT_BYTES:
        raise WireError(f"a report has at most {MAXIMUM_REPORT_BYTES} bytes")
    try:
        report = Report.model_validate_json(untrusted_text)
        same = report.text() == untrusted_text
    except (ValidationError, UnicodeEncodeError) as error:
        where = _place(error)
        raise WireError(f"this is no report of this version{where}") from error
    if not same:
        raise WireError("the report is not in its one form: something stands beside its fields")
    _require_own_checks(report)
    if report.diagnosis is not None:
        _require_machine_checks(report.diagnosis)
    return report


def _require_own_checks(report: Report) -> None:
    """Refuse checks, and numbers of them, that are not the process's own."""
    if set(report.processes) != set(PROCESSES):
        raise WireError("a report speaks of each of the three processes")
    for name, said in report.processes.items():
        for check, content in said.checks.items():
            word = WORD_OF_NAME.get(check)
            if word is None or word.process != name:
                raise WireError(f"a report has a check that {name} does not make")
            if list(content.numbers) != [each.name for each in word.numbers]:
                raise WireError(f"{check}: needs each of its numbers once, and no other")
            for each in word.numbers:
                if not coarse(each.least) <= content.numbers[each.name] <= each.most:
                    raise WireError(f"{check}: {each.name} is out of its range")


def _require_machine_checks(diagnosed: Diagnosed) -> None:
    """Refuse codes out of order, and checks or numbers that no machine has."""
    if sorted(set(diagnosed.codes)) != diagnosed.codes:
        raise WireError("a report names each code once, in order")
    if diagnosed.first_cause not in (None, *diagnosed.codes):
        raise WireError("a report's first cause is one of its codes")
    for check, said in diagnosed.machine.items():
        names = MACHINE_CHECKS.get(check)
        if names is None or [name for name in names if name in said.numbers] != list(said.numbers):
            raise WireError("a report has a check, or a number of one, that no machine has")


def _place(error: Exception) -> str:
    """Return where a report is wrong; never what stands there."""
    if not isinstance(error, ValidationError):
        return ""
    parts = [str(part) for part in error.errors()[0]["loc"]]
    known = [part for part in parts if re.fullmatch(r"[a-z_]{1,24}|[0-9]{1,3}", part)]
    return f": {'.'.join(known)}" if known and len(known) == len(parts) else ""
