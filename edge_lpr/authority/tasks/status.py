"""``edge-lpr authority status``: how the authority is; its exit status is for monitoring."""

import json
from typing import Final

from edge_lpr.authority.condition import Condition, DeviceCondition, condition_of, in_days
from edge_lpr.authority.opening import Options, Outcome, SubParsers, add_task, opened_quietly
from edge_lpr.authority.tasks.days import day_of
from edge_lpr.core.clock import Clock

_LABEL: Final = 18


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(
        subparsers, "status", "say how the authority is; exit status 1 if something needs you"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, for monitoring")
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> Outcome:
    """Return the condition of the authority."""
    with opened_quietly(options, clock) as authority:
        condition = condition_of(authority)
    text = json.dumps(condition.as_dict()) if options.json else _table(condition)
    return Outcome(text, 1 if condition.troubles else 0)


def _table(condition: Condition) -> str:
    """Return the condition for people."""
    held = condition.held_epochs
    span = f"{day_of(held[0])} to {day_of(held[-1])}, {in_days(len(held))}" if held else "none yet"
    quota = (
        f"{condition.quota_used} of {condition.quota_limit} plates today"
        if condition.quota_limit
        else "no list registered; edge-lpr authority quota --register N"
    )
    journal = condition.journal_fault or f"{condition.journal_entries} entries, intact"
    lines = [
        _line("authority", f"{condition.tenant}, fingerprint {condition.fingerprint}"),
        _line("today", f"{day_of(condition.today)} (epoch {condition.today})"),
        _line("keys held", span),
        _line("quota", quota),
        _line("journal", journal),
        _line("wrapping keys", condition.place),
        _line("devices", f"{len(condition.devices)}"),
        *(_device_line(device) for device in condition.devices),
    ]
    if condition.troubles:
        lines += ["", "needs you:", *(f"  - {trouble}" for trouble in condition.troubles)]
    else:
        lines += ["", "all is well"]
    return "\n".join(lines)


def _line(label: str, text: str) -> str:
    """Return one line of the table."""
    return f"{label:<{_LABEL}}{text}"


def _device_line(device: DeviceCondition) -> str:
    """Return one device's line."""
    days = "nothing announced" if device.days is None else f"{in_days(device.days)} of keys"
    return f"  {device.name:<32} tier {device.tier}  {device.state:<15} {days}"
