"""What an installer's answers make of a booth: every file below ``/run``, and nothing written.

A pure function: the same answers, bundle, machine and templates give the same files.
"""

from collections.abc import Iterator

from edge_lpr.installation.firewall import firewall_files
from edge_lpr.installation.model import Installation
from edge_lpr.installation.networkd import network_files
from edge_lpr.installation.places import SYSTEM_FOLDER, Machine, Places
from edge_lpr.installation.processes import process_files
from edge_lpr.installation.reach import Reach
from edge_lpr.installation.rendered import MADE, SystemFile
from edge_lpr.technician.login_files import LOGIN_FOLDER, login_files

METRICS_SWITCH = f"{SYSTEM_FOLDER}/metrics"
"""Where this file is, the units of the metrics start."""

_LOOPBACK = "127.0.0.1 localhost\n::1 localhost\n"


def system_files(
    answers: Installation, reach: Reach, places: Places, machine: Machine, *, is_sealed: bool
) -> tuple[SystemFile, ...]:
    """Make every file below ``/run``.

    Args:
        answers: The installer's.
        reach: Whom the booth may reach, by these answers.
        places: Where the templates are.
        machine: The booth's.
        is_sealed: Whether the TPM keeps the tokeniser's keys.

    Returns:
        The files, each path once.

    Raises:
        InstallationError: A template is missing, or the board has no such camera.
    """
    return (
        *network_files(answers.network, is_laptop_wanted=reach.technician_ca is not None),
        *firewall_files(answers, reach, places),
        *process_files(answers, reach, places, machine, is_sealed=is_sealed),
        *_name_files(reach),
        *_time_files(reach),
        *_login_files(answers, reach),
        *_metrics_files(answers),
    )


def _name_files(reach: Reach) -> Iterator[SystemFile]:
    """Make what turns names into numbers."""
    known = [f"{address} {name}\n" for name, each in reach.hosts.items() for address in each]
    yield SystemFile(f"{SYSTEM_FOLDER}/hosts", "".join([MADE, _LOOPBACK, *known]))
    asked = reach.name_servers if reach.is_name_asked else ()
    # Without a line the C library asks this machine, where nobody answers.
    text = "".join(f"nameserver {address}\n" for address in asked)
    yield SystemFile(f"{SYSTEM_FOLDER}/resolv.conf", MADE + text)


def _time_files(reach: Reach) -> Iterator[SystemFile]:
    """Make what systemd-timesyncd is told beside its own settings."""
    if reach.time is not None:
        servers = " ".join(reach.time.addresses or (reach.time.host,))
        path = "/run/systemd/timesyncd.conf.d/70-booth.conf"
        yield SystemFile(path, f"{MADE}[Time]\nNTP={servers}\n")


def _login_files(answers: Installation, reach: Reach) -> Iterator[SystemFile]:
    """Make what sshd is told."""
    files = login_files(reach.technician_ca, answers.site, answers.device)
    for name, text in files.items():
        yield SystemFile(f"{LOGIN_FOLDER}/{name}", text)


def _metrics_files(answers: Installation) -> Iterator[SystemFile]:
    """Switch the metrics on."""
    if answers.metrics:
        yield SystemFile(METRICS_SWITCH, MADE)
