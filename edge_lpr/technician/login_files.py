"""What sshd and the firewall must know of a booth to let technicians in, and nobody else.

Pure: ``edge-lpr configure`` writes it at each boot, from the deployment bundle and the installer's
answers. A bundle that names nobody who certifies technicians gives no files, and without them sshd
does not start (``systemd/edge-lpr-sshd.service``).
"""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from pathlib import Path
from typing import Final

from edge_lpr.certificates.technician_certificate import principal_of

LOGIN_FOLDER: Final = Path("/run/edge-lpr/ssh")
"""Where sshd looks for the files: root's, mode 0755."""

CA_FILE_NAME: Final = "technician_ca"
"""The key that certifies technicians."""

PRINCIPALS_FILE_NAME: Final = "principals"
"""As whom somebody may come to this booth, one a line. It also tells the door which booth it is."""

LINK_NETWORKS: Final = ("169.254.0.0/16", "fe80::/10")
"""Addresses that no router passes on: a laptop on the booth's own cable or switch."""

_ANYBODY: Final = (
    "add rule inet edge_lpr technicians limit rate 6/minute burst 6 packets "
    "counter name from_technicians accept\n"
)
"""Of another address, and behind the rules for the known ones, so that those keep their share. That
somebody is on the cable is known by the answer, which dies at a router (``nftables.conf``)."""


def login_files(technician_ca: str | None, site: str, device: str) -> Mapping[str, str]:
    """Return the files below ``LOGIN_FOLDER``, mode 0644: sshd reads one as the user technician.

    Args:
        technician_ca: As the deployment bundle says, checked.
        site: Of the booth, checked.
        device: The booth, checked.

    Returns:
        Content by name; nothing if nobody may log in, and then earlier files are to be removed.
    """
    if technician_ca is None:
        return {}
    principals = (principal_of(site), principal_of(f"{site}/{device}"))
    return {
        CA_FILE_NAME: f"{technician_ca}\n",
        PRINCIPALS_FILE_NAME: "".join(f"{principal}\n" for principal in principals),
    }


def firewall_lines(technician_ca: str | None, own_networks: Iterable[str] = ()) -> str:
    """Return the lines of ``booth.nft`` that open sshd's port.

    Args:
        technician_ca: As the deployment bundle says; ``None`` opens nothing.
        own_networks: Networks that the booth itself has an address in, such as ``192.0.2.0/24``,
            where they are known before the network is up; the booth is there for people on site.
            None: the booth gets its address where it stands, and who is on its cable may have any.

    Returns:
        Lines of nft, each with its end.
    """
    if technician_ca is None:
        return ""
    own = tuple(own_networks)
    texts = (*LINK_NETWORKS, *own)
    # Each address once: nft refuses networks that overlap, and with them the whole file.
    four = collapse_addresses(IPv4Network(text) for text in texts if ":" not in text)
    six = collapse_addresses(IPv6Network(text) for text in texts if ":" in text)
    known = _elements("technicians", four) + _elements("technicians6", six)
    return known if own else known + _ANYBODY


def _elements(name: str, networks: Iterable[IPv4Network | IPv6Network]) -> str:
    """Return the lines that put networks into one of the firewall's sets."""
    return "".join(f"add element inet edge_lpr {name} {{ {network} }}\n" for network in networks)
