"""Holds an LTE modem's connection, and gives its address to systemd-networkd. Untested on hardware.

For modems that speak MBIM (Mobile Broadband Interface Model), by ``mbimcli`` of libmbim: the one
small program that Debian has for it, where ModemManager would bring D-Bus rules and a JavaScript
engine. ``edge-lpr-modem@.service`` runs it, and again when it ends.
"""

import ipaddress
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import InstallationError
from edge_lpr.installation.keeping import PUBLIC_MODE, keep
from edge_lpr.installation.network import LteSection
from edge_lpr.installation.networkd import NETWORK_FOLDER, PREFIX
from edge_lpr.installation.rendered import MADE

MODEM_FILE: Final = Path(NETWORK_FOLDER) / f"{PREFIX}-modem.network"
"""What systemd-networkd is told of the modem's port."""

_LOOK_EVERY_S: Final = 30.0
"""Also keeps mbim-proxy running, which ends after five idle minutes, the connection with it."""

_PATIENCE_S: Final = 120
_MAXIMUM_ANSWER: Final = 65_536
_ADDRESS: Final = re.compile(r"^\s*IP \[\d+\]: '([0-9A-Fa-f.:]+/\d{1,3})'", re.MULTILINE)
_GATEWAY: Final = re.compile(r"^\s*Gateway: '([0-9A-Fa-f.:]+)'", re.MULTILINE)
_LOCKED: Final = re.compile(r"^\s*PIN state: 'locked'\s+PIN type: 'pin1'", re.MULTILINE)
_ACTIVE: Final = re.compile(r"^\s*Activation state: 'activated'", re.MULTILINE)

Ask = Callable[[str], str]
"""Gives ``mbimcli`` one option, such as ``--query-ip-configuration``, and returns what it says."""


def asking(device: str) -> Ask:
    """Return what gives orders to a modem.

    Args:
        device: Its file below ``/dev``, such as ``cdc-wdm0``.
    """

    def ask(option: str) -> str:
        # Options with a PIN or a password are seen in /proc by root alone, as the answers are.
        word = option.partition("=")[0]
        command = ["/usr/bin/mbimcli", "--device-open-proxy", f"--device=/dev/{device}", option]
        try:
            done = subprocess.run(  # noqa: S603 - our own words and checked answers
                command, capture_output=True, text=True, check=False, timeout=_PATIENCE_S
            )
        except (OSError, subprocess.TimeoutExpired):
            # From None: its words would quote the option.
            raise InstallationError(f"mbimcli {word}: no answer; is the modem there?") from None
        if done.returncode != 0:
            said = done.stderr.strip().splitlines()
            raise InstallationError(f"mbimcli {word}: {said[-1] if said else 'failed'}")
        return done.stdout[:_MAXIMUM_ANSWER]

    return ask


def connect(ask: Ask, lte: LteSection) -> str:
    """Connect, and return what the operator says about the address.

    Args:
        ask: Gives orders to the modem.
        lte: The installer's answers.

    Raises:
        InstallationError: The modem or the operator refuses.
    """
    if lte.pin is not None and _LOCKED.search(ask("--query-pin-state")):
        # Only where it is asked for: a card counts wrong ones, and a right one may be in already.
        ask(f"--enter-pin={lte.pin}")
    ask("--query-registration-state")
    ask("--attach-packet-service")
    login = "" if lte.user is None else f",auth='CHAP',username='{lte.user}'"
    password = "" if lte.user is None or lte.password is None else f",password='{lte.password}'"
    ask(f"--connect=apn='{lte.apn}',ip-type='ipv4v6'{login}{password}")
    return ask("--query-ip-configuration")


def network_unit(port: str, untrusted_answer: str) -> str:
    """Return the unit of systemd-networkd for the addresses that the operator gave.

    Args:
        port: Name of the modem's port.
        untrusted_answer: Of ``mbimcli --query-ip-configuration``; name servers in it are not taken.

    Raises:
        InstallationError: There is no address in it.
    """
    try:
        own = [ipaddress.ip_interface(text) for text in _ADDRESS.findall(untrusted_answer)]
        routers = [ipaddress.ip_address(text) for text in _GATEWAY.findall(untrusted_answer)]
    except ValueError as error:
        raise InstallationError("the operator gave an address that is none") from error
    if not own:
        raise InstallationError("the operator gave no address; is the access point's name right?")
    addresses = "".join(f"Address={address}\n" for address in own)
    routes = "".join(f"\n[Route]\nGateway={router}\nGatewayOnLink=yes\n" for router in routers)
    return (
        f"{MADE}[Match]\nName={port}\n\n[Network]\nLLMNR=no\nMulticastDNS=no\n"
        f"LinkLocalAddressing=no\nIPv6AcceptRA=no\n{addresses}{routes}"
    )


def hold(device: str, lte: LteSection, root: Path = Path("/")) -> None:
    """Connect a modem, have its port configured, and watch the connection for ever.

    Args:
        device: Its file below ``/dev``, such as ``cdc-wdm0``.
        lte: The installer's answers.
        root: ``/`` on a booth.

    Raises:
        InstallationError: It cannot be connected, or is connected no longer; then begin again.
    """
    ask = asking(device)
    unit = network_unit(_port_of(device, root), connect(ask, lte))
    keep(root / MODEM_FILE.relative_to("/"), unit.encode(), PUBLIC_MODE)
    subprocess.run(["/usr/bin/networkctl", "reload"], check=False)
    while _ACTIVE.search(ask("--query-connection-state")):
        time.sleep(_LOOK_EVERY_S)
    raise InstallationError("the modem has lost its connection")


def _port_of(device: str, root: Path) -> str:
    """Return the name of the network port that belongs to a modem's device."""
    folder = root / f"sys/class/usbmisc/{device}/device/net"
    ports = sorted(_names(folder))
    if not ports:
        raise InstallationError(f"{device}: has no network port; the modem must speak MBIM")
    return ports[0]


def _names(folder: Path) -> Iterator[str]:
    """Return what is in a folder, which may be missing."""
    if folder.is_dir():
        yield from (path.name for path in folder.iterdir())
