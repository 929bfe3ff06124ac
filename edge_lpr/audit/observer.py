"""What there is to see at a booth, and which of it is news.

Each fact has a name and details; it is recorded when it is seen first after a start, and when it
has changed. Nothing here is asked of a process that could be busy: files, the kernel, systemd.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from edge_lpr.audit.entry import Details
from edge_lpr.audit.unit_states import UnitState
from edge_lpr.audit.usb_watch import plugged_in
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import SettingsError
from edge_lpr.core.settings import load_settings
from edge_lpr.core.told_to_audit import Told, day_of

Fact: TypeAlias = tuple[str, str, Details]
"""Event, what it is about (its detail ``what`` or ``unit``), and the other details."""

_CAMERA: Final = {
    "camera_delivers": "works",
    "camera_works": "works",
    "camera_silent": "silent",
    "camera_away": "away",
    "camera_frozen": "frozen",
    "camera_dark": "dark",
}
_BROKER: Final = {
    "broker_reached": "reached",
    "broker_unreachable": "unreachable",
    "broker_tls": "not_believed",
    "broker_refuses": "refused",
}
_MAXIMUM_BYTES: Final = 4 * 1024 * 1024
_ABSENT: Final = "absent"
_NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class Places:
    """Where a booth has what is looked at."""

    root: Path = Path("/")
    """Of the file system."""

    @property
    def settings(self) -> Path:
        """The booth's settings."""
        return self.root / "etc/edge-lpr/booth.toml"

    @property
    def image(self) -> Path:
        """What the image says about itself."""
        return self.root / "usr/lib/edge-lpr/image.json"

    @property
    def boot_id(self) -> Path:
        """The kernel's name for this boot."""
        return self.root / "proc/sys/kernel/random/boot_id"

    @property
    def update(self) -> Path:
        """How the last update went."""
        return self.root / "state/update/last-update.json"

    @property
    def usb(self) -> Path:
        """What the kernel has found at USB."""
        return self.root / "sys/bus/usb/devices"

    def digested(self, models: Path) -> Iterator[tuple[str, list[Path]]]:
        """Yield what is recorded by its digest: a word, and the files.

        Args:
            models: Folder of the models.
        """
        etc = self.root / "etc"
        yield "settings", [self.settings]
        yield "lanes", [etc / "edge-lpr/lanes.toml"]
        yield "authority", [etc / "edge-lpr/authority.pub"]
        yield "models", [models / "manifest.json"]
        yield "image", [self.image, self.root / "usr/lib/os-release"]
        yield "firewall", [etc / "nftables.conf", *sorted((etc / "nftables.d").glob("*.nft"))]


class Observer:
    """Knows what was recorded last."""

    def __init__(self, places: Places, clock: Clock, unit_files: Callable[[], str]) -> None:
        """Begin with nothing recorded.

        Args:
            places: Where to look.
            clock: Tells how sure the time is.
            unit_files: Returns the units of the three processes with all their drop-ins.
        """
        self._places = places
        self._clock = clock
        self._unit_files = unit_files
        self._recorded: dict[tuple[str, str], Details] = {}

    def boot(self) -> Details:
        """Return which system was started, and the kernel's name for this start."""
        image = _json(self._places.image)
        boot_id = _text(self._places.boot_id).strip().replace("-", "")
        return {
            "version": str(image.get("version", "unknown")),
            "board": str(image.get("board", "unknown")),
            "boot": boot_id or "unknown",
        }

    def plugged_in(self) -> list[str]:
        """Return vendor and product of what is plugged in at USB."""
        return plugged_in(self._places.usb)

    def news(self, units: Mapping[str, UnitState], told: Told | None = None) -> Iterator[Fact]:
        """Yield each fact that is not recorded yet; a caller calls ``noted`` for each that is.

        Args:
            units: How the processes are.
            told: What the tokeniser tells, if anything.
        """
        for event, what, details in (
            *self._files(),
            *_about_units(units),
            *_about_keys(told),
            *self._others(),
        ):
            if self._recorded.get((event, what)) != details:
                yield event, what, details

    def noted(self, fact: Fact) -> None:
        """Take a fact for recorded: it is on the disk.

        Args:
            fact: Of ``news``.
        """
        event, what, details = fact
        self._recorded[event, what] = details

    def _files(self) -> Iterator[Fact]:
        """Yield the digests of what decides over the booth."""
        for what, paths in self._places.digested(self._models_folder()):
            yield "digest", what, {"sha256": _digest(paths)}
        units = self._unit_files()
        if units:
            yield "digest", "units", {"sha256": hashlib.sha256(units.encode()).hexdigest()}

    def _models_folder(self) -> Path:
        """Return where the models are: the package's own unless the settings say otherwise."""
        try:
            folder = load_settings(self._places.settings).vision.models_folder
        except SettingsError:
            folder = None
        return folder or Path(__file__).parents[1] / "models"

    def _others(self) -> Iterator[Fact]:
        """Yield how sure the clock is, and how the last update went."""
        yield "clock", "quality", {"quality": self._clock.quality().value}
        attempt = _json(self._places.update)
        if attempt:
            version, stage = (str(attempt.get(name, "unknown")) for name in ("version", "stage"))
            yield "update", "last", {"version": version, "stage": stage}


def _about_units(units: Mapping[str, UnitState]) -> Iterator[Fact]:
    """Yield what can be said about processes."""
    for name, unit in units.items():
        if not unit.active:
            continue
        yield "process", name, {"state": unit.active, "restarts": unit.restarts}
        # Before that it is systemd's own process, on its way to giving its rights away.
        if unit.rights and unit.active == "active":
            yield "sandbox", name, _sandbox(unit)
        yield from _said(name, unit)


def _said(name: str, unit: UnitState) -> Iterator[Fact]:
    """Yield what a process says about what is its own business, and nothing of another's."""
    if name == "vision":
        for state in _first_of(unit, _CAMERA):
            yield "camera", name, {"state": state}
    if name == "publisher":
        for state in _first_of(unit, _BROKER):
            yield "broker", name, {"state": state}
    if name == "tokeniser":
        if "keys_until" in unit.said:
            yield "keys", name, {"until": unit.said["keys_until"]}
        elif "keys_absent" in unit.said:
            yield "keys", name, {"until": "none"}


def _about_keys(told: Told | None) -> Iterator[Fact]:
    """Yield which keys the tokeniser holds and which watch-list is in force, by its own word."""
    if told is None:
        return
    held = " ".join(day_of(epoch) for epoch in told.epochs)
    in_force = _NONE if told.in_force is None else day_of(told.in_force)
    yield "epochs", "tokeniser", {"held": held or _NONE, "in_force": in_force}
    if told.listed is not None:
        yield (
            "watch_list",
            "tokeniser",
            {
                "day": day_of(told.listed.epoch),
                "version": told.listed.version,
                "sha256": told.listed.digest.hex() if told.listed.version else _NONE,
            },
        )


def _first_of(unit: UnitState, words: Mapping[str, str]) -> Iterable[str]:
    """Return what a process says of one kind, at most one thing."""
    return [word for saying, word in words.items() if saying in unit.said][:1]


def _sandbox(unit: UnitState) -> Details:
    """Return what the kernel and the unit say that a process may do."""
    rights = unit.rights
    return {
        "capabilities": rights.get("CapEff", "unknown"),
        "bounding": rights.get("CapBnd", "unknown"),
        "seccomp": int(rights.get("Seccomp", "0")),
        "no_new_privileges": int(rights.get("NoNewPrivs", "0")),
        "own_network": int(unit.has_own_network),
    }


def _digest(paths: list[Path]) -> str:
    """Return the SHA-256 over files, each with its name and length before it."""
    digest = hashlib.sha256()
    is_there = False
    for path in paths:
        try:
            with path.open("rb") as file:
                content = file.read(_MAXIMUM_BYTES)
        except OSError:
            continue
        is_there = True
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest() if is_there else _ABSENT


def _text(path: Path) -> str:
    """Return a small file, or nothing."""
    try:
        with path.open("rb") as file:
            return file.read(_MAXIMUM_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _json(path: Path) -> dict[str, object]:
    """Return a file's object, or an empty one."""
    try:
        content = json.loads(_text(path) or "{}")
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
