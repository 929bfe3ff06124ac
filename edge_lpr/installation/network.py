"""How a booth is on the network: what stands in the section ``[network]`` of the answers."""

import ipaddress
import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from edge_lpr.installation.words import Address, InterfaceAddress, ProxyUrl

MOST_NAME_SERVERS: Final = 3
"""As many as the C library asks."""

_WIFI_NAME_BYTES: Final = 32
_PASSPHRASE: Final = re.compile(r"[\x20-\x7e]{8,63}")
_PORT: Final = re.compile(r"[a-z][a-z0-9_.-]{0,14}")
_APN: Final = re.compile(r"[0-9A-Za-z.-]{1,100}")
_LOGIN: Final = re.compile(r"[0-9A-Za-z!#$%&()*+./:;<>?@^_{|}~-]{1,64}")


class Answers(BaseModel):
    """A section of answers: frozen, nothing in it that is not named, and no value in an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


def _matching(pattern: re.Pattern[str], sentence: str) -> AfterValidator:
    """Return what refuses texts that do not match, with a sentence that does not quote them."""

    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(sentence)
        return text

    return AfterValidator(check)


def _wifi_name(text: str) -> str:
    """Refuse a name that no access point can have."""
    if not 1 <= len(text.encode()) <= _WIFI_NAME_BYTES or not text.isprintable():
        raise ValueError("must be the name of the Wi-Fi, 1 to 32 bytes")
    return text


Port = Annotated[str, _matching(_PORT, "must be the name of a port, such as eth0 or enp1s0")]
"""Name of a network port, as the kernel has it."""


class WifiSection(Answers):
    """Wi-Fi in place of the cable: WPA2 or WPA3 with a passphrase, never less."""

    name: Annotated[str, AfterValidator(_wifi_name)]
    """Its name (SSID)."""
    passphrase: Annotated[
        str,
        _matching(_PASSPHRASE, "must have 8 to 63 characters without accents"),
    ] = Field(repr=False)
    """Its passphrase."""
    country: Annotated[
        str, _matching(re.compile("[A-Z]{2}"), "must be two capitals, such as BR or US")
    ]
    """Where the booth stands; decides which channels may be used."""
    wpa3_only: bool = False
    """Whether an access point that offers WPA2 alone is refused; where all have WPA3, it should."""


class LteSection(Answers):
    """A modem in place of the cable. Untested on hardware."""

    apn: Annotated[str, _matching(_APN, "must be the access point's name, from the operator")]
    """Access point name."""
    usb_id: Annotated[
        str,
        _matching(
            re.compile("[0-9a-f]{4}:[0-9a-f]{4}"),
            "must be like 2c7c:0125, as lsusb shows the modem",
        ),
    ]
    """Vendor and product of the modem, the one USB device besides hubs and cameras that gets in."""
    pin: Annotated[str, _matching(re.compile("[0-9]{4,8}"), "must have 4 to 8 digits")] | None = (
        Field(default=None, repr=False)
    )
    """PIN of the card; left out if it asks for none."""
    user: (
        Annotated[
            str,
            _matching(
                _LOGIN, "may have 1 to 64 characters without accents, spaces, commas and quotes"
            ),
        ]
        | None
    ) = None
    """Login, where the operator wants one."""
    password: (
        Annotated[
            str,
            _matching(
                _LOGIN, "may have 1 to 64 characters without accents, spaces, commas and quotes"
            ),
        ]
        | None
    ) = Field(default=None, repr=False)
    """Likewise."""


class CameraPortSection(Answers):
    """A port of its own for a camera on a network, so that it shares no cable with anybody."""

    port: Port
    """Such as ``eth1``."""
    address: InterfaceAddress
    """The booth's own there, such as ``10.0.0.1/24``."""


class NetworkSection(Answers):
    """How the booth reaches the agency. Left out: DHCP on every wired port."""

    kind: Literal["dhcp", "static"] = "dhcp"
    """Where the booth's address is from, on cable, VLAN or Wi-Fi; a modem's is the operator's."""
    port: Port | None = None
    """The one port that is used; every wired one if left out."""
    address: InterfaceAddress | None = None
    """The booth's own, of kind ``static``."""
    gateway: Address | None = None
    """The router, of kind ``static``; left out where broker and time are in the same network."""
    name_servers: Annotated[tuple[Address, ...], Field(max_length=MOST_NAME_SERVERS)] = ()
    """Whom the booth asks for names, and nobody else; none: it asks nobody."""
    vlan: int | None = Field(default=None, ge=1, le=4094)
    """Number of the VLAN that the cable carries (IEEE 802.1Q)."""
    proxy: ProxyUrl | None = None
    """An HTTP proxy (CONNECT) between the booth and broker, enrolment and updates."""
    wifi: WifiSection | None = None
    lte: LteSection | None = None
    camera: CameraPortSection | None = None

    @model_validator(mode="after")
    def _static_has_an_address(self) -> "NetworkSection":
        """Refuse an address without the kind, the kind without an address, and a lost gateway."""
        if self.kind == "static" and self.address is None:
            raise ValueError("needs address = , such as 192.0.2.10/24, with kind = static")
        if self.kind == "dhcp" and (self.address is not None or self.gateway is not None):
            raise ValueError("has address or gateway, which need kind = static")
        if self.address is not None and self.gateway is not None:
            own, gateway = ipaddress.ip_interface(self.address), ipaddress.ip_address(self.gateway)
            # A router's link-local address is on every network.
            if gateway == own.ip or not (gateway in own.network or gateway.is_link_local):
                raise ValueError("must have its gateway in the network of its address")
        return self

    @model_validator(mode="after")
    def _there_is_one_way(self) -> "NetworkSection":
        """Refuse answers that contradict each other."""
        if self.wifi is not None and self.lte is not None:
            raise ValueError("may have wifi or lte, not both")
        if self.vlan is not None and (self.wifi is not None or self.lte is not None):
            raise ValueError("may have a vlan on a cable only, not with wifi or lte")
        if self.lte is not None and (self.kind == "static" or self.port is not None):
            raise ValueError("gets its address from the operator with lte; leave kind and port out")
        if self.camera is not None and self.camera.port == self.port:
            raise ValueError("must have another port for the camera")
        return self
