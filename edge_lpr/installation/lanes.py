"""The lanes that a technician has drawn: kept in a file of their own, and put into ``booth.toml``.

A file of their own, because ``booth.toml`` may be made anew; on the state partition, so that they
outlive an update. While it is there it decides; whoever writes lanes by hand removes it.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import tomli
from pydantic import TypeAdapter, ValidationError

from edge_lpr.core.errors import InstallationError
from edge_lpr.core.settings import MAXIMUM_SETTINGS_BYTES, LaneSection, load_settings
from edge_lpr.core.settings_faults import sentences_about
from edge_lpr.installation.keeping import PUBLIC_MODE, keep
from edge_lpr.installation.places import Places
from edge_lpr.installation.settings_file import HEADER

MAXIMUM_LANES: Final = 16
"""As many as the settings take."""

_MAXIMUM_BYTES: Final = 32_768
"""More than sixteen lanes of 32 corners have."""

_DRAWN: Final = (
    "# Drawn on the aim page and kept in lanes.toml; to write lanes here, remove that file."
)
_LANES: Final = TypeAdapter(tuple[LaneSection, ...])


def checked_lanes(untrusted_lanes: bytes) -> tuple[LaneSection, ...]:
    """Return lanes that came as JSON, every number within its range.

    Args:
        untrusted_lanes: A list of what ``[[lanes]]`` holds.

    Raises:
        InstallationError: They are none, too many, or none that the settings take together.
    """
    try:
        lanes = _LANES.validate_json(untrusted_lanes)
    except ValidationError as error:
        raise InstallationError(f"lanes: {sentences_about(error)}") from error
    if not 1 <= len(lanes) <= MAXIMUM_LANES:
        raise InstallationError(f"lanes: there must be 1 to {MAXIMUM_LANES}")
    if len({lane.number for lane in lanes}) < len(lanes):
        raise InstallationError("lanes: two have the same number")
    if len(lanes) > 1 and any(lane.region is None for lane in lanes):
        raise InstallationError("lanes: with more than one, each needs a region")
    return lanes


def lanes_text(lanes: Sequence[LaneSection]) -> str:
    """Return lanes as they stand in a file.

    Args:
        lanes: At least one.
    """
    lines = [_DRAWN]
    for lane in lanes:
        lines += ["[[lanes]]", f"number = {lane.number}", f'direction = "{lane.direction}"']
        if lane.region is not None:
            lines.append(f"region = {_points(lane.region)}")
        if lane.arrow is not None:
            lines.append(f"arrow = {_points(lane.arrow)}")
        lines.append("")
    return "\n".join(lines)


def read_lanes(path: Path) -> tuple[LaneSection, ...]:
    """Return the lanes of a file that ``lanes_text`` has made.

    Args:
        path: The file.

    Raises:
        InstallationError: It cannot be read, is too long, or holds anything else.
    """
    try:
        with path.open("rb") as file:
            untrusted_text = file.read(_MAXIMUM_BYTES + 1)
        if len(untrusted_text) > _MAXIMUM_BYTES:
            raise InstallationError(f"{path}: longer than {_MAXIMUM_BYTES} bytes; remove it")
        document = tomli.loads(untrusted_text.decode())
    except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError, RecursionError) as error:
        raise InstallationError(
            f"{path}: cannot be read; remove it, and draw the lanes again"
        ) from error
    if document.keys() != {"lanes"}:
        raise InstallationError(f"{path}: must hold lanes and nothing else; draw them again")
    return checked_lanes(json.dumps(document["lanes"], default=str).encode())


def with_lanes(text: str, lanes: Sequence[LaneSection]) -> str:
    """Return settings with other lanes, in which all other values are as before.

    Args:
        text: Of ``booth.toml``.
        lanes: What it shall have instead of those that it has.

    Returns:
        The text; the same one if it has these lanes already.

    Raises:
        InstallationError: It is laid out so that its lanes cannot be found.
    """
    try:
        before = tomli.loads(text)
        if _lanes_in(before) == tuple(lanes):
            return text
        changed = _exchanged(text, lanes)
        after = tomli.loads(changed)
        drawn = _lanes_in(after)
    except (tomli.TOMLDecodeError, ValidationError) as error:
        raise InstallationError("booth.toml: makes no sense; remove it, or correct it") from error
    others = [
        {name: document[name] for name in document.keys() - {"lanes"}}
        for document in (before, after)
    ]
    if others[0] != others[1] or drawn != tuple(lanes):
        raise InstallationError(
            "booth.toml is laid out in a way in which its lanes cannot be exchanged; write each "
            "under [[lanes]], one setting a line"
        )
    return changed


def save_lanes(places: Places, lanes: Sequence[LaneSection]) -> None:
    """Keep a booth's lanes for good, and put them into its settings.

    Args:
        places: Where everything is.
        lanes: At least one.

    Raises:
        InstallationError: They cannot be written.
        SettingsError: The settings would not hold with them; nothing is written then.
    """
    put_lanes(places.settings, places.lanes, lanes)


def put_lanes(settings_file: Path, lanes_file: Path, lanes: Sequence[LaneSection]) -> None:
    """Keep lanes in a file of their own, and put them into settings.

    Args:
        settings_file: ``booth.toml``.
        lanes_file: Made, or replaced.
        lanes: At least one.

    Raises:
        InstallationError: They cannot be written.
        SettingsError: The settings would not hold with them; nothing is written then.
    """
    try:
        with settings_file.open("rb") as file:
            text = with_lanes(file.read(MAXIMUM_SETTINGS_BYTES).decode(), lanes)
    except (OSError, UnicodeDecodeError) as error:
        raise InstallationError(f"{settings_file}: cannot be read") from error
    with tempfile.TemporaryDirectory() as folder:
        tried = Path(folder) / settings_file.name
        tried.write_text(text)
        load_settings(tried)
    # In this order: after a power cut in between the next boot puts them into the settings.
    keep(lanes_file, lanes_text(lanes).encode(), PUBLIC_MODE)
    keep(settings_file, text.encode(), PUBLIC_MODE)


def _exchanged(text: str, lanes: Sequence[LaneSection]) -> str:
    """Return settings without the lines of their lanes, and with those of others in their place."""
    kept: list[str] = []
    place: int | None = None
    is_lane = False
    for line in text.splitlines():
        header = HEADER.fullmatch(line)
        if header is not None:
            is_lane = header[1] == "lanes"
        if is_lane:
            place = len(kept) if place is None else place
        elif line != _DRAWN:
            kept.append(line)
    place = len(kept) if place is None else place
    return "\n".join((*kept[:place], lanes_text(lanes), *kept[place:], ""))


def _points(points: Sequence[tuple[float, float]]) -> str:
    """Return points as TOML has them."""
    return "[" + ", ".join(f"[{across!r}, {down!r}]" for across, down in points) + "]"


def _lanes_in(document: Mapping[str, object]) -> tuple[LaneSection, ...]:
    """Return the lanes of a TOML document; by way of JSON, as ``load_settings`` does."""
    return _LANES.validate_json(json.dumps(document.get("lanes", []), default=str))
