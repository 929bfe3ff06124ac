"""Writes an installer's answers as the file that he could have written himself."""

import json
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from edge_lpr.installation.model import Installation

_HEAD: Final = """\
# The answers for one booth: installation.toml, beside deployment.lpr on the card's boot partition.
# The booth takes it over at its next start and removes it here. docs/network.md shows every key.
"""

_COMMENTS: Final[Mapping[str, str]] = {
    "site": "the crossing: a to z, 0 to 9 and -, at most 32",
    "device": "this booth, unique within the site",
    "camera": "usb, usb:1, csi, csi:1, rtsp://10.0.0.5:554/lane, or test",
    "camera_login": "user:password of the camera",
    "ticket": "from the key custodian; removed once it is used",
    "time_server": "who tells the time",
    "update_url": "where the next system is fetched",
    "update_gate_s": "seconds in which a new system must show that it works",
    "metrics": "true: how the booth is, for Prometheus on the booth itself",
    "kind": "dhcp or static",
}
"""What stands behind a key."""


def dump_installation(installation: Installation) -> str:
    """Return the answers as TOML that ``read_installation`` takes for the same.

    Args:
        installation: The answers; ticket and passwords are written out.

    Returns:
        Text with line feeds, without what has its default.
    """
    return _HEAD + "".join(_section(installation, ""))


def _section(section: BaseModel, name: str) -> list[str]:
    """Return the lines of a section, and of those in it."""
    own, inner = [], []
    for key, field in type(section).model_fields.items():
        value = getattr(section, key)
        if not field.is_required() and value == field.default:
            continue
        if isinstance(value, BaseModel):
            inner += _section(value, f"{name}.{key}".removeprefix("."))
        else:
            comment = f" # {_COMMENTS[key]}" if key in _COMMENTS else ""
            own.append(f"{key} = {_value(value)}{comment}\n")
    # Also where all of it is inside: a section of nothing but inner ones needs no line of its own.
    title = [f"\n[{name}]\n"] if name and (own or not inner) else []
    return [*title, *own, *inner]


def _value(value: object) -> str:
    """Return a value as TOML has it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    # A JSON string of ASCII is a TOML string, and so are numbers, true and false; but JSON writes
    # what lies beyond 16 bits as two halves, which TOML refuses.
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("\x7f", "\\u007f")
