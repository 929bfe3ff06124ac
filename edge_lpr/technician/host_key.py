"""The booth's own SSH key: made at the first start, on the encrypted state partition, and kept.

Written in one step, because ssh-keygen's own file can be cut in half with the power, and a booth
whose key is half a key lets nobody in any more.
"""

from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_ssh_private_key,
)

from edge_lpr.certificates.technician_certificate import fingerprint_of, public_line
from edge_lpr.core.errors import KeyFileMissingError
from edge_lpr.core.secret_file import read_secret_file, write_secret_file
from edge_lpr.core.wipe import wipe

HOST_KEY_FILE: Final = Path("/var/lib/edge-lpr/ssh/host-key")
"""As sshd's settings name it."""

FINGERPRINT_FILE: Final = Path("/run/edge-lpr/ssh-host-key.fingerprint")
"""For the console, so that whoever logs in first can compare."""

_MAXIMUM_BYTES: Final = 4096


def ensure_host_key(path: Path) -> str:
    """Make the key unless there is a sound one.

    Args:
        path: The file; its folder exists.

    Returns:
        Its fingerprint, as ssh shows it.

    Raises:
        KeyFileError: It cannot be read or written.
    """
    key = _read(path)
    if key is None:
        key = Ed25519PrivateKey.generate()
        octets = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        write_secret_file(path, octets)
    return fingerprint_of(public_line(key.public_key()))


def _read(path: Path) -> Ed25519PrivateKey | None:
    """Return the key, or ``None`` if there is none that sshd could use."""
    try:
        content = read_secret_file(path, _MAXIMUM_BYTES)
    except KeyFileMissingError:
        return None
    try:
        key = load_ssh_private_key(bytes(content), None)
    except (ValueError, UnsupportedAlgorithm):
        return None
    finally:
        wipe(content)
    return key if isinstance(key, Ed25519PrivateKey) else None
