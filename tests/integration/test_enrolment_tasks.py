"""The custodian's commands about booths, brokers and consumers, as typed."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from edge_lpr.authority.__main__ import main
from edge_lpr.authority.issuing import make_delivery
from edge_lpr.core.clock import SystemClock, epoch_of
from edge_lpr.core.errors import NotAllowedError
from edge_lpr.provisioning.__main__ import main as enrol
from tests.support.authority import Folders
from tests.support.enrolment import PLAN, TrialBooth

CODE = re.compile(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){4,6}")
TICKET = ("ticket", "--site", "north", "--device", "booth-1", "--tier", "C")


class Custodian:
    """Types commands, and sees what is printed."""

    def __init__(self, base: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folders, self._capsys = Folders(base), capsys
        self.folders.create(SystemClock(), plan=PLAN).close()

    def types(self, *words: str) -> str:
        """Return what a command printed; it succeeded."""
        assert self.typed(main, *words) == 0, self.complaint
        return self.printed

    def is_refused(self, *words: str) -> str:
        """Return why a command was refused, in one sentence."""
        assert self.typed(main, *words) == 1
        assert self.complaint.startswith("edge-lpr authority: ")
        assert self.complaint.count("\n") == 1
        return self.complaint

    def typed(self, program: Callable[[list[str]], int], *words: str) -> int:
        """Run a program, and return its status."""
        folder = ("--folder", str(self.folders.folder)) if program is main else ()
        status = program([*words, *folder])
        self.printed, self.complaint = self._capsys.readouterr()
        return status


@pytest.fixture
def custodian(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Custodian:
    return Custodian(tmp_path, capsys)


def enrolled_by_files(custodian: Custodian, tmp_path: Path, name: str = "booth-1") -> Path:
    """Enrol a booth by typing, and return its settings."""
    request, answer = tmp_path / f"{name}.request", tmp_path / f"{name}.answer"
    with custodian.folders.open(SystemClock()) as authority:
        booth = TrialBooth(tmp_path / name, authority, SystemClock())
    text = booth.settings_file.read_text().replace('"booth-1"', f'"{name}"')
    booth.settings_file.write_text(text)
    words = ["ticket", "--site", "north", "--device", name, "--tier", "C", "--test-keys"]
    code = CODE.findall(custodian.types(*words))[0]
    settings = ("--settings", str(booth.settings_file))
    asked = ("--deployment", str(booth.bundle), "--ticket", code, "--request-file", str(request))
    assert custodian.typed(enrol, *settings, *asked) == 0
    (shown,) = CODE.findall(custodian.printed)
    assert "taken, fingerprint " + shown in custodian.types("enrol-file", str(request))
    assert shown in custodian.types("requests")
    assert "is enrolled" in custodian.types("approve", shown)
    assert "write the answer with --out" in custodian.types("enrol-file", str(request))
    custodian.types("enrol-file", str(request), "--out", str(answer))
    assert custodian.typed(enrol, *settings, "--answer-file", str(answer)) == 0
    return booth.settings_file


def test_booth_is_enrolled_by_typing_and_carrying_files(
    custodian: Custodian, tmp_path: Path
) -> None:
    settings = enrolled_by_files(custodian, tmp_path)
    assert custodian.typed(enrol, "--settings", str(settings), "--renew") == 0
    assert custodian.printed.startswith("nothing to renew")
    assert custodian.types("requests") == "no booth waits for approval\n"
    log = custodian.types("log")
    assert "enrolled" in log
    assert "nothing is missing" in log


def test_ticket_is_shown_once_and_nowhere_else(custodian: Custodian) -> None:
    printed = custodian.types(*TICKET, "--test-keys", "--valid-hours", "5")
    (code,) = CODE.findall(printed)
    assert "good for one request until" in printed
    assert code not in custodian.types("log")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (TICKET, "--allow-tier-c"),
        ((*TICKET, "--test-keys", "--valid-hours", "0"), "1 to 744 hours"),
        (("ticket", "--site", "North!", "--device", "b", "--tier", "A"), "must have the form"),
        (("approve", "AAAA"), "20 letters and digits"),
        (("approve", "0000-0000-0000-0000-0000"), "no request has the fingerprint"),
        (("refuse", "0000-0000-0000-0000-0000"), "no request has the fingerprint"),
        (("revoke", "booth-1"), "write SITE/DEVICE"),
        (("revoke", "north/booth-9"), "no device north/booth-9"),
        (("certify-consumer", "An Archive"), "must have the form"),
        (("certify-consumer", "archive", "--days", "0"), "--days must lie in 1..398"),
        (("certify-broker", "--csr", "/nowhere"), "cannot be read"),
        (("certify-broker", "--out", "/dev/null/folder"), "cannot be made"),
        (("enrol-file", "/nowhere"), "cannot be read"),
    ],
    ids=lambda each: each[0] if isinstance(each, tuple) else "",
)
def test_what_makes_no_sense_is_refused(
    custodian: Custodian, words: tuple[str, ...], sentence: str
) -> None:
    assert sentence in custodian.is_refused(*words)


@pytest.mark.parametrize("content", [b"", b"a.b.c", b"x" * 5000], ids=["empty", "none", "endless"])
def test_file_that_is_no_request_is_refused(
    custodian: Custodian, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert str(file) in custodian.is_refused("enrol-file", str(file))


def test_refused_booth_learns_it_from_its_file_too(custodian: Custodian, tmp_path: Path) -> None:
    with custodian.folders.open(SystemClock()) as authority:
        booth = TrialBooth(tmp_path / "booth", authority, SystemClock())
        words = ("--deployment", str(booth.bundle), "--ticket", booth.ticket())
        booth.enrol(*words, "--request-file", str(tmp_path / "request"))
    custodian.types("enrol-file", str(tmp_path / "request"))
    (shown,) = CODE.findall(custodian.types("requests"))
    assert "its ticket is used up" in custodian.types("refuse", shown, "--reason", "not ours")
    assert "not ours" in custodian.is_refused("enrol-file", str(tmp_path / "request"))
    assert "was refused already" in custodian.is_refused("approve", shown)


def test_broker_gets_a_certificate_and_what_it_trusts(custodian: Custodian, tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    custodian.types("certify-broker", "broker.example", "127.0.0.1", "--out", str(folder))
    certificate = x509.load_pem_x509_certificate((folder / "broker.crt").read_bytes())
    authority = x509.load_pem_x509_certificate((folder / "broker-ca.crt").read_bytes())
    policy = PolicyBuilder().store(Store([authority]))
    verifier = policy.build_server_verifier(x509.DNSName("broker.example"))
    assert verifier.verify(certificate, [])[0] == certificate
    assert (folder / "broker.key").stat().st_mode & 0o077 == 0
    for kind in ("devices", "consumers"):
        revocations = x509.load_pem_x509_crl((folder / f"{kind}-ca.crl").read_bytes())
        issuer = x509.load_pem_x509_certificate((folder / f"{kind}-ca.crt").read_bytes())
        assert revocations.issuer == issuer.subject


def csr(path: Path, name: str) -> ec.EllipticCurvePublicKey:
    """Write a signing request, as openssl would, and return its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    path.write_bytes(request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    return key.public_key()


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("certify-broker", "broker.example"), "broker"),
        (("certify-consumer", "archive"), "archive"),
    ],
    ids=["broker", "consumer"],
)
def test_key_that_is_made_elsewhere_stays_there(
    custodian: Custodian, tmp_path: Path, words: tuple[str, ...], name: str
) -> None:
    key = csr(tmp_path / "csr", name)
    custodian.types(*words, "--csr", str(tmp_path / "csr"), "--out", str(tmp_path / "out"))
    certificate = x509.load_pem_x509_certificate((tmp_path / "out" / f"{name}.crt").read_bytes())
    assert certificate.public_key() == key
    assert not (tmp_path / "out" / f"{name}.key").exists()


def test_signing_request_of_another_consumer_is_refused(
    custodian: Custodian, tmp_path: Path
) -> None:
    csr(tmp_path / "csr", "thief")
    words = ("certify-consumer", "archive", "--csr", str(tmp_path / "csr"))
    assert "asks for another name than 'archive'" in custodian.is_refused(*words)


def test_one_name_is_never_a_booth_and_a_consumer(custodian: Custodian, tmp_path: Path) -> None:
    enrolled_by_files(custodian, tmp_path, "gate")
    out = ("--out", str(tmp_path))
    assert "name of a booth" in custodian.is_refused("certify-consumer", "gate", *out)
    custodian.types("certify-consumer", "archive", *out)
    with custodian.folders.open(SystemClock()) as authority:
        booth = TrialBooth(tmp_path / "archive", authority, SystemClock())
    text = booth.settings_file.read_text().replace('"booth-1"', '"archive"')
    booth.settings_file.write_text(text)
    words = ["ticket", "--site", "north", "--device", "archive", "--tier", "C", "--test-keys"]
    code = CODE.findall(custodian.types(*words))[0]
    request = str(tmp_path / "request")
    asked = ("--deployment", str(booth.bundle), "--ticket", code, "--request-file", request)
    assert custodian.typed(enrol, "--settings", str(booth.settings_file), *asked) == 0
    custodian.types("enrol-file", request)
    (shown,) = CODE.findall(custodian.types("requests"))
    assert "name of a consumer" in custodian.is_refused("approve", shown)


def test_nobody_is_certified_under_the_authoritys_own_name(
    custodian: Custodian, tmp_path: Path
) -> None:
    name = "token-authority"
    ticket = ("ticket", "--site", "north", "--device", name, "--tier", "B")
    assert "name of the authority" in custodian.is_refused(*ticket)
    out = ("--out", str(tmp_path))
    assert "name of the authority" in custodian.is_refused("certify-consumer", name, *out)


def test_backup_lets_nobody_in_again_who_was_revoked_since(
    custodian: Custodian, tmp_path: Path
) -> None:
    lists, backup = tmp_path / "lists", tmp_path / "backup"
    folder = custodian.folders.folder
    shutil.copytree(folder, backup)
    # Certified and revoked, and the backup knows of neither.
    custodian.types("certify-consumer", "archive", "--out", str(tmp_path))
    custodian.types("revoke", "--consumer", "archive", "--crl-folder", str(lists))
    revoked = x509.load_pem_x509_certificate((tmp_path / "archive.crt").read_bytes())
    shutil.rmtree(folder)
    shutil.copytree(backup, folder)
    custodian.types("log", "--after-restore", "the disk died")
    for _ in range(2):
        custodian.types("certify-broker", "--out", str(lists))
        found = x509.load_pem_x509_crl((lists / "consumers-ca.crl").read_bytes())
        assert found.get_revoked_certificate_by_serial_number(revoked.serial_number) is not None
    for content in (b"", b"garbage", (lists / "devices-ca.crl").read_bytes()):
        (lists / "consumers-ca.crl").write_bytes(content)
        custodian.types("certify-broker", "--out", str(lists))
        assert len(list(x509.load_pem_x509_crl((lists / "consumers-ca.crl").read_bytes()))) == 1


def test_revoked_booth_and_consumer_are_on_the_brokers_lists(
    custodian: Custodian, tmp_path: Path
) -> None:
    enrolled_by_files(custodian, tmp_path)
    custodian.types("certify-consumer", "archive", "--out", str(tmp_path))
    lists = tmp_path / "lists"
    assert "let the broker know" in custodian.types("revoke", "north/booth-1")
    printed = custodian.types("revoke", "--consumer", "archive", "--crl-folder", str(lists))
    assert "systemctl reload mosquitto" in printed
    for kind in ("devices", "consumers"):
        assert len(list(x509.load_pem_x509_crl((lists / f"{kind}-ca.crl").read_bytes()))) == 1
    assert "no consumer archive" in custodian.types("revoke", "--consumer", "archive")
    with custodian.folders.open(SystemClock()) as authority:
        row = authority.devices.get("north", "booth-1")
        with pytest.raises(NotAllowedError, match="is revoked and gets no keys"):
            make_delivery(authority, row, [epoch_of(SystemClock().unix_s())])


def test_service_needs_an_address_in_the_bundle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = tmp_path / "without"
    with Folders(base).create(SystemClock()) as authority:
        folder = authority.folder
    assert main(["serve", "--folder", str(folder)]) == 1
    assert "--enrolment https://HOST:PORT" in capsys.readouterr().err


def test_enrol_says_in_one_sentence_why_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert enrol(["--settings", str(tmp_path / "nothing")]) == 1
    assert capsys.readouterr().err.startswith("edge-lpr enrol: ")
    with Folders(tmp_path).create(SystemClock(), plan=PLAN) as authority:
        booth = TrialBooth(tmp_path / "booth", authority, SystemClock())
    words = ["--settings", str(booth.settings_file), "--deployment", str(booth.bundle)]
    monkeypatch.setattr("sys.stdin", _Typed(""))
    assert enrol(words) == 1
    assert "there was no ticket" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", _Typed("abcd\n"))
    assert enrol(words) == 1
    assert "28 letters and digits" in capsys.readouterr().err


class _Typed:
    """Standard input of somebody who types one line."""

    def __init__(self, line: str) -> None:
        self._line = line

    def readline(self, _limit: int) -> str:
        return self._line
