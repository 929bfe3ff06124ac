"""Finds by experiment which walls stop an attempt: each wall of the unit alone, and none."""

import re
from pathlib import Path
from typing import Final

from tests.escape.helper import Helper
from tests.escape.unit import run_in_unit

_UNIT_FILE: Final = Path("/usr/lib/systemd/system/edge-lpr-vision.service")

OPENED: Final = {
    "PrivateNetwork": "no",
    "IPAddressDeny": "",
    "RestrictAddressFamilies": "",
    "PrivateDevices": "no",
    "DevicePolicy": "auto",
    "PrivateUsers": "no",
    "InaccessiblePaths": "",
    "TemporaryFileSystem": "",
    "BindReadOnlyPaths": "",
    "ReadOnlyPaths": "",
    "NoNewPrivileges": "no",
    "CapabilityBoundingSet": "~",
    "AmbientCapabilities": "",
    "ProtectSystem": "no",
    "ProtectHome": "no",
    "PrivateTmp": "no",
    "PrivateMounts": "no",
    "PrivateIPC": "no",
    "ProtectProc": "default",
    "ProcSubset": "all",
    "ProtectClock": "no",
    "ProtectHostname": "no",
    "ProtectControlGroups": "no",
    "ProtectKernelLogs": "no",
    "ProtectKernelModules": "no",
    "ProtectKernelTunables": "no",
    "LockPersonality": "no",
    "MemoryDenyWriteExecute": "no",
    "RestrictNamespaces": "no",
    "RestrictRealtime": "no",
    "RestrictSUIDSGID": "no",
    "RemoveIPC": "no",
    "SystemCallArchitectures": "",
    "SystemCallFilter": "",
    "LimitCORE": "infinity",
    "KeyringMode": "inherit",
    "NoExecPaths": "",
    "User": "root",
    "Group": "root",
}
"""What opens each wall of the unit."""

_BY_DEFAULT: Final = {
    "FileDescriptorStoreMax": ("0", "8"),
    "KillMode": ("control-group", "process"),
}
"""What a unit need not say, and what opens it."""

_USER: Final = "User"


def walls_of(unit_text: str) -> dict[str, list[str]]:
    """Return the lines of each wall that a unit has, in its order."""
    walls: dict[str, list[str]] = {}
    for line in unit_text.splitlines():
        found = re.match(r"([A-Za-z]+)=", line)
        if found and found[1] in OPENED:
            walls.setdefault(found[1], []).append(line)
    walls |= {name: [f"{name}={shut}"] for name, (shut, _) in _BY_DEFAULT.items()}
    walls[_USER] = [*walls.pop(_USER, []), *walls.pop("Group", [])]
    return walls


def only(unit_text: str, wall: str | None) -> str:
    """Return the lines that leave one wall of the unit, or none."""
    walls = walls_of(unit_text)
    opened = OPENED | {name: value for name, (_, value) in _BY_DEFAULT.items()}
    # Without its budget: forty runs in a row say more than a log may.
    lines = ["LogRateLimitIntervalSec=0", *(f"{name}={value}" for name, value in opened.items())]
    return "\n".join([*lines, *walls.get(wall or "", [])]) + "\n"


def walls_that_stop(helper: Helper) -> dict[str, list[str]]:
    """Return, for each attempt, the walls of which each alone stops it.

    An attempt that fails with no wall at all is not listed: the machine stops it.
    """
    text = _UNIT_FILE.read_text()
    without = run_in_unit(helper, only(text, None))
    possible = tuple(name for name, outcome in without.items() if outcome.succeeded)
    found: dict[str, list[str]] = {name: [] for name in possible}
    for wall in walls_of(text):
        outcomes = run_in_unit(helper, only(text, wall), possible)
        for name in possible:
            if name in outcomes and not outcomes[name].succeeded:
                found[name].append(wall)
    return found
