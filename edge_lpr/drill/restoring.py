"""The thief of a backup: an old copy of the authority's data base, and whatever wrapping keys.

He does not ask the program, which would refuse: he takes the rows and tries every wrapping key on
each of them.
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge_lpr.authority.places import DATA_BASE_FILE
from edge_lpr.authority.wrapping import split
from edge_lpr.core.errors import EdgeLprError
from edge_lpr.drill.loot import Loot
from edge_lpr.tokens.suite1 import KEY_BYTES

_ROWS = "SELECT epoch, purpose, site, wrapped FROM epoch_key"


def add_backup(loot: Loot, backup: Path, wrapping: Path) -> int:
    """Take a backup of the authority and what there is of its wrapping keys.

    Args:
        loot: Gets the files, and every key that opens.
        backup: Copy of the authority's folder.
        wrapping: Copy of the folder of wrapping keys, of whatever day.

    Returns:
        How many token keys opened.
    """
    for file in (*sorted(backup.iterdir()), *sorted(wrapping.iterdir())):
        loot.add_file(file)
    keys = [
        content
        for file in sorted(wrapping.iterdir())
        if len(content := file.read_bytes()) == KEY_BYTES
    ]
    opened = 0
    with closing(sqlite3.connect(backup / DATA_BASE_FILE)) as connection:
        rows = connection.execute(_ROWS).fetchall()
    for epoch, purpose, site, wrapped in rows:
        context = f"edge-lpr epoch key\0{epoch}\0{purpose}\0{site}".encode("ascii")
        for key in keys:
            secret = _unwrapped(key, wrapped, context)
            if secret is None:
                continue
            opened += 1
            if site:
                loot.site.setdefault((site, epoch), set()).add(secret)
            else:
                loot.stretch.setdefault(epoch, set()).add(secret)
    return opened


def _unwrapped(key: bytes, wrapped: bytes, context: bytes) -> bytes | None:
    """Return what a wrapping key opens, ``None`` if it is another one's."""
    with suppress(InvalidTag, EdgeLprError):
        nonce, ciphertext = split(wrapped)
        return AESGCM(key).decrypt(nonce, ciphertext, context)
    return None
