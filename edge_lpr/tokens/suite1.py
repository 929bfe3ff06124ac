"""Token suite 1: from a canonical plate to its two tokens.

Pure: keys come in as arguments, and nothing is read or kept. Custody of the keys is left to
``key_ring``, the choice of the epoch to the tokeniser. Plate text inside is never copied into an
object that cannot be wiped, and what is computed on the way is overwritten too: who finds ``p``
and the key in memory has the plate for a few HMACs, and the stretching was for nothing.

::

    p     = HMAC-SHA256(K_stretch, DST || 01 || lp(fold))
    salt  = SHA-256(DST || 02 || lp(tenant) || u64(epoch))[:16]
    S     = Argon2id(p, salt, t=3, m=64 MiB, p=4, 32 bytes)
    exact = HMAC-SHA256(K_site, DST || 03 || lp(site) || u64(epoch) || S || lp(canonical))[:16]
    fold  = HMAC-SHA256(K_site, DST || 04 || lp(site) || u64(epoch) || S)[:16]
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from argon2.low_level import ARGON2_VERSION, Type, core, error_to_str, ffi

from edge_lpr.core.wipe import wipe, wipe_octets
from edge_lpr.tokens.canonical import Octets, fold_into, require_canonical

KEY_BYTES: Final = 32
"""Length of either key: as long as the output of SHA-256."""

TOKEN_BYTES: Final = 16
"""Length of a token: two in 10^9 plates collide with a chance of 1.5e-21."""

_DST: Final = b"alpr-token/v1"
"""Domain separation tag: no other use of these keys can give a token."""

_ARGON2_PASSES: Final = 3
_ARGON2_MEMORY_KIB: Final = 65_536
_ARGON2_LANES: Final = 4
"""RFC 9106, second recommended option; part of the suite, so never a setting."""

_SALT_BYTES: Final = 16
_MAXIMUM_NAME_BYTES: Final = 255
_MAXIMUM_EPOCH: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class TokenScope:
    """Where and when a token holds; tokens of two scopes cannot be linked."""

    tenant: str
    """The agency: 1 to 255 ASCII characters."""
    site: str
    """The crossing: 1 to 255 ASCII characters."""
    epoch: int
    """Key epoch, days since 1970, not negative."""

    def __post_init__(self) -> None:
        """Refuse what the suite's fixed-width fields cannot hold."""
        for name in (self.tenant, self.site):
            if not (name.isascii() and 1 <= len(name) <= _MAXIMUM_NAME_BYTES):
                msg = f"tenant and site must have 1 to {_MAXIMUM_NAME_BYTES} ASCII characters"
                raise ValueError(msg)
        if not 0 <= self.epoch <= _MAXIMUM_EPOCH:
            msg = f"the epoch must lie in 0..{_MAXIMUM_EPOCH}"
            raise ValueError(msg)


class TokenKeys:
    """The two keys of one epoch. Its ``repr`` shows nothing."""

    __slots__ = ("site_key", "stretch_key")

    def __init__(self, stretch_key: Octets, site_key: Octets) -> None:
        """Copy the keys into memory that ``wipe`` can overwrite.

        Args:
            stretch_key: ``K_stretch`` of the epoch, 32 bytes. Not modified.
            site_key: ``K_site`` of site and epoch, 32 bytes. Not modified.
        """
        if len(stretch_key) != KEY_BYTES or len(site_key) != KEY_BYTES:
            msg = f"token keys have {KEY_BYTES} bytes each"
            raise ValueError(msg)
        self.stretch_key = bytearray(stretch_key)
        self.site_key = bytearray(site_key)

    def wipe(self) -> None:
        """Overwrite both keys; they make no token of any worth afterwards."""
        wipe(self.stretch_key)
        wipe(self.site_key)


@dataclass(frozen=True, slots=True, repr=False)
class TokenPair:
    """The two tokens of one plate. Its ``repr`` shows nothing."""

    exact: bytes
    """16 bytes; equal for equal plates."""
    fold: bytes
    """16 bytes; equal for plates that differ only in characters that readers confuse."""


def make_tokens(canonical: Octets, keys: TokenKeys, scope: TokenScope) -> TokenPair:
    """Make both tokens of a plate.

    Takes 64 MiB and about 0.14 s on a server core, 0.4 s expected on a Raspberry Pi 4, and lets
    other threads run meanwhile.

    Args:
        canonical: Canonical plate, 2 to 12 bytes, exactly as long as the plate. Not modified;
            wiping it is left to the caller.
        keys: Keys of ``scope.epoch`` at ``scope.site``.
        scope: Where and when the tokens hold.

    Returns:
        The tokens. No copy of the plate is left behind.

    Raises:
        PlateRefusedError: ``canonical`` is not in canonical form.

    Source:
        Token suite 1 (docs/decisions/0002); Argon2id: RFC 9106; HMAC: RFC 2104.
    """
    stretched = stretch_plate(canonical, keys.stretch_key, scope)
    try:
        return finish_tokens(stretched, canonical, keys.site_key, scope)
    finally:
        wipe_octets(stretched)


def stretch_plate(canonical: Octets, stretch_key: bytes | bytearray, scope: TokenScope) -> bytes:
    """Make the part of both tokens that costs: once a plate and day, for every site.

    Takes 64 MiB and about 0.14 s on a server core, and lets other threads run meanwhile.

    Args:
        canonical: Canonical plate, 2 to 12 bytes. Not modified; wiping it is left to the caller.
        stretch_key: ``K_stretch`` of ``scope.epoch``, 32 bytes. Not modified.
        scope: Its tenant and epoch count; its site does not.

    Returns:
        ``S``, 32 bytes: who has it has the folded plate, at the price of HMAC guesses.

    Raises:
        PlateRefusedError: ``canonical`` is not in canonical form.
    """
    require_canonical(canonical)
    pseudonym = keyed_fold(canonical, stretch_key)
    try:
        return _stretch(pseudonym, salt_of(scope))
    finally:
        wipe_octets(pseudonym)


def finish_tokens(
    stretched: bytes, canonical: Octets, site_key: bytes | bytearray, scope: TokenScope
) -> TokenPair:
    """Make both tokens of a plate from what ``stretch_plate`` has returned.

    Args:
        stretched: ``S`` of this plate, tenant and epoch.
        canonical: The plate. Not modified.
        site_key: ``K_site`` of ``scope.site`` and ``scope.epoch``, 32 bytes. Not modified.
        scope: Where and when the tokens hold.

    Returns:
        The tokens. No copy of the plate is left behind.
    """
    # In two parts, because joining them would leave a copy of S behind.
    place = _length_prefixed(scope.site) + _u64(scope.epoch)
    length = bytes([len(canonical)])
    return TokenPair(
        exact=_token(_mac(site_key, b"\x03", place, stretched, length, canonical)),
        fold=_token(_mac(site_key, b"\x04", place, stretched)),
    )


def keyed_fold(canonical: Octets, stretch_key: bytes | bytearray) -> bytes:
    """Return ``p``: without the key there is nothing to guess and nothing to precompute."""
    folded = bytearray(len(canonical))
    try:
        fold_into(canonical, folded)
        return _mac(stretch_key, b"\x01", bytes([len(folded)]), folded)
    finally:
        wipe(folded)


def salt_of(scope: TokenScope) -> bytes:
    """Return Argon2's salt: one a deployment and epoch, so that sites share the stretching."""
    text = _DST + b"\x02" + _length_prefixed(scope.tenant) + _u64(scope.epoch)
    return hashlib.sha256(text).digest()[:_SALT_BYTES]


def _stretch(keyed_fold: bytes, salt: bytes) -> bytes:
    """Return ``S``: about 6.6 million times the cost of a guess to whoever stole the keys.

    By the library's low level, because ``hash_secret_raw`` copies what goes in and what comes out
    to memory that it does not overwrite. Argon2 itself does.
    """
    stretched = bytearray(KEY_BYTES)
    context = ffi.new(
        "argon2_context *",
        {
            "version": ARGON2_VERSION,
            "out": ffi.from_buffer("uint8_t[]", stretched),
            "outlen": KEY_BYTES,
            "pwd": ffi.from_buffer("uint8_t[]", keyed_fold),
            "pwdlen": len(keyed_fold),
            "salt": ffi.from_buffer("uint8_t[]", salt),
            "saltlen": len(salt),
            "t_cost": _ARGON2_PASSES,
            "m_cost": _ARGON2_MEMORY_KIB,
            "lanes": _ARGON2_LANES,
            "threads": _ARGON2_LANES,
        },
    )
    try:
        status = core(context, Type.ID.value)
        if status != 0:
            raise MemoryError(f"a token could not be made: {error_to_str(status)}")
        return bytes(stretched)
    finally:
        wipe(stretched)


def _mac(key: bytes | bytearray, *parts: Octets) -> bytes:
    """Return HMAC-SHA256 over the tag and the parts.

    The parts are fed one by one, because joining them would leave a copy of the plate behind.
    """
    mac = hmac.new(key, _DST, "sha256")
    for part in parts:
        mac.update(part)
    return mac.digest()


def _token(digest: bytes) -> bytes:
    """Return the part of a digest that is a token, and overwrite the digest."""
    token = digest[:TOKEN_BYTES]
    wipe_octets(digest)
    return token


def _length_prefixed(name: str) -> bytes:
    """Return ``lp``: one length byte, then the name."""
    return bytes([len(name)]) + name.encode("ascii")


def _u64(number: int) -> bytes:
    """Return a number as eight bytes, most significant first."""
    return number.to_bytes(8, "big")
