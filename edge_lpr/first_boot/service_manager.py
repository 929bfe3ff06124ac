"""Asks the service manager how units are, as ``systemctl show`` answers anybody."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from edge_lpr.core.status_words import Saying, read_status

_PROPERTIES: Final = "Id,ActiveState,SubState,ExecMainStatus,StatusText"
_PATIENCE_S: Final = 5.0
_MAXIMUM_CHARACTERS: Final = 16_384


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """How one unit is."""

    name: str
    """Such as ``edge-lpr-vision``."""
    active: str = ""
    """``ActiveState`` of systemd; empty if it does not answer."""
    sub: str = ""
    """``SubState``."""
    exit_status: int = 0
    """How its process ended the last time."""
    said: Mapping[Saying, str] = field(default_factory=dict)
    """What its process says about itself, as far as that is on the list."""

    @property
    def is_active(self) -> bool:
        """Whether it runs, or is being started."""
        return self.active in ("active", "activating")

    @property
    def is_failed(self) -> bool:
        """Whether it has failed, and is not started again at once."""
        return self.active == "failed"

    @property
    def starts_again(self) -> bool:
        """Whether its process has ended and is about to be started again."""
        return self.sub == "auto-restart"

    @property
    def is_over(self) -> bool:
        """Whether it has done what it had to, or has failed."""
        return self.sub in ("exited", "dead", "failed")


def ask_units(names: Sequence[str]) -> Mapping[str, UnitFacts]:
    """Return how units are; those that nobody knows anything of say nothing.

    Args:
        names: Such as ``edge-lpr-vision``: services.
    """
    units = {name: UnitFacts(name) for name in names}
    program = shutil.which("systemctl")
    if program is None:
        return units
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, names of our own
            [program, "show", f"--property={_PROPERTIES}", *(f"{each}.service" for each in names)],
            capture_output=True,
            check=False,
            timeout=_PATIENCE_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return units
    untrusted_text = done.stdout.decode("utf-8", "replace")[:_MAXIMUM_CHARACTERS]
    for block in untrusted_text.split("\n\n"):
        lines = (line.partition("=") for line in block.splitlines())
        values = {name: value for name, is_there, value in lines if is_there}
        name = values.get("Id", "").removesuffix(".service")
        if name in units:
            units[name] = _unit(name, values)
    return units


def _unit(name: str, values: Mapping[str, str]) -> UnitFacts:
    """Return what a unit's properties say."""
    status = values.get("ExecMainStatus", "")
    active = values.get("ActiveState", "")
    # The words of a process that has ended are its last ones: while it is started again they tell
    # how far it came, later they tell of the past.
    is_up = active in ("active", "activating", "deactivating", "reloading")
    said = read_status(values.get("StatusText", ""))
    return UnitFacts(
        name,
        active,
        values.get("SubState", ""),
        int(status) if status.isascii() and status.isdigit() else 0,
        # A replay that has come to its end has done what it had to.
        said if is_up or (active == "inactive" and "replay" in said) else {},
    )
