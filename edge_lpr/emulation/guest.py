"""What an emulated booth gets besides its image: a lane for its camera and, for tests, a way in.

A booth takes no orders from whoever emulates it: its own command line says so
(``systemd.import_credentials=no``). The emulator's copy of the boot partition says otherwise, which
is possible because the boot partition is not signed: who can write it can do anything, see
docs/hardening.md.
"""

from typing import Final

LANE_SERIAL: Final = "edge-lpr-lane"
"""Name of the disk with the lane's pictures."""

LANE_FOLDER: Final = "/run/edge-lpr-lane"
"""Where the booth finds them; ``camera = "test"`` in the installation file."""

PROBE_PORT: Final = "edge-lpr.probe"
"""Name of the serial port by which tests give orders."""

_SETTING: Final = b"set emulator="

_LANE_DEVICE: Final = r"dev-disk-by\x2did-virtio\x2dedge\x2dlpr\x2dlane.device"

LANE_UNIT: Final = f"""\
[Unit]
Description=emulator: the lane's pictures
DefaultDependencies=no
After=systemd-udevd.service {_LANE_DEVICE}
Requires={_LANE_DEVICE}
Before=edge-lpr-vision.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=mkdir -p {LANE_FOLDER}
ExecStart=mount -o ro,nosuid,nodev,noexec /dev/disk/by-id/virtio-{LANE_SERIAL} {LANE_FOLDER}
"""

LANE_DROP_IN: Final = f"""\
[Unit]
Wants=edge-lpr-lane.service
After=edge-lpr-lane.service

[Service]
# Of /run vision sees nothing but its neighbour's socket.
BindReadOnlyPaths={LANE_FOLDER}
"""

_PATIENT_DROP_IN: Final = """\
[Service]
WatchdogSec={watchdog_s}
TimeoutStartSec=10min
"""
"""Loading models took ninety seconds beside other work, which is where systemd gives up."""

_WATCHED: Final = ("vision", "tokeniser", "publisher")
"""Processes whose threads must give signs of life, see ``core.watchdog``."""

PROBE_UNIT: Final = f"""\
[Unit]
Description=emulator: a test's way in
DefaultDependencies=no
After=systemd-udevd.service

[Service]
ExecStart=/usr/bin/python3 -I ${{CREDENTIALS_DIRECTORY}}/probe /dev/virtio-ports/{PROBE_PORT}
LoadCredential=probe:edge-lpr.probe
Restart=always
RestartSec=1
StandardOutput=null
"""

PROBE_PROGRAM: Final = '''\
"""Runs what a test asks for, one JSON object a line each way."""
import json
import subprocess
import sys
import time

while True:
    try:
        port = open(sys.argv[1], "r+b", buffering=0)
        break
    except OSError:
        time.sleep(0.2)
received = b""
while True:
    piece = port.read(65536)
    if not piece:
        time.sleep(0.05)
        continue
    received += piece
    while b"\\n" in received:
        line, received = received.split(b"\\n", 1)
        order = json.loads(line)
        done = subprocess.run(
            ["/bin/sh", "-c", order["command"]],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )
        output = done.stdout.decode(errors="replace")
        answer = {"id": order["id"], "status": done.returncode, "output": output}
        answer = json.dumps(answer).encode() + b"\\n"
        while answer:
            answer = answer[port.write(answer) or 0 :]
'''


def grub_setting(*, probe: bool) -> bytes:
    """Return the first line of the emulator's ``grub/grub.cfg``.

    Args:
        probe: A test may give orders.
    """
    wanted = " systemd.wants=edge-lpr-probe.service" if probe else ""
    return _SETTING + f"'systemd.import_credentials=yes{wanted}'\n".encode()


def without_setting(grub: bytes) -> bytes:
    """Return a ``grub/grub.cfg`` as it was before the emulator changed it.

    Args:
        grub: Of any card, also of one that was emulated before.
    """
    first, _, rest = grub.partition(b"\n")
    return rest if first.startswith(_SETTING) else grub


def credentials(
    *, lane: bool, probe: bool, drop_ins: dict[str, str], watchdog_s: int | None = None
) -> dict[str, str]:
    """Return the system credentials that an emulated booth is given.

    Args:
        lane: There is a disk with the lane's pictures.
        probe: A test's way in.
        drop_ins: Text to be added to units, by the unit's name.
        watchdog_s: How long a process may give no sign of life, in seconds; ``None`` for as long
            as its unit says.

    Returns:
        Content by credential name, see systemd.system-credentials(7).
    """
    given = {}
    added = dict(drop_ins)
    if watchdog_s is not None:
        patient = _PATIENT_DROP_IN.format(watchdog_s=watchdog_s)
        for process in _WATCHED:
            given[f"systemd.unit-dropin.edge-lpr-{process}.service~emulated"] = patient
    if lane:
        given["systemd.extra-unit.edge-lpr-lane.service"] = LANE_UNIT
        given["systemd.unit-dropin.edge-lpr-vision.service~lane"] = LANE_DROP_IN
    if probe:
        given["systemd.extra-unit.edge-lpr-probe.service"] = PROBE_UNIT
        given["edge-lpr.probe"] = PROBE_PROGRAM
    for unit, text in added.items():
        given[f"systemd.unit-dropin.{unit}~test"] = text
    return given
