"""Says what machine the figures are of, so that those of two boards can be compared."""

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Final

from edge_lpr import __version__
from edge_lpr.bench.figures import MEBIBYTE

_LIBRARIES: Final = ("numpy", "opencv-python-headless", "onnxruntime", "torch")
"""What the time depends on."""

_BOARD_FILE: Final = Path("/proc/device-tree/model")
_PROCESSORS_FILE: Final = Path("/proc/cpuinfo")
_GOVERNOR_FILE: Final = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def describe_machine() -> dict[str, str | int | float]:
    """Describe this machine.

    Returns:
        Facts by name: board, processor, cores, memory, load, and versions.
    """
    facts: dict[str, str | int | float] = {
        "board": _first_line(_BOARD_FILE) or "unknown",
        "processor": _processor(),
        "architecture": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MEBIBYTE,
        "governor": _first_line(_GOVERNOR_FILE) or "unknown",
        "load_average": round(os.getloadavg()[0], 2),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "edge-lpr": __version__,
    }
    facts.update(_versions())
    return facts


def _versions() -> dict[str, str]:
    """Return the libraries' versions; one that is not installed has none."""
    installed = {
        name: found.version
        for name in _LIBRARIES
        for found in importlib.metadata.distributions(name=name)
    }
    return {name: installed[name] for name in _LIBRARIES if name in installed}


def _processor() -> str:
    """Return the processor's name, as the kernel writes it on x86 and on ARM."""
    try:
        lines = _PROCESSORS_FILE.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "unknown"
    named = dict(line.partition(":")[::2] for line in reversed(lines) if ":" in line)
    facts = {name.strip(): value.strip() for name, value in named.items()}
    part = facts.get("CPU part")
    return facts.get("model name") or (f"ARM part {part}" if part else "unknown")


def _first_line(file: Path) -> str:
    """Return what the kernel says in a file, or nothing if there is none."""
    try:
        words = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return words.strip("\0\n ").split("\n")[0]
