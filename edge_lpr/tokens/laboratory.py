"""Tokens at next to no cost, to try attacks on a hundred thousand passages. For the breach drill.

Everything is as in token suite 1 but Argon2's cost, so whoever guesses plates guesses a hundred
times faster or more. That makes these tokens worthless in the field, and nothing in the field can
ask for them: no setting, argument or parameter leads here, and a contract in ``pyproject.toml``
lets nobody but the drill import this file.
"""

from typing import Final

from argon2.low_level import Type, hash_secret_raw

from edge_lpr.tokens.canonical import Octets, require_canonical
from edge_lpr.tokens.suite1 import KEY_BYTES, TokenScope, keyed_fold, salt_of

_PASSES: Final = 1
_MEMORY_KIB: Final = 8
_LANES: Final = 1
"""The least that Argon2 allows."""


def stretch_plate_cheaply(
    canonical: Octets, stretch_key: bytes | bytearray, scope: TokenScope
) -> bytes:
    """Make what ``stretch_plate`` makes, at the laboratory cost: another value.

    Args:
        canonical: Canonical plate, 2 to 12 bytes. Not modified.
        stretch_key: ``K_stretch`` of ``scope.epoch``, 32 bytes. Not modified.
        scope: Its tenant and epoch count; its site does not.

    Returns:
        32 bytes, for ``finish_tokens``.

    Raises:
        PlateRefusedError: ``canonical`` is not in canonical form.
    """
    require_canonical(canonical)
    return hash_secret_raw(
        secret=keyed_fold(canonical, stretch_key),
        salt=salt_of(scope),
        time_cost=_PASSES,
        memory_cost=_MEMORY_KIB,
        parallelism=_LANES,
        hash_len=KEY_BYTES,
        type=Type.ID,
    )
