"""Which addresses a machine has, and whether anything is plugged in."""

import ipaddress
import json
import shutil
import socket
import subprocess

import pytest

from edge_lpr.first_boot import interfaces


@pytest.mark.skipif(shutil.which("ip") is None, reason="compares with iproute2's ip")
def test_addresses_are_those_that_ip_shows_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    # It needs a kind of socket that the unit has not.
    monkeypatch.delattr(socket, "if_nameindex")
    shown = subprocess.run(["ip", "-json", "address"], capture_output=True, check=True).stdout  # noqa: S607
    theirs = {
        each["local"]
        for link in json.loads(shown)
        for each in link.get("addr_info", [])
        if each["scope"] == "global"
    }
    ours = interfaces.addresses_of_this_machine()
    assert set(ours) <= theirs
    assert bool(ours) == bool(theirs)
    assert not any(ipaddress.ip_address(each).is_loopback for each in ours)
    # Who has an address has a link.
    assert not ours or interfaces.has_link()
