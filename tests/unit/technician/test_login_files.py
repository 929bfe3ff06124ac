from edge_lpr.technician.login_files import firewall_lines, login_files

CA = "ssh-ed25519 AAAA"


def test_a_booth_is_entered_as_one_of_its_site_or_as_its_own() -> None:
    assert login_files(CA, "north-crossing", "booth-1") == {
        "technician_ca": f"{CA}\n",
        "principals": "technician@north-crossing\ntechnician@north-crossing/booth-1\n",
    }


def test_where_nobody_certifies_technicians_nothing_is_written_and_nothing_opened() -> None:
    assert login_files(None, "north-crossing", "booth-1") == {}
    assert firewall_lines(None, ["192.0.2.0/24"]) == ""


def test_sshd_is_reached_from_the_link_and_from_the_booths_own_networks() -> None:
    lines = firewall_lines(CA, ["192.0.2.0/24", "2001:db8::/64", "192.0.2.0/24"])
    assert lines.splitlines() == [
        "add element inet edge_lpr technicians { 169.254.0.0/16 }",
        "add element inet edge_lpr technicians { 192.0.2.0/24 }",
        "add element inet edge_lpr technicians6 { 2001:db8::/64 }",
        "add element inet edge_lpr technicians6 { fe80::/10 }",
    ]


def test_booth_that_gets_its_address_where_it_stands_is_reached_from_any_on_its_cable() -> None:
    *known, anybody = firewall_lines(CA).splitlines()
    assert known == [
        "add element inet edge_lpr technicians { 169.254.0.0/16 }",
        "add element inet edge_lpr technicians6 { fe80::/10 }",
    ]
    assert anybody.startswith("add rule inet edge_lpr technicians limit rate 6/minute ")


def test_networks_that_hold_each_other_are_named_once() -> None:
    lines = firewall_lines(CA, ["169.254.10.0/24", "fe80::/64", "fe00::/8"])
    assert lines.splitlines() == [
        "add element inet edge_lpr technicians { 169.254.0.0/16 }",
        "add element inet edge_lpr technicians6 { fe00::/8 }",
    ]
