"""What stands in the files of the network."""

import pytest

from edge_lpr.installation.networkd import network_files
from edge_lpr.installation.reading import parse_installation


def rendered(network: str, *, is_laptop_wanted: bool = False) -> dict[str, str]:
    text = f'site = "a"\ndevice = "b"\ncamera = "usb"\n{network}'
    answers = parse_installation(text.encode(), "answers")
    files = network_files(answers.network, is_laptop_wanted=is_laptop_wanted)
    return {file.path.rpartition("/")[2]: file.text for file in files}


def wifi(name: str, passphrase: str, *, wpa3_only: bool = False) -> list[str]:
    text = (
        f"[network.wifi]\nname = '{name}'\npassphrase = '{passphrase}'\ncountry = 'BR'\n"
        f"wpa3_only = {str(wpa3_only).lower()}\n"
    )
    return rendered(text)["wpa_supplicant.conf"].splitlines()


def test_dhcp_is_believed_about_address_and_routes_alone() -> None:
    lines = rendered("")["70-edge-lpr-agency.network"].splitlines()
    assert "Type=ether" in lines
    assert "DHCP=yes" in lines
    assert "ClientIdentifier=mac" in lines
    for word in ("UseDNS", "UseNTP", "UseHostname", "UseDomains"):
        assert {line for line in lines if line.startswith(word)} == {f"{word}=no"}
    assert {"LLMNR=no", "MulticastDNS=no", "LinkLocalAddressing=ipv6"} <= set(lines)


def test_who_has_an_address_follows_no_router_that_presents_itself() -> None:
    static = '[network]\nkind = "static"\naddress = "2001:db8::10/64"\ngateway = "fe80::1"\n'
    lines = rendered(static)["70-edge-lpr-agency.network"].splitlines()
    assert "IPv6AcceptRA=no" in lines
    assert not any(line.startswith("DHCP") for line in lines)
    assert lines[-2:] == ["Gateway=fe80::1", "GatewayOnLink=yes"]


def test_vlan_leaves_the_rest_of_the_cable_alone() -> None:
    files = rendered("[network]\nvlan = 4094\n")
    assert "Name=en-vlan4094\nKind=vlan" in files["70-edge-lpr-vlan.netdev"]
    cable = files["70-edge-lpr-cable.network"]
    assert "LinkLocalAddressing=no\nIPv6AcceptRA=no\nVLAN=en-vlan4094" in cable
    assert "Name=en-vlan4094" in files["70-edge-lpr-agency.network"]
    # A name of a port has at most 15 characters.
    assert len("en-vlan4094") <= 15


def test_wpa2_key_is_the_standards() -> None:
    # IEEE 802.11-2016, J.4.2, first test vector.
    lines = wifi("IEEE", "password")
    key = "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"
    assert f"    psk={key}" in lines
    assert f"    ssid={b'IEEE'.hex()}" in lines
    assert "    key_mgmt=SAE WPA-PSK WPA-PSK-SHA256" in lines


def test_signs_in_a_passphrase_end_nothing() -> None:
    passphrase = 'co"rre#ct } horse'  # noqa: S105 - a test's
    lines = wifi("agency", passphrase)
    assert f"    sae_password={passphrase.encode().hex()}" in lines
    assert passphrase not in "\n".join(lines)


def test_wpa3_alone_has_no_key_that_an_older_network_would_take() -> None:
    lines = wifi("agency", "correct horse", wpa3_only=True)
    assert "    key_mgmt=SAE" in lines
    assert "    ieee80211w=2" in lines
    assert not any("psk" in line for line in lines)


def test_modem_gets_in_without_disk_and_keyboard() -> None:
    files = rendered('[network.lte]\napn = "agency.example"\nusb_id = "2c7c:0125"\n')
    rules = files["70-edge-lpr-modem.rules"]
    assert rules.count('=="2c7c"') == rules.count('=="0125"') == 2
    assert 'ATTR{bInterfaceClass}!="08", ATTR{bInterfaceClass}!="03"' in rules
    # The secrets of the card stand in no file but the answers.
    assert "agency.example" not in "".join(files.values())


@pytest.mark.parametrize("is_laptop_wanted", [False, True])
def test_laptop_reaches_the_booth_by_its_cable_only_where_technicians_are_certified(
    *, is_laptop_wanted: bool
) -> None:
    lte = '[network.lte]\napn = "agency.example"\nusb_id = "2c7c:0125"\n'
    assert ("70-edge-lpr-laptop.network" in rendered(lte, is_laptop_wanted=is_laptop_wanted)) == (
        is_laptop_wanted
    )
    agency = rendered("", is_laptop_wanted=is_laptop_wanted)["70-edge-lpr-agency.network"]
    assert ("LinkLocalAddressing=yes" in agency) == is_laptop_wanted
