"""What is seen of the machine, for the screen: all the input, and no rule.

Read as a user of its own who may see what everybody may: ``booth.toml``, what
``edge-lpr configure`` and ``edge-lpr first-boot`` say, and the service manager.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr import __version__
from edge_lpr.core.clock import Clock, TimeQuality
from edge_lpr.core.errors import SettingsError
from edge_lpr.core.settings import BoothSettings, load_settings
from edge_lpr.first_boot.interfaces import addresses_of_this_machine, has_link
from edge_lpr.first_boot.service_manager import UnitFacts, ask_units
from edge_lpr.first_boot.standing import STANDING_FILE, Standing, printable, read_standing
from edge_lpr.update.records import UpdateRecords

_DISK: Final = "edge-lpr-state"
_CONFIGURE: Final = "edge-lpr-configure"
_VISION: Final = "edge-lpr-vision"
_TOKENISER: Final = "edge-lpr-tokeniser"
_PUBLISHER: Final = "edge-lpr-publisher"
_UNITS: Final = (_DISK, _CONFIGURE, _VISION, _TOKENISER, _PUBLISHER)

_UPDATE_RECORDS: Final = Path("run/edge-lpr-update")
"""The one folder of the state partition that the screen's program sees, read-only; mounted as soon
as the partition is open (``firmware_config/image/fstab``)."""

_SETTINGS: Final = Path("etc/edge-lpr/booth.toml")
_FAULTS: Final = Path("run/edge-lpr-system/faults")
_SSH_KEY: Final = Path("run/edge-lpr/ssh-host-key.fingerprint")
_IMAGE: Final = Path("usr/lib/edge-lpr/image.json")
_MAXIMUM_BYTES: Final = 8192


@dataclass(frozen=True, slots=True)
class Facts:
    """The machine at one moment."""

    version: str
    """Of the image, or of the package where there is none."""
    last_update: str
    """How the last update went; empty before the first one."""
    booth: str
    """Site and device; empty while there are no settings."""
    has_state: bool
    """Whether the encrypted partition is open."""
    faults: tuple[str, ...]
    """What ``edge-lpr configure`` says is wrong."""
    settings_fault: str
    """Why the settings cannot be used; empty if they can."""
    is_sealed: bool
    """Whether the TPM keeps the tokeniser's keys."""
    addresses: tuple[str, ...]
    """IP addresses of this machine."""
    has_link: bool
    """Whether a network cable or radio is connected."""
    time: TimeQuality
    """How far the clock can be believed."""
    standing: Standing | None
    """What ``edge-lpr first-boot`` says."""
    disk: UnitFacts
    configure: UnitFacts
    vision: UnitFacts
    tokeniser: UnitFacts
    publisher: UnitFacts
    ssh_key: str = ""
    """Fingerprint of the booth's own SSH key; empty where nobody can log in."""


def gather(root: Path, clock: Clock) -> Facts:
    """Look at the machine.

    Args:
        root: ``/`` on a booth.
        clock: Tells how far it can be believed.
    """
    settings, fault = _settings(root / _SETTINGS)
    units = ask_units(_UNITS)
    booth = settings.booth if settings is not None else None
    records = root / _UPDATE_RECORDS
    return Facts(
        version=_version(root / _IMAGE),
        last_update=_last_update(records),
        booth="" if booth is None else f"{booth.site}/{booth.device}",
        # Below another root, in a trial, it is a folder.
        has_state=records.is_mount() if root == Path("/") else records.is_dir(),
        faults=tuple(printable(line) for line in _text(root / _FAULTS).splitlines()),
        settings_fault=fault,
        is_sealed=settings is not None and settings.tokeniser.sealing_key_file is not None,
        addresses=addresses_of_this_machine(),
        has_link=has_link(),
        time=clock.quality(),
        standing=read_standing(root / STANDING_FILE.relative_to("/")),
        disk=units[_DISK],
        configure=units[_CONFIGURE],
        vision=units[_VISION],
        tokeniser=units[_TOKENISER],
        publisher=units[_PUBLISHER],
        ssh_key=printable(_text(root / _SSH_KEY).strip()),
    )


def _settings(path: Path) -> tuple[BoothSettings | None, str]:
    """Return the settings, or why they cannot be used."""
    if not path.exists():
        return None, "there are no answers yet: put installation.toml onto the boot partition"
    try:
        return load_settings(path), ""
    except SettingsError as error:
        return None, printable(str(error))


def _last_update(folder: Path) -> str:
    """Return how the last update went, or nothing."""
    attempt = UpdateRecords(folder).attempt()
    return "" if attempt is None else printable(attempt.sentence())


def _version(path: Path) -> str:
    """Return the image's version."""
    try:
        version = json.loads(_text(path))["version"]
    except (ValueError, KeyError, TypeError):
        return __version__
    return printable(version)


def _text(path: Path) -> str:
    """Return a small file's text, or nothing."""
    try:
        with path.open("rb") as file:
            return file.read(_MAXIMUM_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
