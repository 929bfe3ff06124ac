"""Strict base64url without padding: one text for every bytes, one bytes for every text.

Python's decoder skips foreign characters and ignores stray bits at the end, so that several texts
stand for the same bytes; a hash over the text could then be changed without breaking the
signature.
"""

import base64
import re
from typing import Final

from edge_lpr.core.errors import WireError

_ALPHABET: Final = re.compile(rb"[A-Za-z0-9_-]*")


def encode(octets: bytes) -> bytes:
    """Return the base64url text of bytes, without padding.

    Args:
        octets: Any bytes.

    Returns:
        ASCII text.

    Source:
        RFC 4648, section 5; padding left out as in RFC 7515, section 2.
    """
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def decode(untrusted_text: bytes) -> bytes:
    """Return the bytes of a base64url text.

    Args:
        untrusted_text: ASCII text; the caller has bounded its length.

    Returns:
        The bytes.

    Raises:
        WireError: The text holds padding or another foreign character, has an impossible length,
            or is not the one that ``encode`` gives.
    """
    if not _ALPHABET.fullmatch(untrusted_text) or len(untrusted_text) % 4 == 1:
        raise WireError("a part is no base64url; the sender must leave out padding")
    octets = base64.urlsafe_b64decode(untrusted_text + b"=" * (-len(untrusted_text) % 4))
    if encode(octets) != untrusted_text:
        raise WireError("a base64url part has stray bits at its end; the sender must clear them")
    return octets
