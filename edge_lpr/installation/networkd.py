"""The network by file: units of systemd-networkd, wpa_supplicant's file, and what finds a radio.

DHCP gives address and routes and nothing else. Names, time and a name for this booth are no
business of whoever answers on the cable. The booth speaks no LLMNR and no multicast DNS.
"""

import hashlib
import ipaddress
from collections.abc import Iterator
from typing import Final

from edge_lpr.installation.network import (
    CameraPortSection,
    LteSection,
    NetworkSection,
    WifiSection,
)
from edge_lpr.installation.places import SYSTEM_FOLDER
from edge_lpr.installation.rendered import MADE, SystemFile

NETWORK_FOLDER: Final = "/run/systemd/network"
RULES_FOLDER: Final = "/run/udev/rules.d"
PREFIX: Final = "70-edge-lpr"
"""Before the files that Debian ships, of which the first that fits a port counts."""

WIFI_FILE: Final = f"{SYSTEM_FOLDER}/wpa_supplicant.conf"

_DHCP: Final = """
[DHCPv4]
# The agency's list of machines goes by their cards.
ClientIdentifier=mac
SendHostname=no
UseDNS=no
UseNTP=no
UseSIP=no
UseHostname=no
UseDomains=no
UseTimezone=no

[DHCPv6]
UseDNS=no
UseNTP=no
UseHostname=no
UseDomains=no

[IPv6AcceptRA]
UseDNS=no
UseDomains=no
"""


_SILENT: Final = "LLMNR=no\nMulticastDNS=no\n"
_ALONE: Final = "LinkLocalAddressing=no\nIPv6AcceptRA=no\n"
_CABLE: Final = "Type=ether\nKind=!*\n"
"""Every wired port, and not what is made of others: VLANs, bridges."""

_ROUNDS: Final = 4096
_KEY_BYTES: Final = 32


def network_files(network: NetworkSection, *, is_laptop_wanted: bool) -> Iterator[SystemFile]:
    """Make the files of the network.

    Args:
        network: The installer's answers.
        is_laptop_wanted: Whether a technician's laptop on the booth's own cable shall reach it,
            without anybody's DHCP.

    Yields:
        Units of systemd-networkd, and with Wi-Fi or a modem what those need.
    """
    link = _link(network)
    if network.camera is not None:
        yield _camera_port(network.camera)
    if network.vlan is not None:
        # The firewall lets technicians in by what is called en or eth.
        name = f"en-vlan{network.vlan}"
        yield from _vlan(link, name, network.vlan)
        link = f"Name={name}\n"
    if network.lte is None:
        own = "yes" if is_laptop_wanted else "ipv6"
        text = f"[Match]\n{link}\n[Network]\n{_SILENT}LinkLocalAddressing={own}\n"
        yield _unit("agency.network", text + _addressing(network))
    else:
        yield _modem(network.lte)
    if network.wifi is not None:
        yield from _wifi(network.wifi)
    if is_laptop_wanted and (network.wifi is not None or network.lte is not None):
        # The cable is free for it.
        own = f"{_SILENT}LinkLocalAddressing=yes\nIPv6AcceptRA=no\n"
        yield _unit("laptop.network", _idle(_CABLE, own))
    yield SystemFile(
        "/run/systemd/system/systemd-networkd-wait-online.service.d/edge-lpr.conf",
        f"{MADE}# One way out is enough; a second port may well have no cable.\n"
        "[Service]\nExecStart=\n"
        "ExecStart=/usr/lib/systemd/systemd-networkd-wait-online --any --timeout=60\n",
    )


def _link(network: NetworkSection) -> str:
    """Say which port leads to the agency."""
    if network.port is not None:
        return f"Name={network.port}\n"
    return _CABLE if network.wifi is None else "Type=wlan\n"


def _idle(link: str, own: str) -> str:
    """Return the unit of a port by which the agency is not reached."""
    return f"[Match]\n{link}\n[Link]\nRequiredForOnline=no\n\n[Network]\n{own}"


def _camera_port(camera: CameraPortSection) -> SystemFile:
    """Make the unit of the camera's own port: no router there, for anybody."""
    own = f"{_SILENT}{_ALONE}Address={camera.address}\n"
    # By its name before the others, which take every port that is left.
    return _unit("a-camera.network", _idle(f"Name={camera.port}\n", own))


def _vlan(link: str, name: str, number: int) -> Iterator[SystemFile]:
    """Make a VLAN, and the unit of a cable of which nothing else is used."""
    yield _unit("vlan.netdev", f"[NetDev]\nName={name}\nKind=vlan\n\n[VLAN]\nId={number}\n")
    yield _unit("cable.network", _idle(link, f"{_SILENT}{_ALONE}VLAN={name}\n"))


def _addressing(network: NetworkSection) -> str:
    """Say where the booth's address is from."""
    if network.kind == "dhcp":
        # Both, because an agency's network may have IPv6 alone.
        return f"DHCP=yes\nIPv6AcceptRA=yes\nIPv6PrivacyExtensions=no\n{_DHCP}"
    # Whose address is fixed follows no router that presents itself.
    text = f"IPv6AcceptRA=no\nAddress={network.address}\n"
    if network.gateway is not None:
        text += f"\n[Route]\nGateway={network.gateway}\n"
        if not _is_within(network):
            text += "GatewayOnLink=yes\n"
    return text


def _is_within(network: NetworkSection) -> bool:
    """Return whether the router is in the network of the address."""
    own = ipaddress.ip_interface(network.address or "0.0.0.0/0")
    return ipaddress.ip_address(network.gateway or "") in own.network


def _wifi(wifi: WifiSection) -> Iterator[SystemFile]:
    """Make wpa_supplicant's file, and the rule that starts it for whatever radio there is."""
    # WPA3 alone demands protected management frames, beside WPA2 they are taken where offered.
    methods, protection = ("SAE", 2) if wifi.wpa3_only else ("SAE WPA-PSK WPA-PSK-SHA256", 1)
    passphrase, name = wifi.passphrase.encode(), wifi.name.encode()
    # In hexadecimal, because the program's quotes know no escape: a # or a " would end them. WPA2's
    # key is the passphrase drawn out (IEEE 802.11, J.4).
    key = hashlib.pbkdf2_hmac("sha1", passphrase, name, _ROUNDS, _KEY_BYTES)
    psk = "" if wifi.wpa3_only else f"    psk={key.hex()}\n"
    text = (
        f"{MADE}country={wifi.country}\n"
        "# Both ways of WPA3 to turn a passphrase into a key.\nsae_pwe=2\n"
        "network={\n"
        f"    ssid={name.hex()}\n"
        "    scan_ssid=1\n"
        f"    key_mgmt={methods}\n"
        f"    ieee80211w={protection}\n"
        "    proto=RSN\n    pairwise=CCMP\n    group=CCMP\n"
        f"    sae_password={passphrase.hex()}\n"
        f"{psk}"
        "}\n"
    )
    yield SystemFile(WIFI_FILE, text, is_secret=True)
    yield SystemFile(
        f"{RULES_FOLDER}/{PREFIX}-wifi.rules",
        f'{MADE}SUBSYSTEM=="net", ENV{{DEVTYPE}}=="wlan", TAG+="systemd", '
        'ENV{SYSTEMD_WANTS}+="edge-lpr-wifi@$name.service"\n',
    )


def _modem(lte: LteSection) -> SystemFile:
    """Make what lets the modem's USB device in, and starts what holds its connection."""
    vendor, product = lte.usb_id.split(":")
    device = 'ACTION=="add", SUBSYSTEM=="usb", ENV{DEVTYPE}=='
    return SystemFile(
        f"{RULES_FOLDER}/{PREFIX}-modem.rules",
        f"{MADE}# Untested on hardware. The device with these numbers; no disk or keyboard of it.\n"
        f'{device}"usb_device", ATTR{{idVendor}}=="{vendor}", ATTR{{idProduct}}=="{product}", '
        'ATTR{authorized}="1"\n'
        f'{device}"usb_interface", ATTRS{{idVendor}}=="{vendor}", ATTRS{{idProduct}}=="{product}", '
        'ATTR{bInterfaceClass}!="08", ATTR{bInterfaceClass}!="03", ATTR{authorized}="1", '
        'ATTR{[subsystem/usb]drivers_probe}="%k"\n'
        'SUBSYSTEM=="usbmisc", KERNEL=="cdc-wdm[0-9]*", TAG+="systemd", '
        'ENV{SYSTEMD_WANTS}+="edge-lpr-modem@$name.service"\n',
    )


def _unit(name: str, text: str) -> SystemFile:
    """Return a unit of systemd-networkd."""
    return SystemFile(f"{NETWORK_FOLDER}/{PREFIX}-{name}", f"{MADE}{text}")
