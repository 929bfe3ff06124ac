"""Has a board's TPM forgive power cuts quickly, once, before it seals anything.

A TPM that loses its power without being told counts that as an attempt to guess a secret, and after
some (3 to 32) it opens nothing for a while: ten minutes to a day. That is for passwords of people.
What a booth seals has 256 random bits, which nobody guesses, and its power goes whenever somebody
wants it to: without this, whoever has the switch could close the booth.

``firmware_config/image/open-state`` runs ``python -m edge_lpr.first_boot.tpm_patience``.
"""

import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import KeyFileError

MAXIMUM_TRIES: Final = 32
"""So many power cuts may come close after each other."""

RECOVERY_S: Final = 10
"""Seconds of power after which one of them is forgotten; a start takes longer."""

_DEVICE: Final = Path("/dev/tpmrm0")
_PARAMETERS: Final = 0x0000_013A
_LOCKOUT: Final = 0x4000_000A
_PASSWORD_SESSION: Final = 0x4000_0009
_WITH_SESSIONS: Final = 0x8002
"""The command, whose hierarchy it is for, and the empty password that a new TPM has for it.

Source: TPM 2.0 Library, part 2, tables 12 and 28; part 3, TPM2_DictionaryAttackParameters.
"""

_HEADER: Final = struct.Struct(">HII")
_MAXIMUM_ANSWER: Final = 4_096


def be_patient(exchange: Callable[[bytes], bytes]) -> None:
    """Tell the TPM how many attempts it bears, and how fast it forgets one.

    Args:
        exchange: Sends it a command and returns its answer.

    Raises:
        KeyFileError: It refuses: somebody has given it a password for this, or it is closed.
    """
    session = struct.pack(">IHBH", _PASSWORD_SESSION, 0, 0, 0)
    body = struct.pack(">II", _LOCKOUT, len(session)) + session
    body += struct.pack(">III", MAXIMUM_TRIES, RECOVERY_S, RECOVERY_S)
    answer = exchange(_HEADER.pack(_WITH_SESSIONS, _HEADER.size + len(body), _PARAMETERS) + body)
    code = _HEADER.unpack_from(answer)[2] if len(answer) >= _HEADER.size else None
    if code != 0:
        said = "nothing" if code is None else f"0x{code:x}"
        raise KeyFileError(
            f"the TPM answers {said} and keeps its own way with power cuts; after many of them it "
            "may stay closed for a while (docs/custody.md)"
        )


def _by_device(command: bytes) -> bytes:
    """Exchange with this board's TPM."""
    descriptor = os.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.write(descriptor, command)
        return os.read(descriptor, _MAXIMUM_ANSWER)
    finally:
        os.close(descriptor)


def main() -> int:
    """Do it for this board.

    Returns:
        0, or 1 if it could not be done; then a sentence says why, and sealing works all the same.
    """
    try:
        be_patient(_by_device)
    except (OSError, KeyFileError) as error:
        sys.stderr.write(f"edge-lpr: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
