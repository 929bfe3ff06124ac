"""``edge-lpr authority rotate``: for a timer. Destroys what is due, issues what devices lack.

It may run at any time and any number of times: it does what is left to do and nothing twice.
"""

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.broker_link import BrokerLink, link_of
from edge_lpr.authority.condition import in_days
from edge_lpr.authority.issuing import make_delivery
from edge_lpr.authority.opening import Options, SubParsers, add_task, opened
from edge_lpr.authority.renewal import (
    away,
    forget_old_deliveries,
    missing_epochs,
    purpose_for,
    take_announcements,
)
from edge_lpr.authority.tasks.issue import send
from edge_lpr.core.clock import Clock, epoch_of
from edge_lpr.wire.topics import TopicKind


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(
        subparsers, "rotate", "destroy keys past their time and issue what devices lack (a timer)"
    )
    parser.add_argument(
        "--without-broker", action="store_true", help="only destroy; deliveries go by files"
    )
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> str:
    """Do what is due."""
    with opened(options, clock) as authority:
        # First: no broker that is away may keep a key alive.
        lines = [_destroy_due(authority)]
        forget_old_deliveries(authority)
        if not options.without_broker:
            with link_of(authority) as link:
                lines += deliver_missing(authority, link)
    return "\n".join(lines)


def deliver_missing(authority: Authority, link: BrokerLink) -> list[str]:
    """Hear what devices have announced, and publish what each lacks.

    Args:
        authority: Open.
        link: A session.

    Returns:
        What was done, a line each.

    Raises:
        BrokerError: The broker is away or refuses.
    """
    refused = take_announcements(authority, _retained(authority, link, TopicKind.TRANSPORT))
    for reason in refused:
        authority.journal.record("announcement-refused", why=reason)
    lines = [f"not believed: {reason}" for reason in refused]
    lacking = [
        (device, epochs)
        for device in authority.devices.active()
        if device.transport_key is not None and (epochs := missing_epochs(authority, device))
    ]
    if not lacking:
        return [*lines, "no device lacks keys"]
    offline = away(_retained(authority, link, TopicKind.STATUS))
    for device, epochs in lacking:
        name = f"{device.address.site}/{device.address.device}"
        if device.address in offline:
            lines.append(f"{name}: lacks keys of {in_days(len(epochs))}, and is offline")
            continue
        purpose = purpose_for(device)
        delivery = make_delivery(authority, device, epochs, purpose=purpose)
        what = send(authority, device, delivery, link)
        lines.append(f"{name}: {purpose.name.lower()} keys of {in_days(len(epochs))} {what}")
    return lines


def _retained(authority: Authority, link: BrokerLink, kind: TopicKind) -> dict[str, bytes]:
    """Return what the broker keeps of one kind, of all devices."""
    return link.retained(f"lpr/v1/{authority.deployment.tenant}/+/+/{kind.value}")


def _destroy_due(authority: Authority) -> str:
    """Destroy the keys of days longer ago than R."""
    first_kept = epoch_of(authority.clock.unix_s()) - authority.configuration.retention_days
    due = [epoch for epoch in authority.vault.destructible() if epoch < first_kept]
    if not due:
        return "no keys are due for destruction"
    authority.vault.destroy(due)
    return f"destroyed the keys of {in_days(len(due))}, for ever"
