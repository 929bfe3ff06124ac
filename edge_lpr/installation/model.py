"""An installer's answers, ``installation.toml``: what differs from booth to booth.

At most five are needed: site, device, camera, and where they are not the usual ones, network and
time server; the ticket is the custodian's. Everything is bounded, nothing is guessed, an unknown
key is refused. The ticket and the passwords have no ``repr``.
"""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from edge_lpr.core.errors import InputRefusedError
from edge_lpr.core.settings import Name
from edge_lpr.installation.network import Answers, NetworkSection
from edge_lpr.installation.words import MAXIMUM_PORT, Host, UpdateUrl, is_address
from edge_lpr.wire.ticket import read_ticket_code, ticket_code

INSTALLATION_FILE_NAME: Final = "installation.toml"
"""Name of the file everywhere."""

MAXIMUM_INSTALLATION_BYTES: Final = 16_384
"""The longest that ``dump_installation`` writes has a third of this."""

RTSP_PORT: Final = 554
"""Of a camera whose address names none (RFC 7826)."""

CameraKind = Literal["usb", "csi", "rtsp", "test"]

_CAMERA: Final = re.compile(r"(usb|csi)(?::([0-9]|[1-5][0-9]|6[0-3]))?|test")
_RTSP: Final = re.compile(
    r"rtsp://(?P<host>[0-9.]{7,15}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/[\x21-\x3f\x41-\x7e]*)?"
)
_CAMERA_LOGIN: Final = re.compile(r"[\x21-\x39\x3b-\x7e]{1,64}:[\x20-\x7e]{0,128}")


def _camera(text: str) -> str:
    """Accept one of the kinds of camera."""
    if "@" in text:
        raise ValueError("must not hold a password; write camera_login = user:password")
    found = _RTSP.fullmatch(text)
    port = int(found["port"] or RTSP_PORT) if found else 0
    is_network_camera = found is not None and is_address(found["host"].strip("[]"))
    if _CAMERA.fullmatch(text) or (is_network_camera and 1 <= port <= MAXIMUM_PORT):
        return text
    raise ValueError(
        "must be usb, usb:1, csi, csi:1, test, or like rtsp://10.0.0.5:554/lane with the camera's "
        "address in numbers"
    )


def _camera_login(text: str) -> str:
    """Accept a user and his password."""
    if not _CAMERA_LOGIN.fullmatch(text):
        raise ValueError("must be like user:password, without accents")
    return text


def _ticket(text: str) -> str:
    """Accept a ticket as people type it."""
    try:
        return ticket_code(read_ticket_code(text))
    except InputRefusedError as error:
        raise ValueError(f"is no ticket: {error}") from None


class Installation(Answers):
    """The whole of ``installation.toml``."""

    site: Name
    """The crossing; tokens of two sites cannot be linked."""
    device: Name
    """This booth, unique within the site."""
    camera: Annotated[str, Field(max_length=512), AfterValidator(_camera)]
    """``usb`` or ``usb:N``, ``csi`` or ``csi:N``, an RTSP address in numbers, or ``test``: the
    video on an emulated booth's disk, which runs under test keys alone."""
    camera_login: Annotated[str, AfterValidator(_camera_login)] | None = Field(
        default=None, repr=False
    )
    """``user:password`` of an RTSP camera."""
    ticket: Annotated[str, Field(max_length=64), AfterValidator(_ticket)] | None = Field(
        default=None, repr=False
    )
    """From the key custodian; ``None`` once it is used, or where the booth enrols by files."""
    time_server: Host | None = None
    """Who tells the time; ``None`` for nobody."""
    update_url: UpdateUrl | None = None
    """Where the next system is fetched; ``None`` where it is brought over the cable."""
    update_gate_s: int = Field(default=600, ge=60, le=3600)
    """How long a new system may take to show that it works before the booth goes back."""
    metrics: bool = False
    """Whether the booth shows how it is at its own loopback address, for Prometheus."""
    network: NetworkSection = NetworkSection()
    """How the booth reaches the agency."""

    @property
    def camera_kind(self) -> CameraKind:
        """What sort of camera it is."""
        kinds: dict[str, CameraKind] = {"usb": "usb", "csi": "csi", "test": "test"}
        return kinds.get(self.camera.partition(":")[0], "rtsp")

    @property
    def camera_number(self) -> int:
        """Which one of its sort, from 0; 0 for those that have no number."""
        number = self.camera.partition(":")[2]
        return int(number) if number.isdigit() else 0

    @property
    def camera_place(self) -> tuple[str, int] | None:
        """Numeric address and port of an RTSP camera; ``None`` for others."""
        found = _RTSP.fullmatch(self.camera)
        return (found["host"].strip("[]"), int(found["port"] or RTSP_PORT)) if found else None

    @model_validator(mode="after")
    def _what_must_fit(self) -> "Installation":
        """Refuse a login for a camera that has none, and names that nobody could be asked for."""
        if self.camera_login is not None and self.camera_kind != "rtsp":
            raise ValueError("has camera_login, which only an rtsp:// camera needs")
        if self.network.camera is not None and self.camera_kind != "rtsp":
            raise ValueError("has network.camera, which only an rtsp:// camera needs")
        named = self.time_server is not None and not is_address(self.time_server)
        may_ask = self.network.kind == "dhcp" or self.network.name_servers
        if named and not may_ask:
            raise ValueError(
                "has a time_server by name; give its address, or network.name_servers too"
            )
        return self
