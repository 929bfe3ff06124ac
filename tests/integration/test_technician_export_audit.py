"""``export-audit`` by a real sshd: an auditor's visit that needs no root."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.audit.export import parse_export
from edge_lpr.audit.verify import verify
from edge_lpr.core.told_to_audit import TOLD_FOLDER
from edge_lpr.wire.device_certificate import issue_certificate
from tests.support.audited_booth import signed_root
from tests.support.fleet import AUTHORITY, SignedBooth
from tests.support.login_booth import LoginBooth, need_login


@pytest.fixture
def booth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoginBooth]:
    need_login()
    with LoginBooth(tmp_path_factory.mktemp("b")) as booth:
        yield booth


def put_out(booth: LoginBooth, name: str, document: bytes) -> None:
    """Put a file where the tokeniser puts it."""
    text = base64.b64encode(document).decode()
    script = f"mkdir -p {TOLD_FOLDER} && base64 -d >{TOLD_FOLDER}/{name}"
    assert booth.inside("sh", "-c", script, sent=text).returncode == 0


def test_auditor_gets_the_whole_log_and_can_verify_it(booth: LoginBooth) -> None:
    certificate = booth.certify("auditor")
    # Before there is anything to prove it with there is no file, and that was asked is recorded.
    said = booth.ssh("export-audit", certificate=certificate)
    assert (said.status, said.out) == (1, "")
    assert "the tokeniser must run" in said.err
    signed = SignedBooth()
    log = Path(booth.folder / "audit" / "entries-000000000001")
    kept = signed_root(signed, log.read_bytes().splitlines())
    put_out(booth, "audit-certificate", issue_certificate(signed.certificate, AUTHORITY))
    put_out(booth, "audit-checkpoint", kept)
    said = booth.ssh("export-audit", certificate=certificate)
    assert (said.status, said.err.count("edge-lpr audit")) == (0, 0)
    export = parse_export(said.out.encode())
    verified = verify(export, AUTHORITY.public_key, [kept])
    assert not verified.is_broken
    assert not verified.is_open
    assert [(entry.event, entry.details.get("word")) for entry in verified.entries] == [
        ("asked", "export-audit"),
        ("ended", None),
    ]
    # The visit itself is in it, and in the log how it ended.
    assert verified.loose == 1
    assert b'"word":"export-audit"' in export.lines[-1]
    assert b'"person":"auditor"' in export.lines[-1]
    assert [(line["event"], line.get("status")) for line in booth.record()][-1] == ("ended", 0)
