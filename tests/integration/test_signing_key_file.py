from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from edge_lpr.core.errors import KeyFileError
from edge_lpr.core.secret_file import write_secret_file
from edge_lpr.wire.jws import SigningKey, load_signing_key, write_signing_key


def _pem(
    key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey, protection: KeySerializationEncryption
) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)


def test_written_key_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "event-key"
    key = SigningKey.generate()
    write_signing_key(path, key)
    assert len(path.read_bytes()) == 32
    assert load_signing_key(path).kid == key.kid


def test_key_in_pem_is_read(tmp_path: Path) -> None:
    path = tmp_path / "event-key"
    key = Ed25519PrivateKey.generate()
    write_secret_file(path, _pem(key, NoEncryption()))
    assert load_signing_key(path).kid == SigningKey(key).kid


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda: b"", id="empty"),
        pytest.param(lambda: bytes(31), id="a byte too few"),
        pytest.param(lambda: b"-----BEGIN %s KEY-----\n" % b"PRIVATE", id="cut PEM"),
        pytest.param(
            lambda: _pem(Ed25519PrivateKey.generate(), BestAvailableEncryption(b"x")),
            id="PEM with a passphrase",
        ),
        pytest.param(
            lambda: _pem(ec.generate_private_key(ec.SECP256R1()), NoEncryption()),
            id="key of another algorithm",
        ),
    ],
)
def test_file_without_such_a_key_is_refused(tmp_path: Path, content: Callable[[], bytes]) -> None:
    path = tmp_path / "event-key"
    write_secret_file(path, content())
    with pytest.raises(KeyFileError, match="holds no Ed25519 private key"):
        load_signing_key(path)


def test_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "event-key"
    write_signing_key(path, SigningKey.generate())
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="others can reach it"):
        load_signing_key(path)
