"""Who may ask a process how it is: root alone, at a socket that the process cannot make."""

from pathlib import Path

import pytest

from edge_lpr.core.check_words import PROCESSES
from edge_lpr.handoff.diagnosis_desk import DESCRIPTOR_NAME, SOCKET_FOLDER

UNITS = Path(__file__).parents[2] / "systemd"


def lines_of(unit: str) -> list[str]:
    return (UNITS / unit).read_text().splitlines()


@pytest.mark.parametrize("process", PROCESSES)
def test_socket_is_roots_alone_and_is_handed_to_its_process(process: str) -> None:
    lines = lines_of(f"edge-lpr-{process}-diagnosis.socket")
    assert f"ListenSequentialPacket={SOCKET_FOLDER / f'{process}.sock'}" in lines
    assert f"FileDescriptorName={DESCRIPTOR_NAME}" in lines
    assert f"Service=edge-lpr-{process}.service" in lines
    assert {"SocketUser=root", "SocketMode=0600", "Backlog=1"} <= set(lines)
    # Or a parent that systemd makes on the way would shut the processes out of their own folders.
    assert not any(line.startswith("DirectoryMode=") for line in lines)
    assert not any(line.startswith("SocketGroup=") for line in lines)


@pytest.mark.parametrize("process", PROCESSES)
def test_socket_is_there_before_its_process_and_is_enabled_by_nothing_else(process: str) -> None:
    assert f"Sockets=edge-lpr-{process}-diagnosis.socket" in lines_of(f"edge-lpr-{process}.service")
    assert "[Install]" not in lines_of(f"edge-lpr-{process}-diagnosis.socket")
