"""``edge-lpr authority issue``: keys of the coming days to devices, by file or by broker."""

import contextlib
from pathlib import Path

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.broker_link import KEYS_EXPIRY_S, BrokerLink, link_of
from edge_lpr.authority.condition import in_days
from edge_lpr.authority.devices import DeviceRow
from edge_lpr.authority.issuing import make_delivery, mark_sent
from edge_lpr.authority.opening import Options, SubParsers, add_task, opened
from edge_lpr.authority.renewal import purpose_for, wanted_epochs
from edge_lpr.core.clock import Clock, epoch_of
from edge_lpr.core.errors import InputRefusedError, KeyFileError
from edge_lpr.core.secret_file import write_secret_file
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire.topics import TopicKind, topic

SUFFIX = ".lprkeys"
"""Ending of a delivery's file; the tokeniser takes such files from its incoming folder."""


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(subparsers, "issue", "issue the coming days' keys to one device or to all")
    parser.add_argument("--device", metavar="SITE/DEVICE", help="only this one; else all")
    parser.add_argument(
        "--to", type=Path, metavar="DIR", help="write files there; else by the broker"
    )
    parser.add_argument(
        "--days", type=int, metavar="N", help="how many, today included; as the authority is set"
    )
    parser.add_argument(
        "--test", action="store_true", help="test keys: for demonstrations, replays, laboratories"
    )
    parser.add_argument(
        "--allow-tier-c",
        metavar="REASON",
        help="let this device have keys of live passages though its custody tier is C",
    )
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> str:
    """Issue keys."""
    with opened(options, clock) as authority:
        devices = _devices(authority, options)
        epochs = _epochs(authority, options)
        with contextlib.ExitStack() as stack:
            link = None if options.to else stack.enter_context(link_of(authority))
            lines = [_issue(authority, device, epochs, options, link) for device in devices]
    return "\n".join(lines)


def send(authority: Authority, device: DeviceRow, delivery: bytes, link: BrokerLink) -> str:
    """Publish a delivery and write down that it has left, if the broker passes it on to a booth.

    Args:
        authority: Open.
        device: To whom it was made.
        delivery: From ``make_delivery``.
        link: A session.

    Returns:
        What became of it, for people.

    Raises:
        BrokerError: The broker did not take it; ``rotate`` makes another one.
    """
    address = topic(device.address, TopicKind.KEYS)
    if not link.publish(address, delivery, expiry_s=KEYS_EXPIRY_S):
        return "published, but the booth does not listen; rotate makes others until it does"
    mark_sent(authority, device)
    return "published"


def device_named(authority: Authority, name: str) -> DeviceRow:
    """Return a device by ``SITE/DEVICE``.

    Raises:
        InputRefusedError: There is none.
    """
    site, _, device = name.partition("/")
    return authority.devices.get(site, device)


def _devices(authority: Authority, options: Options) -> list[DeviceRow]:
    """Return whom to issue to, with the permission that the command line gives."""
    if options.device is None:
        if options.allow_tier_c:
            raise InputRefusedError("--allow-tier-c is for one device: name it with --device")
        devices = authority.devices.active()
        if not devices:
            raise InputRefusedError("no device is enrolled yet; docs/enrolment.md shows how")
        return devices
    device = device_named(authority, options.device)
    if options.allow_tier_c:
        with authority.store.transaction():
            authority.devices.allow_tier_c(device.address, options.allow_tier_c)
            authority.journal.record(
                "tier-c-allowed", device=options.device, reason=options.allow_tier_c
            )
        device = device_named(authority, options.device)
    return [device]


def _epochs(authority: Authority, options: Options) -> tuple[int, ...]:
    """Return which days."""
    if options.days is None:
        return wanted_epochs(authority)
    today = epoch_of(authority.clock.unix_s())
    return tuple(range(today, today + options.days))


def _issue(
    authority: Authority,
    device: DeviceRow,
    epochs: tuple[int, ...],
    options: Options,
    link: BrokerLink | None,
) -> str:
    """Issue to one device, and return what there is to say."""
    name = f"{device.address.site}/{device.address.device}"
    # Whoever names a tier-C device must say that test keys are meant; for all it goes without.
    purpose = purpose_for(device) if options.device is None else KeyPurpose.LIVE
    if options.test:
        purpose = KeyPurpose.TEST
    if device.transport_key is None and options.device is None:
        return f"{name}: nothing, because it has announced no transport key yet"
    delivery = make_delivery(authority, device, epochs, purpose=purpose)
    what = f"{name}: {purpose.name.lower()} keys of {in_days(len(epochs))}"
    if link is not None:
        return f"{what}, {send(authority, device, delivery, link)}"
    file = options.to / f"{device.address.site}.{device.address.device}{SUFFIX}"
    _write(file, delivery)
    mark_sent(authority, device)
    return f"{what}: {file}"


def _write(file: Path, delivery: bytes) -> None:
    """Write a delivery; it is sealed, and yet nobody else's business."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_secret_file(file, delivery)
    except (OSError, KeyFileError) as error:
        raise InputRefusedError(f"{file}: cannot be written; name another folder") from error
