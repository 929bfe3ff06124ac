"""``edge-lpr authority requests``: the booths that wait for the custodian."""

import datetime as dt

from edge_lpr.authority.enrolment import EnrolmentDesk, PendingRequest
from edge_lpr.authority.opening import Options, SubParsers, add_task, opened_quietly
from edge_lpr.core.clock import Clock


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(subparsers, "requests", "show the booths that wait for approval")
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> str:
    """Return the requests."""
    with opened_quietly(options, clock) as authority:
        waiting = EnrolmentDesk(authority).waiting()
    if not waiting:
        return "no booth waits for approval"
    lines = [_line(each) for each in waiting]
    advice = (
        "Ask whoever stands at the booth for the fingerprint it shows. Only if it is the same: "
        "edge-lpr authority approve FINGERPRINT"
    )
    return "\n".join([*lines, "", advice])


def _line(request: PendingRequest) -> str:
    """Return one request's line."""
    came = dt.datetime.fromtimestamp(request.came_at, dt.timezone.utc)
    address, tier = request.ticket.address, request.ticket.tier.value
    purpose = request.ticket.purpose.name.lower()
    return (
        f"{request.fingerprint}  {address.site}/{address.device}  tier {tier}, {purpose} keys, "
        f"custody {request.custody}  {came:%Y-%m-%d %H:%M} UTC from {request.came_from}"
    )
