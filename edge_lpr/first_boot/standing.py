"""How far a booth's enrolment is, for the screen: a small file in memory, gone without power.

``edge-lpr first-boot`` writes it as root, ``edge-lpr progress`` reads it as a user of its own. It
holds what the screen shows and nothing else: no ticket, no key.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast, get_args

from edge_lpr.installation.keeping import PUBLIC_MODE, keep

STANDING_FILE: Final = Path("/run/edge-lpr/first-boot/standing.json")
"""Where the file lies on a booth; the unit makes its folder."""

Stage: TypeAlias = Literal[
    "settings",
    "time",
    "keys",
    "service",
    "approval",
    "files",
    "installing",
    "refused",
    "failed",
    "enrolled",
]
"""What is under way: reading the answers, waiting for the time, making keys, waiting for the
authority's service, waiting for the custodian, waiting for his answer as a file, installing it.
``files``, ``refused`` and ``failed`` go on at the next start, ``enrolled`` is the end."""

_MAXIMUM_BYTES: Final = 8192
_MAXIMUM_CHARACTERS: Final = 700
"""Of one text; the longest sentence of a service is cut at 500."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far it is."""

    stage: Stage
    """What is under way."""
    sentence: str = ""
    """What is missing, and what to do."""
    fingerprint: str = ""
    """What is read to the custodian; empty while there is no request."""
    authority: str = ""
    """Fingerprint of the bundle's authority."""


def write_standing(path: Path, standing: Standing) -> None:
    """Write how far it is, whole or not at all.

    Args:
        path: Replaced if it exists.
        standing: What it shall hold.

    Raises:
        InstallationError: It cannot be written.
    """
    keep(path, json.dumps(asdict(standing)).encode(), PUBLIC_MODE)


class StandingTeller:
    """Says how far it is, on the screen and in the journal, whenever that changes."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        """Begin with the installer's answers, and say nothing yet.

        Args:
            path: Of the standing's file.
            say: Takes sentences for the journal.
        """
        self._path = path
        self._say = say
        self._standing = Standing("settings")

    def tell(self, stage: Stage, sentence: str, *, is_said: bool = False) -> None:
        """Say how far it is.

        Args:
            stage: What is under way.
            sentence: What is missing, and what to do.
            is_said: Whether the journal has it already.

        Raises:
            InstallationError: The file cannot be written.
        """
        standing = replace(self._standing, stage=stage, sentence=sentence)
        if standing != self._standing:
            self._standing = standing
            if not is_said:
                self._say(sentence)
            write_standing(self._path, standing)

    def know(self, *, fingerprint: str = "", authority: str = "") -> None:
        """Note what is said beside all that follows.

        Args:
            fingerprint: Of the request; left out if it is known already.
            authority: Fingerprint of the bundle's authority; likewise.
        """
        before = self._standing
        self._standing = replace(
            before,
            fingerprint=fingerprint or before.fingerprint,
            authority=authority or before.authority,
        )


def read_standing(path: Path) -> Standing | None:
    """Return how far it is, or ``None`` where nothing readable says so.

    Args:
        path: As it was written; its texts are cut, and what cannot be printed is left out.
    """
    try:
        with path.open("rb") as file:
            untrusted = json.loads(file.read(_MAXIMUM_BYTES))
        texts = {each.name: printable(untrusted[each.name]) for each in fields(Standing)}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    stage = texts.pop("stage")
    return Standing(cast("Stage", stage), **texts) if stage in get_args(Stage) else None


def printable(untrusted_text: object) -> str:
    """Return what a screen can show of a text: one line of ASCII, cut where it is too long.

    Args:
        untrusted_text: Anything.
    """
    text = str(untrusted_text)[:_MAXIMUM_CHARACTERS]
    return "".join(each if each.isascii() and each.isprintable() else "?" for each in text)
