"""A report for people: what is in it, all of it, before it is written anywhere."""

import datetime as dt
from collections.abc import Iterator

from edge_lpr.report.content import Diagnosed, Report


def shown(report: Report) -> str:
    """Return a report as lines of at most 100 characters; the digests are cut to 16."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    made_at = dt.datetime.fromtimestamp(report.made_at, dt.timezone.utc)
    yield f"Diagnostics report of {made_at:%Y-%m-%d %H:%M:%S} UTC. This is all that is in it."
    yield ""
    of = report.versions
    yield f"edge-lpr {of.edge_lpr}, image {of.image or '-'}, Python {of.python}, kernel {of.kernel}"
    yield f"settings {report.digests.settings[:16]}"
    for name, digest in report.digests.models.items():
        yield f"model    {digest[:16]}  {name}"
    yield f"audit    {report.audit.root[:16]}  root over {report.audit.size} entries"
    yield from _diagnosis(report.diagnosis)
    for process, said in report.processes.items():
        yield ""
        yield process if said.answered else f"{process}: does not answer"
        for check, content in said.checks.items():
            yield f"  {content.verdict:<9} {check}"
            numbers = ", ".join(f"{name} {number}" for name, number in content.numbers.items())
            yield from (f"            {part}" for part in _wrapped(numbers))
    if report.units:
        yield ""
        yield "units"
    for unit in report.units:
        yield f"  {unit.active:<12} {unit.name}: {unit.result}, restarted {unit.restarts} times"
    if report.events:
        yield ""
        yield "logged lately (unit, level, event, how often)"
    for event in report.events:
        yield f"  {event.unit:<22} {event.level:<8} {event.event:<28} {event.count}"


def _diagnosis(diagnosed: Diagnosed | None) -> Iterator[str]:
    """Yield what was found wrong, and how the machine is."""
    yield ""
    if diagnosed is None:
        yield "diagnosis: could not be made"
        return
    yield f"diagnosis: {diagnosed.verdict}, first cause {diagnosed.first_cause or 'none'}"
    yield from (f"  {part}" for part in _wrapped(", ".join(diagnosed.codes)))
    for check, content in diagnosed.machine.items():
        numbers = ", ".join(f"{name} {number}" for name, number in content.numbers.items())
        yield f"  {content.verdict:<9} {check:<20} {numbers}".rstrip()


def _wrapped(text: str, width: int = 84) -> Iterator[str]:
    """Yield a list of numbers in lines."""
    line = ""
    for part in text.split(", "):
        if line and len(line) + len(part) + 2 > width:
            yield f"{line},"
            line = ""
        line = f"{line}, {part}" if line else part
    if line:
        yield line
