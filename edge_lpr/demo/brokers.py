"""Chooses and starts the demo's broker, on a free port of loopback."""

import importlib.util
import shutil
import socket
import sys
from dataclasses import dataclass
from typing import Final, Literal

from edge_lpr.core.errors import SettingsError
from edge_lpr.demo.arguments import BrokerChoice
from edge_lpr.demo.children import Child
from edge_lpr.demo.folders import DemoFolders

_HOST: Final = "127.0.0.1"

_SEARCH_PATH_OF_SERVICES: Final = "/usr/sbin:/usr/local/sbin"
"""Debian installs mosquitto where an ordinary user's PATH does not look."""


@dataclass(frozen=True, slots=True)
class EmbeddedBroker:
    """A broker that this demo is going to run."""

    name: Literal["mosquitto", "amqtt"]
    """Which program it is."""
    program: str
    """Path of the program; for amqtt that of Python."""
    mqtt_version: Literal["5", "3.1.1"]
    """Newest version that it speaks."""
    port: int
    """TCP port on loopback."""
    host: str = _HOST
    """Loopback: the demo's broker asks nobody who he is."""


def choose_broker(choice: BrokerChoice) -> EmbeddedBroker:
    """Find a broker on this machine.

    Args:
        choice: ``auto`` takes mosquitto where it is installed, else amqtt.

    Returns:
        The broker, not started.

    Raises:
        SettingsError: There is none; the message says what to install.
    """
    mosquitto = shutil.which("mosquitto") or shutil.which(
        "mosquitto", path=_SEARCH_PATH_OF_SERVICES
    )
    if mosquitto is not None and choice != "amqtt":
        return EmbeddedBroker("mosquitto", mosquitto, "5", _free_port())
    if choice == "mosquitto":
        raise SettingsError(
            "mosquitto is not installed; apt-get install mosquitto, or leave it out"
        )
    if importlib.util.find_spec("amqtt") is None:
        raise SettingsError(
            "there is no broker: apt-get install mosquitto, or pip install 'edge-lpr[demo]'"
        )
    return EmbeddedBroker("amqtt", sys.executable, "3.1.1", _free_port())


def start_broker(broker: EmbeddedBroker, folders: DemoFolders) -> Child:
    """Start a broker; whoever connects finds out when it is ready.

    Args:
        broker: As chosen.
        folders: The demo's folders.

    Returns:
        Its process.
    """
    log_file = folders.logs / "broker.log"
    if broker.name == "amqtt":
        command = (broker.program, "-m", "edge_lpr.demo.broker", str(broker.port))
        return Child("broker", command, log_file)
    configuration = folders.sockets / "mosquitto.conf"
    configuration.write_text(
        f"listener {broker.port} {broker.host}\n"
        "allow_anonymous true\n"
        "persistence false\n"
        # Started by root it would become another user, and no longer end when the demo is killed.
        "user root\n"
        # The default would drop what a consumer has not taken yet after 1,000 messages.
        "max_queued_messages 100000\n",
        encoding="utf-8",
    )
    return Child("broker", (broker.program, "-c", str(configuration)), log_file)


def _free_port() -> int:
    """Ask the kernel for a port; somebody could take it before the broker, and then it says so."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
