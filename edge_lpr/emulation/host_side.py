"""What a booth reaches over its cable: an agency's authority, its broker, and who listens to it.

Everything is the real thing, started as docs/enrolment.md says: a real Mosquitto with mutual TLS
and the rules that we ship, and ``edge-lpr authority``. Only the key custodian is played: who
emulates a booth approves whatever asks.
"""

import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import EmulationError
from edge_lpr.emulation.machine import HOST_ADDRESS

TENANT: Final = "agency"
SITE: Final = "north-crossing"
DEVICE: Final = "booth-1"
"""The booth's names."""

CONSUMER: Final = "analytics"
"""The name of the consumer."""

_REPOSITORY: Final = Path(__file__).parents[2]
_FINGERPRINT: Final = re.compile(r"^[0-9A-Z]{4}(?:-[0-9A-Z]{4}){4}", re.MULTILINE)
_TICKET: Final = re.compile(r"^[0-9A-Z]{4}(?:-[0-9A-Z]{4}){6}", re.MULTILINE)
_PATIENCE_S: Final = 60.0


class HostSide:
    """Authority and broker on this machine, in one folder."""

    def __init__(self, folder: Path, *, goes_on: bool = False) -> None:
        """Make them anew, or go on with what an earlier run has left; nothing runs yet.

        Args:
            folder: Where everything lies; what an earlier run left there is removed.
            goes_on: It is kept instead: authority, ports, and whoever has enrolled.

        Raises:
            EmulationError: A program is missing, the authority could not be made, or there is no
                earlier run to go on with.
        """
        self.folder = folder
        self.authority = folder / "authority"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        ports = folder / "ports"
        if goes_on:
            self.devices_port, self.consumers_port, self.enrolment_port = _kept_ports(ports)
            return
        self.devices_port, self.consumers_port, self.enrolment_port = _free_ports(3)
        for old in ("authority", "wrapping", "broker"):
            shutil.rmtree(folder / old, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        self._authority(
            *("init", "--tenant", TENANT, "--broker", HOST_ADDRESS),
            *("--devices-port", str(self.devices_port)),
            *("--consumers-port", str(self.consumers_port)),
            *("--enrolment", f"https://{HOST_ADDRESS}:{self.enrolment_port}"),
            *("--wrapping", str(folder / "wrapping")),
        )
        # The consumer calls this machine by another name than the booth does.
        self._authority(
            *("certify-broker", HOST_ADDRESS, "127.0.0.1", "--out", str(folder / "broker")),
        )
        self._authority("certify-consumer", CONSUMER, "--out", str(folder))
        self._write_broker_files()
        ports.write_text(
            f"{self.devices_port} {self.consumers_port} {self.enrolment_port}\n", encoding="ascii"
        )

    @property
    def deployment(self) -> Path:
        """The bundle that the installer is given."""
        return self.authority / "deployment.lpr"

    def start(self) -> None:
        """Start broker and enrolment service.

        Raises:
            EmulationError: One of them does not start.
        """
        self.start_broker()
        serve = [*_EDGE_LPR, "authority", "serve", "--listen", "127.0.0.1"]
        self._start("serve", [*serve, "--folder", str(self.authority)], self.enrolment_port)

    def start_broker(self) -> None:
        """Start the broker."""
        mosquitto = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        if mosquitto is None:
            raise EmulationError("mosquitto is missing: apt-get install mosquitto")
        command = [mosquitto, "-c", str(self.folder / "mosquitto.conf")]
        self._start("mosquitto", command, self.devices_port)

    def stop_broker(self) -> None:
        """Stop the broker, as a network that is away."""
        self._stop("mosquitto")

    def make_ticket(self) -> str:
        """Return a ticket for the booth, of the laboratory's tier and for test keys."""
        names = ("--site", SITE, "--device", DEVICE)
        text = self._authority("ticket", *names, "--tier", "C", "--test-keys")
        found = _TICKET.search(text)
        if found is None:
            raise EmulationError(f"the authority made no ticket: {text}")
        return found[0]

    def approve(self) -> str | None:
        """Approve whatever asks.

        Returns:
            The fingerprint of the booth that was approved, or ``None`` if none asks.
        """
        found = _FINGERPRINT.search(self._authority("requests"))
        if found is None:
            return None
        self._authority("approve", found[0])
        return found[0]

    def subscribe(self, *options: str) -> list[str]:
        """Return the command of a consumer on this machine.

        Args:
            options: More options of ``edge-lpr subscribe``.
        """
        return [
            *(*_EDGE_LPR, "subscribe", "--deployment", str(self.deployment)),
            *("--certificate", str(self.folder / f"{CONSUMER}.crt")),
            *("--key", str(self.folder / f"{CONSUMER}.key"), "--name", CONSUMER),
            *(f"mqtts://127.0.0.1:{self.consumers_port}", *options),
        ]

    def stop(self) -> None:
        """Stop everything."""
        for name in list(self._processes):
            self._stop(name)

    def __enter__(self) -> "HostSide":  # noqa: PYI034 - Self is not in Python 3.10
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def _write_broker_files(self) -> None:
        """Write the rules and the configuration that we ship, changed to this folder's paths."""
        broker = self.folder / "broker"
        rules = self.folder / "access.list"
        rules.write_text(
            f"device {TENANT}/{SITE}/{DEVICE}\nconsumer {CONSUMER} {TENANT} requests\n",
            encoding="utf-8",
        )
        self._edge_lpr("broker", "acl", "--list", str(rules), "--folder", str(broker))
        shipped = _REPOSITORY / "firmware_config" / "broker" / "mosquitto.conf"
        text = shipped.read_text(encoding="utf-8")
        for theirs, ours in (
            ("/etc/mosquitto/edge-lpr", str(broker)),
            ("/var/lib/mosquitto", str(self.folder)),
            ("/run/mosquitto", str(self.folder)),
            ("log_dest syslog", "log_dest stderr"),
            ("listener 8883", f"listener {self.devices_port}"),
            ("listener 8884", f"listener {self.consumers_port}"),
        ):
            text = text.replace(theirs, ours)
        owner = self.folder.owner()
        (self.folder / "mosquitto.conf").write_text(f"{text}user {owner}\n", encoding="utf-8")

    def _authority(self, word: str, *arguments: str) -> str:
        """Run one of the key custodian's commands, and return what it says."""
        return self._edge_lpr("authority", word, "--folder", str(self.authority), *arguments)

    def _edge_lpr(self, *arguments: str) -> str:
        """Run a command of this package, and return what it says."""
        done = subprocess.run(  # noqa: S603 - our own program
            [*_EDGE_LPR, *arguments],
            cwd=_REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise EmulationError(f"edge-lpr {' '.join(arguments[:2])}: {done.stderr.strip()}")
        return done.stdout

    def _start(self, name: str, command: list[str], port: int) -> None:
        """Start a process, and wait until it listens."""
        log_file = self.folder / f"{name}.log"
        with log_file.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own commands
                command, cwd=_REPOSITORY, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._processes[name] = process
        deadline = time.monotonic() + _PATIENCE_S
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                said = log_file.read_text(encoding="utf-8", errors="replace")[-400:]
                raise EmulationError(f"{name} does not start: {said.strip()}")
            time.sleep(0.1)

    def _stop(self, name: str) -> None:
        """End one process."""
        process = self._processes.pop(name)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


_EDGE_LPR: Final = (sys.executable, "-m", "edge_lpr")


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _kept_ports(file: Path) -> list[int]:
    """Return the ports that an earlier run has used: devices', consumers', enrolment's."""
    try:
        return [int(word) for word in file.read_text(encoding="ascii").split()]
    except OSError as error:
        raise EmulationError(f"{file.parent} holds no earlier run to go on with") from error


def _listens(port: int) -> bool:
    """Tell whether somebody listens on a port of this machine."""
    with socket.socket() as trial:
        trial.settimeout(1)
        return trial.connect_ex(("127.0.0.1", port)) == 0
