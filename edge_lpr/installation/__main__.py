"""``edge-lpr configure``: at every boot of a booth, as root, before there is a network."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import EdgeLprError, InstallationError
from edge_lpr.core.hardening import forbid_inspection
from edge_lpr.core.service import forbid_core_dumps
from edge_lpr.installation.configuring import configure
from edge_lpr.installation.lanes import read_lanes, save_lanes
from edge_lpr.installation.modem import hold
from edge_lpr.installation.networkd import PREFIX, RULES_FOLDER
from edge_lpr.installation.places import Places
from edge_lpr.installation.reading import read_installation

_TEMPLATES: Final = Path("/usr/lib/edge-lpr")
_RELOAD: Final = ("/bin/systemctl", "daemon-reload")
"""The drop-ins count from here on."""

_RELOAD_RULES: Final = (
    ("/bin/udevadm", "control", "--reload"),
    ("/bin/udevadm", "trigger", "--subsystem-match=net", "--subsystem-match=usb", "--action=add"),
)
"""So do the rules for a radio or a modem, also for one that is there already."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Args:
        arguments: The words after ``edge-lpr configure``; those of the process if left out.

    Returns:
        0, also where the answers are wrong: the booth goes on with what it had. 1 if the system
        could not be made.
    """
    # The answers hold a ticket and passwords.
    forbid_core_dumps()
    forbid_inspection()
    chosen = _parser().parse_args(sys.argv[1:] if arguments is None else arguments)
    root = chosen.root.absolute()
    boot = chosen.boot or root / "boot/efi"
    templates = chosen.templates or root / _TEMPLATES.relative_to("/")
    try:
        if chosen.modem is not None:
            _hold_modem(chosen.modem, root)
        if chosen.lanes is not None:
            save_lanes(Places(root, boot, templates), read_lanes(chosen.lanes))
            return 0
        faults = configure(Places(root, boot, templates), _say)
    except EdgeLprError as error:
        sys.stderr.write(f"edge-lpr configure: {error}\n")
        return 1
    for fault in faults:
        sys.stderr.write(f"edge-lpr configure: {fault}\n")
    if root == Path("/"):
        is_radio = any(Path(RULES_FOLDER).glob(f"{PREFIX}*"))
        for command in (_RELOAD, *(_RELOAD_RULES if is_radio else ())):
            # What fails says so itself, and the network is worth trying all the same.
            subprocess.run(command, check=False)  # noqa: S603 - our own words
    return 0


def _say(sentence: str) -> None:
    """Write into the journal."""
    sys.stdout.write(f"edge-lpr configure: {sentence}\n")


def _hold_modem(device: str, root: Path) -> None:
    """Connect a modem as the answers in force say, until that ends."""
    lte = read_installation(Places(root, root, root).installation).network.lte
    if lte is None:
        raise InstallationError("the answers have no network.lte any more; start the booth again")
    hold(device, lte, root)


def _parser() -> argparse.ArgumentParser:
    """Return what knows the options."""
    parser = argparse.ArgumentParser(
        prog="edge-lpr configure",
        description="Take over the installer's answers from the boot partition, and make network, "
        "firewall, camera and settings from them. Runs at each boot.",
    )
    parser.add_argument(
        "--root", type=Path, default=Path("/"), metavar="DIR", help="of the booth; default: /"
    )
    parser.add_argument(
        "--boot", type=Path, metavar="DIR", help="the boot partition; default: DIR/boot/efi"
    )
    parser.add_argument("--templates", type=Path, metavar="DIR", help=f"default: DIR{_TEMPLATES}")
    parser.add_argument(
        "--modem", metavar="DEVICE", help="instead, hold the connection of this modem: cdc-wdm0"
    )
    parser.add_argument(
        "--lanes", type=Path, metavar="FILE", help="instead, keep these lanes: of the aim page"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
