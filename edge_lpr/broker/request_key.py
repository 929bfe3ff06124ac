"""A consumer's key for requests: the private half in a file, the public half in one line.

The line goes into ``publisher.consumers_file`` of the booths that the consumer may ask.
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from edge_lpr.core.errors import SettingsError
from edge_lpr.core.secret_file import write_secret_file
from edge_lpr.wire import base64url
from edge_lpr.wire.jws import load_signing_key
from edge_lpr.wire.topics import NAME_PATTERN


def make_request_key(name: str, path: Path) -> str:
    """Write a new key unless there is one, and say how booths get to know it.

    Args:
        name: The consumer's name.
        path: PKCS #8 in PEM, which every JOSE library reads too; for its owner alone.

    Returns:
        The line, without an end: the name, a space, and the public key in base64url.

    Raises:
        SettingsError: The name is none.
        KeyFileError: The file is there and holds no such key, or cannot be written.
    """
    if NAME_PATTERN.fullmatch(name) is None:
        raise SettingsError(f"a consumer's name must have the form {NAME_PATTERN.pattern}")
    if not path.exists():
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_secret_file(path, pem)
    public_key = load_signing_key(path).public_key
    return f"{name} {base64url.encode(public_key.octets).decode()}"
