"""Whether a device's publisher is connected: plain JSON, because the broker sends it for the dead.

Unsigned, so it is a hint for technicians and never a reason to accept or refuse a sighting.
"""

from dataclasses import dataclass
from typing import Final

from edge_lpr.core.errors import WireError
from edge_lpr.wire.bounds import BOOT_PATTERN, require_match
from edge_lpr.wire.claims import ClaimReader, encode_claims

MAXIMUM_STATUS_BYTES: Final = 128
"""The longest status has 46; the rest is room for spaces of other writers."""


@dataclass(frozen=True, slots=True)
class StatusClaims:
    """What a status says."""

    boot: str
    """Boot id of the tokeniser whose sightings are being published, 16 hexadecimal digits."""
    is_online: bool
    """Whether the publisher has a session with the broker."""

    def __post_init__(self) -> None:
        """Refuse a boot id of another form.

        Raises:
            WireError: It is not 16 hexadecimal digits.
        """
        require_match("boot", self.boot, BOOT_PATTERN)


def encode_status(boot: str, *, is_online: bool) -> bytes:
    """Return the payload of a status message.

    Args:
        boot: Boot id, 16 hexadecimal digits.
        is_online: Whether the publisher has a session; False for the Last Will.

    Returns:
        Compact JSON.

    Raises:
        WireError: The boot id has another form.
    """
    claims = StatusClaims(boot, is_online)
    state = "online" if claims.is_online else "offline"
    return encode_claims({"boot": claims.boot, "state": state})


def decode_status(untrusted_payload: bytes) -> StatusClaims:
    """Return what a status message says.

    Args:
        untrusted_payload: Payload as received, of any length.

    Returns:
        The claims, each within its bounds; nobody vouches for them.

    Raises:
        WireError: The payload is too long or none of this contract.
    """
    if len(untrusted_payload) > MAXIMUM_STATUS_BYTES:
        raise WireError(f"a status has at most {MAXIMUM_STATUS_BYTES} bytes")
    reader = ClaimReader(untrusted_payload, "status")
    boot, state = reader.text("boot"), reader.text("state")
    reader.nothing_else()
    if state not in ("online", "offline"):
        raise WireError("'state' of the status must be online or offline")
    return StatusClaims(boot, is_online=state == "online")
