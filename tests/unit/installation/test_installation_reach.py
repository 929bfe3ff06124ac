"""Whom a booth may reach, and what opens for whom."""

from edge_lpr.installation.firewall import fill
from edge_lpr.installation.model import Installation
from edge_lpr.installation.reach import Service, find_reach
from edge_lpr.installation.reading import parse_installation
from edge_lpr.wire.jws import SigningKey
from tests.support.installed_booth import bundle

KEY = SigningKey.generate()
SERVERS = '[network]\nname_servers = ["192.0.2.53"]\n'


def parsed(more: str = "") -> Installation:
    return parse_installation(f'site = "a"\ndevice = "b"\ncamera = "usb"\n{more}'.encode(), "a")


def test_bundle_gives_numbers_and_nobody_is_asked() -> None:
    reach = find_reach(parsed(f'time_server = "2001:DB8::1"\n{SERVERS}'), bundle(KEY))
    assert reach.broker == Service("broker.example", 8883, ("192.0.2.7", "2001:db8::7"))
    assert reach.enrolment == Service("authority.example", 8443, ("192.0.2.8",))
    assert reach.time == Service("2001:db8::1", 123, ("2001:db8::1",))
    assert reach.updates is None
    assert not reach.is_name_asked
    assert reach.faults == ()


def test_names_in_a_bundle_have_no_case() -> None:
    reach = find_reach(parsed(), bundle(KEY, broker_host="Broker.Example"))
    assert reach.broker is not None
    assert reach.broker.addresses == ("192.0.2.7", "2001:db8::7")


def test_without_a_name_server_a_name_is_not_reached_and_is_told() -> None:
    reach = find_reach(parsed('time_server = "time.example"\n'), bundle(KEY))
    assert reach.is_name_asked
    (fault,) = reach.faults
    assert fault.startswith("time.example is known by name only and is not reached")
    assert reach.notices == ()


def test_behind_a_proxy_only_the_proxy_and_the_clock_are_reached() -> None:
    answers = parsed(
        'time_server = "192.0.2.1"\nupdate_url = "https://updates.example/booths"\n'
        '[network]\nproxy = "http://192.0.2.3:3128"\n'
    )
    # The proxy looks up the names, so that they need no address here.
    reach = find_reach(answers, bundle(KEY, addresses=()))
    proxy = Service("192.0.2.3", 3128, ("192.0.2.3",))
    assert reach.broker == reach.enrolment == reach.updates == proxy
    assert reach.time == Service("192.0.2.1", 123, ("192.0.2.1",))
    assert reach.faults == ()


def test_booth_without_a_bundle_reaches_the_clock_alone() -> None:
    reach = find_reach(parsed('time_server = "192.0.2.1"\n'), None)
    assert reach.services == (Service("192.0.2.1", 123, ("192.0.2.1",)),)


def test_template_line_is_filled_once_for_each_address_and_left_out_without() -> None:
    template = (
        "# @A_ADDRESS@ goes here\n"
        "add element inet edge_lpr broker { @A_ADDRESS@ . @A_PORT@ }\n"
        "add element inet edge_lpr clock { @B_ADDRESS@ }\n"
        "add rule inet edge_lpr camera ip daddr @A_ADDRESS@ accept\n"
    )
    four, six = {"A_ADDRESS": "192.0.2.7", "A_PORT": "1"}, {"A_ADDRESS": "fd00::7", "A_PORT": "1"}
    assert fill(template, [four, six]).splitlines() == [
        "# @A_ADDRESS@ goes here",
        "add element inet edge_lpr broker { 192.0.2.7 . 1 }",
        "add element inet edge_lpr broker6 { fd00::7 . 1 }",
        "add rule inet edge_lpr camera ip daddr 192.0.2.7 accept",
        "add rule inet edge_lpr camera ip6 daddr fd00::7 accept",
    ]
