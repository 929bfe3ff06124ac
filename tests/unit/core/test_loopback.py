"""Only what stays on this machine may go without TLS."""

import pytest

from edge_lpr.core.loopback import is_loopback


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback_address_is_this_machine(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize(
    "address", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "localhost", ""]
)
def test_other_address_and_every_name_is_another_machine(address: str) -> None:
    assert not is_loopback(address)
