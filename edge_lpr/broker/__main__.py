"""``edge-lpr broker``: rules for Mosquitto, a laboratory's certificates, a consumer's key."""

import sys
from collections.abc import Sequence

from edge_lpr.broker.access_list import AccessList
from edge_lpr.broker.arguments import (
    LaboratoryOptions,
    Options,
    RequestKeyOptions,
    parse_arguments,
)
from edge_lpr.broker.laboratory import Laboratory
from edge_lpr.broker.request_key import make_request_key
from edge_lpr.broker.rule_files import read_access_list, write_rules
from edge_lpr.core.clock import Clock, SystemClock
from edge_lpr.core.errors import EdgeLprError


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Args:
        arguments: The words after ``edge-lpr broker``; those of the process if left out.

    Returns:
        0, or 1 if it could not be done; then a sentence says why.
    """
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    try:
        sys.stdout.write(_do(options, SystemClock()) + "\n")
    except EdgeLprError as error:
        sys.stderr.write(f"edge-lpr broker: {error}\n")
        return 1
    return 0


def _do(options: Options, clock: Clock) -> str:
    """Do one task, and return what there is to say."""
    if isinstance(options, RequestKeyOptions):
        return make_request_key(options.name, options.file)
    access = read_access_list(options.list_file)
    authorities = len(access.authorities)
    who = (
        f"{len(access.devices)} booths, {len(access.consumers)} consumers and "
        f"{authorities} {'authority' if authorities == 1 else 'authorities'}"
    )
    if isinstance(options, LaboratoryOptions):
        return f"{who} in {options.folder}: {_certify(options, access, clock)}"
    changed = write_rules(access, options.folder)
    if not changed:
        return f"{who}: the rules say so already"
    return (
        f"{who}: wrote {' and '.join(changed)} in {options.folder}; let the broker read them: "
        "systemctl reload mosquitto"
    )


def _certify(options: LaboratoryOptions, access: AccessList, clock: Clock) -> str:
    """Make a laboratory's certificates, and return what was done."""
    laboratory = Laboratory(options.folder, clock.unix_s())
    hosts = [*options.hosts] or ["localhost"]
    made = laboratory.certify(access, hosts, renew=options.renew)
    for name in options.revoke:
        laboratory.revoke(name)
    return f"{len(made)} certified, {len(options.revoke)} revoked; for trials only"


if __name__ == "__main__":
    sys.exit(main())
