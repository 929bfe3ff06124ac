"""How a modem is connected, and what becomes of what the operator says."""

import pytest

from edge_lpr.core.errors import InstallationError
from edge_lpr.installation.modem import connect, network_unit
from edge_lpr.installation.network import LteSection

# As mbimcli 1.28 prints it.
SAID = """
[/dev/cdc-wdm0] IPv4 configuration available: 'address, gateway, dns, mtu'
     IP [0]: '10.134.203.177/30'
    Gateway: '10.134.203.178'
    DNS [0]: '10.134.224.114'
        MTU: '1500'

[/dev/cdc-wdm0] IPv6 configuration available: 'address, gateway'
     IP [0]: '2001:db8::7/64'
    Gateway: 'fe80::1'
"""


class Modem:
    """Answers as a modem does, and remembers what it was asked."""

    def __init__(self, pin_state: str = "unlocked") -> None:
        self.asked: list[str] = []
        self._pin_state = pin_state

    def ask(self, option: str) -> str:
        self.asked.append(option)
        pin = f"PIN info:\n         PIN state: '{self._pin_state}'\n          PIN type: 'pin1'\n"
        return pin if option == "--query-pin-state" else SAID


def test_operators_addresses_become_the_ports_and_his_name_servers_do_not() -> None:
    lines = network_unit("wwan0", SAID).splitlines()
    assert "Name=wwan0" in lines
    assert [line for line in lines if line.startswith("Address=")] == [
        "Address=10.134.203.177/30",
        "Address=2001:db8::7/64",
    ]
    assert [line for line in lines if line.startswith("Gateway=")] == [
        "Gateway=10.134.203.178",
        "Gateway=fe80::1",
    ]
    assert not any("10.134.224.114" in line for line in lines)


@pytest.mark.parametrize("said", ["", "IP [0]: '999.1.1.1/30'"])
def test_answer_without_an_address_is_told(said: str) -> None:
    with pytest.raises(InstallationError, match="the operator gave"):
        network_unit("wwan0", said)


def test_login_is_given_only_where_the_operator_wants_one() -> None:
    modem = Modem()
    connect(modem.ask, LteSection(apn="agency.example", usb_id="2c7c:0125"))
    assert "--connect=apn='agency.example',ip-type='ipv4v6'" in modem.asked
    lte = LteSection(apn="a", usb_id="2c7c:0125", user="booth", password="xyzzy")  # noqa: S106
    connect(modem.ask, lte)
    assert modem.asked[-2].endswith(",auth='CHAP',username='booth',password='xyzzy'")


@pytest.mark.parametrize(("pin_state", "is_entered"), [("locked", True), ("unlocked", False)])
def test_pin_is_entered_only_where_it_is_asked_for(pin_state: str, *, is_entered: bool) -> None:
    modem = Modem(pin_state)
    connect(modem.ask, LteSection(apn="a", usb_id="2c7c:0125", pin="4711"))
    # Three wrong ones lock a card.
    assert ("--enter-pin=4711" in modem.asked) == is_entered
