"""What the units of the three processes open, from the drop-ins that the repository has."""

from collections.abc import Iterator
from typing import Final

from edge_lpr.core.errors import InstallationError
from edge_lpr.installation.firewall import Values, fill, read_template
from edge_lpr.installation.model import Installation
from edge_lpr.installation.places import Board, Machine, Places
from edge_lpr.installation.reach import Reach
from edge_lpr.installation.rendered import MADE, SystemFile

UNIT_FOLDER: Final = "/run/systemd/system"

CAMERA_CREDENTIALS: Final = "/run/edge-lpr/camera-credentials"
"""``user:password`` of an RTSP camera, for vision alone; in the one folder of ``/run`` that it
sees."""

_VISION_USER: Final = "edge-lpr-vision"
_CSI: Final[dict[Board, str]] = {"rpi": "csi-rpi", "jetson": "csi-jetson"}


def csi_kind(machine: Machine) -> str | None:
    """Return the settings' word for a board's ribbon cable camera, or ``None`` if it has none.

    Args:
        machine: The booth's.
    """
    return _CSI.get(machine.board)


def require_camera(answers: Installation, machine: Machine) -> None:
    """Refuse a camera that the board cannot have.

    Args:
        answers: The installer's.
        machine: The booth's.

    Raises:
        InstallationError: It is a ribbon cable camera, and the image has no driver for one.
    """
    if answers.camera_kind == "csi" and csi_kind(machine) is None:
        raise InstallationError(
            f"camera = {answers.camera} is for a Raspberry Pi or a Jetson, and this image is "
            f"{machine.board}; write usb or an rtsp:// address, or flash the board's own image"
        )


def process_files(
    answers: Installation, reach: Reach, places: Places, machine: Machine, *, is_sealed: bool
) -> Iterator[SystemFile]:
    """Make the drop-ins of the units.

    Args:
        answers: The installer's; their camera fits the machine.
        reach: Whom the booth may reach.
        places: Where the drop-ins are.
        machine: The booth's.
        is_sealed: Whether the TPM keeps the tokeniser's keys.

    Yields:
        Files below ``/run/systemd/system``, and the camera's login.

    Raises:
        InstallationError: A drop-in is missing in the image.
    """
    yield from _vision_files(answers, places, machine)
    if is_sealed:
        yield _drop_in("tokeniser", "tpm.conf", [], places)
    if reach.broker is not None:
        allowed = reach.broker.addresses
        if not allowed:
            # Known by name alone: its address is the one that the name server says today.
            allowed = ("any",) if reach.name_servers else ("localhost",)
        groups: list[Values] = [{"BROKER_ADDRESS": each} for each in allowed]
        yield _drop_in("publisher", "broker.conf.in", groups, places)


def _vision_files(answers: Installation, places: Places, machine: Machine) -> Iterator[SystemFile]:
    """Make what lets vision have its camera."""
    kind = answers.camera_kind
    if kind == "usb":
        yield _drop_in("vision", "camera.conf", [], places)
    elif kind == "csi":
        yield _drop_in("vision", f"{csi_kind(machine)}.conf", [], places)
    elif kind == "test":
        yield _drop_in("vision", "test.conf", [], places)
    elif answers.camera_place is not None:
        address = answers.camera_place[0]
        yield _drop_in("vision", "rtsp.conf.in", [{"CAMERA_ADDRESS": address}], places)
    if answers.camera_login is not None:
        login = f"{answers.camera_login}\n"
        yield SystemFile(CAMERA_CREDENTIALS, login, is_secret=True, user=_VISION_USER)


def _drop_in(process: str, name: str, groups: list[Values], places: Places) -> SystemFile:
    """Return one drop-in."""
    folder = f"edge-lpr-{process}.service.d"
    template = read_template(places, f"drop-ins/{folder}/{name}")
    text = fill(template, groups)
    return SystemFile(f"{UNIT_FOLDER}/{folder}/{name.removesuffix('.in')}", MADE + text)
