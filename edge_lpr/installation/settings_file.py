"""Makes ``booth.toml`` at the first boot, and keeps the lines in step that the answers decide.

Lanes, thresholds and whatever else a technician has set stay as they are, comments and all. So the
file is edited as text; what comes out is read again, and unless exactly the lines that the answers
decide have changed, nothing is written.
"""

import copy
import json
import re
from collections.abc import Mapping
from typing import Any, Final

import tomli

from edge_lpr.core.errors import InstallationError
from edge_lpr.installation.model import Installation
from edge_lpr.installation.places import Machine
from edge_lpr.installation.processes import CAMERA_CREDENTIALS, csi_kind
from edge_lpr.wire.deployment import Deployment

SEALING_KEY_FILE: Final = "/run/credentials/edge-lpr-tokeniser.service/sealing-key"
"""Where systemd puts what the TPM has opened."""

TEST_VIDEO: Final = "/run/edge-lpr-lane/lane.avi"
"""Camera of an emulated booth: a video on a disk of its own."""

_AUTHORITY_FILE: Final = "/etc/edge-lpr/authority.pub"
_TLS_FILES: Final = {
    "tls_ca_file": "/etc/edge-lpr/broker-ca.pem",
    "tls_certificate_file": "/var/lib/edge-lpr/publisher/tls-certificate.pem",
    "tls_key_file": "/var/lib/edge-lpr/publisher/tls-key.pem",
}

HEADER: Final = re.compile(r"\s*\[\[?\s*([A-Za-z_][\w.-]*)\s*\]\]?\s*(?:#.*)?")
"""The line of a section; a line of numbers in an array that spans several begins with a digit."""

Value = str | int | None
"""What a line of the file shall say; ``None`` for what the answers used to say and no longer do."""

Decided = Mapping[tuple[str, str], Value]
"""By section and key."""


def decided_settings(
    answers: Installation, bundle: Deployment | None, machine: Machine, *, is_sealed: bool
) -> Decided:
    """Return what the answers and the bundle decide of the settings.

    Args:
        answers: The installer's; their camera fits the machine.
        bundle: The newest one; without it, tenant and broker are left as they are.
        machine: The booth's.
        is_sealed: Whether the TPM keeps the tokeniser's keys.
    """
    kinds = {"usb": "camera", "csi": csi_kind(machine), "rtsp": "rtsp", "test": "video"}
    address = {"rtsp": answers.camera, "test": TEST_VIDEO}.get(
        answers.camera_kind, str(answers.camera_number)
    )
    decided: dict[tuple[str, str], Value] = {
        ("booth", "site"): answers.site,
        ("booth", "device"): answers.device,
        ("vision.source", "kind"): kinds[answers.camera_kind],
        ("vision.source", "address"): address,
        ("vision.source", "credentials_file"): (
            None if answers.camera_login is None else CAMERA_CREDENTIALS
        ),
        ("tokeniser", "authority_file"): _AUTHORITY_FILE,
        ("tokeniser", "sealing_key_file"): SEALING_KEY_FILE if is_sealed else None,
        ("publisher", "proxy"): answers.network.proxy,
        **{("publisher", key): path for key, path in _TLS_FILES.items()},
    }
    if bundle is not None:
        decided["booth", "tenant"] = bundle.tenant
        decided["publisher", "broker_host"] = bundle.broker_host
        decided["publisher", "broker_port"] = bundle.devices_port
    return decided


def is_sealed_by(untrusted_text: str) -> bool:
    """Return whether settings say that the TPM keeps the tokeniser's keys.

    Args:
        untrusted_text: Of ``booth.toml``.

    Raises:
        InstallationError: They are no TOML.
    """
    tokeniser = _parsed(untrusted_text).get("tokeniser")
    return isinstance(tokeniser, dict) and "sealing_key_file" in tokeniser


def edited(text: str, decided: Decided) -> str:
    """Return settings in which the decided lines say what they shall, and all others are as before.

    Args:
        text: Of ``booth.toml``, or of its template.
        decided: What shall stand there.

    Returns:
        The text; the same one if there is nothing to change.

    Raises:
        InstallationError: It is no TOML, or is laid out so that a line cannot be found; the message
            has the lines to be written.
    """
    before = _parsed(text)
    wanted = _with(before, decided)
    lines = text.splitlines()
    for (section, key), value in decided.items():
        if _value_at(before, section, key) != _value_at(wanted, section, key):
            _set(lines, section, key, value)
    changed = "".join(f"{line}\n" for line in lines)
    try:
        is_right = _parsed(changed) == wanted
    except InstallationError:
        is_right = False
    if not is_right:
        words = [f"{_line(key, value)} in [{section}]" for (section, key), value in decided.items()]
        raise InstallationError(
            "booth.toml is laid out in a way that cannot be kept in step; write in it by hand: "
            + ", ".join(words)
        )
    return text if wanted == before else changed


def _with(document: dict[str, Any], decided: Decided) -> dict[str, Any]:
    """Return what the settings shall say."""
    wanted = copy.deepcopy(document)
    for (section, key), value in decided.items():
        place = wanted
        for name in section.split("."):
            place = place.setdefault(name, {})
            if not isinstance(place, dict):
                raise InstallationError(f"booth.toml: {section} must be a section of its own")
        if value is not None:
            place[key] = value
        elif key not in _MAY_BE_THEIRS or place.get(key) in _MAY_BE_THEIRS[key]:
            place.pop(key, None)
    return wanted


_MAY_BE_THEIRS: Final[Mapping[str, tuple[str, ...]]] = {
    "credentials_file": (CAMERA_CREDENTIALS,),
    "sealing_key_file": (SEALING_KEY_FILE,),
}
"""Keys that a technician may set where the answers do not, and what the answers set."""


def _set(lines: list[str], section: str, key: str, value: Value) -> None:
    """Change, uncomment, add or remove one line of a section."""
    start, end = _section(lines, section)
    assignment = re.compile(rf"\s*(?:# ?)?{key}\s*=(?:\s*(?:\"[^\"]*\"|[0-9]+)(\s*#.*))?")
    found = [number for number in range(start, end) if assignment.match(lines[number])]
    active = [number for number in found if not lines[number].lstrip().startswith("#")]
    if value is None:
        lines[active[0]] = f"# {lines[active[0]]}"
    elif active or found:
        number = (active or found)[0]
        match = assignment.match(lines[number])
        comment = match[1] if match is not None else None
        lines[number] = _line(key, value) + (comment or "")
    else:
        lines.insert(start, _line(key, value))


def _section(lines: list[str], name: str) -> tuple[int, int]:
    """Return where a section's lines begin and end; it is added if it is missing."""
    headers = [
        (number, found[1])
        for number, line in enumerate(lines)
        if (found := HEADER.fullmatch(line)) is not None
    ]
    for place, (number, found_name) in enumerate(headers):
        if found_name == name:
            return number + 1, headers[place + 1][0] if place + 1 < len(headers) else len(lines)
    lines += ["", f"[{name}]"]
    return len(lines), len(lines)


def _line(key: str, value: Value) -> str:
    """Return a line of TOML."""
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"


def _value_at(document: dict[str, Any], section: str, key: str) -> object:
    """Return a value, or ``None`` where there is none."""
    place: Any = document
    for name in section.split("."):
        place = place.get(name, {}) if isinstance(place, dict) else {}
    return place.get(key) if isinstance(place, dict) else None


def _parsed(text: str) -> dict[str, Any]:
    """Return what settings say."""
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise InstallationError(
            f"booth.toml is no TOML: {error}; correct it, or remove it to have it made anew"
        ) from error
