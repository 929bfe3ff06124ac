"""``edge-lpr authority decommission``: one device, or the whole deployment, for ever."""

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.condition import in_days
from edge_lpr.authority.opening import Options, SubParsers, add_task, opened
from edge_lpr.authority.persons import Persons
from edge_lpr.authority.tasks.issue import device_named
from edge_lpr.authority.terminal import confirm
from edge_lpr.authority.wrapping import ROOT
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import InputRefusedError


def add_parser(subparsers: SubParsers) -> None:
    """Add the task to the command line."""
    parser = add_task(subparsers, "decommission", "take a device, or everything, out of service")
    parser.add_argument("--device", metavar="SITE/DEVICE", help="only this device")
    parser.add_argument("--everything", action="store_true", help="the whole deployment")
    parser.set_defaults(run=run)


def run(options: Options, clock: Clock) -> str:
    """Take out of service, once it is confirmed."""
    if bool(options.device) == options.everything:
        raise InputRefusedError("say --device SITE/DEVICE or --everything")
    with opened(options, clock) as authority:
        if options.everything:
            return _everything(authority)
        return _device(authority, options.device)


def _device(authority: Authority, name: str) -> str:
    """Give one device no more keys."""
    device = device_named(authority, name)
    confirm(f"{name} will get no more keys. Type its name to do it", name)
    with authority.store.transaction():
        authority.devices.decommission(device.address)
        authority.journal.record("decommissioned", device=name)
    return (
        f"{name} is out of service. It still holds keys of up to "
        f"{in_days(authority.configuration.epochs_ahead)}: wipe it, and take its certificate back "
        "with edge-lpr authority revoke."
    )


def _everything(authority: Authority) -> str:
    """Destroy every key there is, the authority's own last."""
    agreed = Persons(authority).require_two()
    tenant = authority.deployment.tenant
    epochs = authority.vault.destructible()
    confirm(
        f"This destroys the authority of {tenant} and the keys of {in_days(len(epochs))} for ever. "
        f"Every booth stops within {in_days(authority.configuration.epochs_ahead)}. "
        f"Type {tenant} to do it",
        tenant,
    )
    authority.journal.record("decommission", days=len(epochs), agreed=" ".join(agreed) or "one")
    authority.vault.destroy(epochs)
    authority.journal.record("decommissioned", tenant=tenant)
    authority.wrapping.destroy(ROOT)
    with authority.store.transaction() as session:
        session.execute("DELETE FROM secret")
    authority.store.scrub()
    return (
        f"The authority of {tenant} is no more, and no backup brings its keys back. Keep "
        "authority.sqlite3 as long as the journal must be kept, and wipe the booths."
    )
