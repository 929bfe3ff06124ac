"""The suite in an emulated booth: vision's own unit in its own system, and what is plugged in.

The lane's disk carries the packed suite (``pack_suite``) beside the lane.
"""

import json
import re
import time
from pathlib import Path
from typing import Any, Final

from edge_lpr.emulation.guest import LANE_FOLDER
from edge_lpr.emulation.machine import EmulatedBooth

SUITE_NAME: Final = "suite.pyz"
"""Name of the packed suite in the lane's folder."""

USB_DEVICES: Final = {
    "stick": {"driver": "usb-storage", "drive": "stick"},
    "keyboard": {"driver": "usb-kbd"},
    "network adapter": {"driver": "usb-net", "netdev": "cable"},
}
"""What is plugged in, by what a person would call it."""

_STICK_BYTES: Final = 8 << 20
_SEEN_S: Final = 5
_RESULTS: Final = "/run/edge-lpr-escape-results.json"
_PATIENCE_S: Final = 600
_LOOK: Final = (
    "ls /sys/class/block /sys/class/net /sys/class/input; "
    "cat /proc/bus/input/devices; ls /sys/bus/usb/devices"
)


def run_judge(booth: EmulatedBooth, *options: str) -> dict[str, Any]:
    """Run the judge in a booth whose tokeniser is up; return its results.

    Args:
        booth: Running, with a probe and the suite on the lane's disk.
        options: Further words for the judge, as ``--no-control``.

    Raises:
        RuntimeError: The judge did not come to an end.
    """
    words = " ".join((f"{LANE_FOLDER}/{SUITE_NAME}", "judge", "--results", _RESULTS, *options))
    _, said = booth.run(f"/opt/edge-lpr/bin/python {words}", _PATIENCE_S)
    status, results = booth.run(f"cat {_RESULTS}")
    if status != 0:
        raise RuntimeError(f"the judge did not come to an end: {said}")
    found = json.loads(results)
    assert isinstance(found, dict)
    return found


def plug_in(booth: EmulatedBooth, folder: Path) -> dict[str, dict[str, str]]:
    """Plug a stick, a keyboard and a network adapter into a booth, one after the other.

    Args:
        booth: Running, with a probe, and done with its start: what comes up meanwhile would be
            taken for something that was plugged in.
        folder: Where the stick's content is made.

    Returns:
        For each what the kernel says that it is (``seen``), and what the booth has of it: new block
        devices, network cards, and inputs; empty if it has nothing.
    """
    stick = folder / "stick.img"
    stick.write_bytes(bytes(_STICK_BYTES))
    place = {"driver": "file", "filename": str(stick)}
    booth.qmp("blockdev-add", **{"node-name": "stick", "driver": "raw", "file": place})
    booth.qmp("netdev_add", type="user", id="cable")
    found: dict[str, dict[str, str]] = {}
    for name, device in USB_DEVICES.items():
        before = set(booth.run(_LOOK)[1].splitlines())
        identity = "plugged-" + name.split()[0]
        booth.qmp("device_add", id=identity, bus="usb.0", **device)
        time.sleep(_SEEN_S)
        after = set(booth.run(_LOOK)[1].splitlines())
        new = sorted(line.strip() for line in after - before)
        usb = [line for line in new if re.fullmatch(r"\d+-\d+(\.\d+)*", line)]
        allowed = booth.run("cat " + " ".join(f"/sys/bus/usb/devices/{u}/authorized" for u in usb))
        found[name] = {
            "seen": " ".join(usb),
            "authorized": " ".join(allowed[1].split()) if usb else "",
            "has": " ".join(line for line in new if line not in usb),
        }
        booth.qmp("device_del", id=identity)
    return found
