"""The agency of an emulated booth: made anew, or gone on with."""

from pathlib import Path

import pytest

from edge_lpr.core.errors import EmulationError
from edge_lpr.emulation.host_side import HostSide


def test_a_later_run_finds_the_same_authority_at_the_same_ports(tmp_path: Path) -> None:
    made = HostSide(tmp_path)
    bundle = made.deployment.read_bytes()
    ports = (made.devices_port, made.consumers_port, made.enrolment_port)
    again = HostSide(tmp_path, goes_on=True)
    assert (again.devices_port, again.consumers_port, again.enrolment_port) == ports
    assert again.deployment.read_bytes() == bundle
    assert str(again.consumers_port) in " ".join(again.subscribe())
    assert HostSide(tmp_path).deployment.read_bytes() != bundle


def test_there_must_be_an_earlier_run_to_go_on_with(tmp_path: Path) -> None:
    with pytest.raises(EmulationError, match="no earlier run"):
        HostSide(tmp_path, goes_on=True)
