"""The three TLS files are checked against one another, and each fault is named with its file."""

import datetime as dt
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from edge_lpr.certificates.certificate_authority import CertificateAuthority, Validity
from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.errors import EdgeLprError, KeyFileError, KeyFileMissingError, SettingsError
from edge_lpr.core.log import Log
from edge_lpr.publisher.tls_identity import MAXIMUM_PEM_BYTES, TlsFiles, load_identity
from edge_lpr.publisher.tls_renewal import ENDS_SOON_DAYS, LOOK_EVERY_S, TlsRenewal
from edge_lpr.wire.health import BoothFigures
from tests.support.clock import SetClock
from tests.support.session_bench import logged

DAY_S = 86_400


class Files:
    """A folder with three good files."""

    def __init__(self, folder: Path) -> None:
        self.clock = SetClock()
        self.folder = folder
        self.authority = CertificateAuthority.generate("ca", self.clock.now_unix_s)
        self.authority.write(folder, "ca")
        self.tls = TlsFiles(folder / "ca.crt", folder / "own.crt", folder / "own.key", "booth-1")
        self.certify()

    def certify(self, name: str = "booth-1", *, days: int = 30) -> None:
        validity = Validity.days_from(self.clock.now_unix_s, days)
        self.authority.certify_client(name, validity).write(self.folder, "own")

    def encrypt_key(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
        )
        self.tls.key_file.write_bytes(pem)

    def certify_weakly(self) -> None:
        """Certify a key that TLS libraries have refused for years."""
        key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is the fault
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "booth-1")])
        now = dt.datetime.fromtimestamp(self.clock.now_unix_s, dt.timezone.utc)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now)
            .not_valid_after(now + dt.timedelta(days=30))
            .sign(key, hashes.SHA256())
        )
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.tls.key_file.write_bytes(pem)
        self.tls.certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))

    def exchange_key(self) -> None:
        validity = Validity.days_from(self.clock.now_unix_s, 30)
        self.authority.certify_client("booth-1", validity).write(self.folder, "other")
        (self.folder / "other.key").replace(self.tls.key_file)

    def renewal(self) -> TlsRenewal:
        return TlsRenewal(self.tls, self.clock, Log("test"))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_good_files_make_an_identity(files: Files) -> None:
    identity = load_identity(files.tls)
    assert identity.days_left(files.clock.now_unix_s) == 30
    assert identity.days_left(files.clock.now_unix_s + 31 * DAY_S) == 0
    # A clock that was reset: the certificate is not valid yet.
    assert identity.days_left(0) == 0
    assert "context" not in repr(identity)


@pytest.mark.parametrize(
    ("break_it", "kind", "sentence"),
    [
        pytest.param(
            lambda files: files.tls.ca_file.unlink(),
            SettingsError,
            "ca.crt: cannot be read (No such file or directory); publisher.tls_ca_file names it",
            id="authority missing",
        ),
        pytest.param(
            lambda files: files.tls.ca_file.write_text("no certificate"),
            SettingsError,
            "ca.crt: holds no sound PEM certificate",
            id="authority no PEM",
        ),
        pytest.param(
            lambda files: files.tls.ca_file.write_bytes(bytes(MAXIMUM_PEM_BYTES + 1)),
            SettingsError,
            f"longer than {MAXIMUM_PEM_BYTES} bytes",
            id="authority too long",
        ),
        pytest.param(
            lambda files: files.tls.certificate_file.write_text(""),
            SettingsError,
            "own.crt: is empty",
            id="certificate empty",
        ),
        pytest.param(
            lambda files: files.certify("booth-2"),
            SettingsError,
            "own.crt: is not this device's certificate; its common name must be 'booth-1'",
            id="another device's",
        ),
        pytest.param(
            lambda files: files.tls.key_file.unlink(),
            KeyFileMissingError,
            "own.key: there is no such file; publisher.tls_key_file names it",
            id="key missing",
        ),
        pytest.param(
            lambda files: files.tls.key_file.chmod(0o640),
            KeyFileError,
            "own.key: others can reach it (mode 0640)",
            id="key readable by others",
        ),
        pytest.param(
            lambda files: files.tls.key_file.write_text(f"-----BEGIN {'PRIVATE'} KEY-----\nAAAA\n"),
            KeyFileError,
            "own.key: holds no sound private key",
            id="key damaged",
        ),
        pytest.param(
            Files.encrypt_key,
            KeyFileError,
            "own.key: has a password, and nobody is there to type it",
            id="key with a password",
        ),
        pytest.param(
            Files.certify_weakly,
            SettingsError,
            "own.crt: the TLS library refuses it or its key (EE_KEY_TOO_SMALL)",
            id="weak key",
        ),
        pytest.param(
            Files.exchange_key,
            SettingsError,
            "own.key: is not the key of",
            id="key of another certificate",
        ),
    ],
)
def test_fault_is_named_with_its_file(
    files: Files,
    break_it: Callable[[Files], object],
    kind: type[EdgeLprError],
    sentence: str,
) -> None:
    break_it(files)
    with pytest.raises(kind) as caught:
        load_identity(files.tls)
    assert sentence in str(caught.value)


def test_named_pipe_is_not_waited_for(files: Files) -> None:
    files.tls.ca_file.unlink()
    os.mkfifo(files.tls.ca_file)
    with pytest.raises(SettingsError, match="is empty"):
        load_identity(files.tls)


def test_key_leaves_no_copy_behind(files: Files) -> None:
    open_before = set(Path("/proc/self/fd").iterdir())
    load_identity(files.tls)
    assert set(Path("/proc/self/fd").iterdir()) == open_before


@pytest.mark.parametrize(
    ("days", "quality", "detail"),
    [
        pytest.param(ENDS_SOON_DAYS - 1, TimeQuality.NTP, "it ends soon", id="not for long"),
        pytest.param(-1, TimeQuality.NTP, "it has ended", id="ended"),
        pytest.param(-1, TimeQuality.NONE, "clock was reset", id="no clock"),
    ],
)
def test_technician_is_warned_of_a_certificate_that_ends(
    files: Files,
    caplog: pytest.LogCaptureFixture,
    days: int,
    quality: TimeQuality,
    detail: str,
) -> None:
    files.certify(days=days)
    files.clock.now_quality = quality
    renewal = files.renewal()
    assert renewal.ends_soon()
    (line,) = logged(caplog, "tls_certificate")
    assert line["days"] == renewal.days_left() == max(days, 0)
    assert detail in str(line["detail"])
    assert caplog.records[0].levelname == "WARNING"


def test_certificate_that_lasts_is_no_warning(
    files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert not files.renewal().ends_soon()
    assert logged(caplog, "tls_certificate") == [{"days": 30}]
    assert caplog.records[0].levelname == "INFO"


def test_certificate_that_never_ends_lasts_a_century(files: Files) -> None:
    never = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.timezone.utc).timestamp()
    identity = replace(files.renewal().identity, valid_until=int(never))
    days = identity.days_left(files.clock.unix_s())
    figures = BoothFigures(
        counters={}, unsent=0, oldest_unsent_s=0, kept=0, tls_certificate_days=days
    )
    assert figures.tls_certificate_days == 36_525


def test_certificate_of_tomorrow_is_not_valid_yet(
    files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    files.clock.now_unix_s -= 2 * DAY_S
    assert files.renewal().days_left() == 0
    assert "it is not valid yet" in str(logged(caplog, "tls_certificate")[0]["detail"])


def test_files_replaced_one_after_the_other_are_taken_when_both_are_there(
    files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    renewal = files.renewal()
    old_key = files.tls.key_file.read_bytes()
    files.certify()
    new_key = files.tls.key_file.read_bytes()
    files.tls.key_file.write_bytes(old_key)
    files.clock.advance_s(LOOK_EVERY_S)
    assert not renewal.renewed()
    files.tls.key_file.write_bytes(new_key)
    files.clock.advance_s(LOOK_EVERY_S)
    assert renewal.renewed()
    assert not renewal.renewed()
    assert logged(caplog, "tls_renewal_refused") == []


def test_files_are_not_looked_at_in_every_turn(files: Files) -> None:
    renewal = files.renewal()
    files.certify()
    assert not renewal.renewed()
    files.clock.advance_s(LOOK_EVERY_S)
    assert renewal.renewed()


def test_file_that_is_gone_is_complained_about_once(
    files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    renewal = files.renewal()
    identity = renewal.identity
    files.tls.certificate_file.unlink()
    for _ in range(20):
        files.clock.advance_s(LOOK_EVERY_S)
        assert not renewal.renewed()
    assert renewal.identity is identity
    (line,) = logged(caplog, "tls_renewal_refused")
    assert "cannot be read" in str(line["detail"])
