"""Certificates of technicians as OpenSSH reads them, and the bundle that names who gives them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.core.clock import SystemClock
from edge_lpr.wire.deployment import Deployment, read_deployment
from tests.support.authority import Folders
from tests.support.authority_commands import (
    OTHER,
    PASSPHRASE,
    Run,
    add_two,
    named_folders,
    terminal,
)
from tests.support.open_ssh import keygen, make_key, need_ssh


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch) -> Iterator[Folders]:
    need_ssh()
    with named_folders(monkeypatch) as named:
        yield named


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    return terminal(monkeypatch)


def make(folders: Folders, *, two_person: bool = False) -> None:
    folders.create(SystemClock(), two_person=two_person).close()


def bundle(folders: Folders) -> Deployment:
    return read_deployment((folders.folder / "deployment.lpr").read_bytes())


def shown(certificate: Path) -> str:
    """Return what OpenSSH reads in a certificate."""
    return keygen("-L", "-f", str(certificate))


def test_openssh_reads_a_certificate_that_gives_nothing_but_the_forced_command(
    folders: Folders, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(folders)
    key = make_key(tmp_path / "id_ed25519")
    words = ("certify-technician", "anna", "--key", f"{key}.pub")
    assert run(*words, "--site", "north-crossing", "south-crossing/booth-7", "--hours", "3") == 0
    said = capsys.readouterr().out
    text = shown(tmp_path / "id_ed25519-cert.pub")
    (serial,) = re.findall(r"Serial: (\d+)", text)
    assert f"as number {serial}: {tmp_path / 'id_ed25519-cert.pub'}" in said
    assert 'Key ID: "anna"' in text
    principals = text.partition("Principals:")[2].partition("Critical")[0].split()
    assert principals == ["technician@north-crossing", "technician@south-crossing/booth-7"]
    assert "force-command /opt/edge-lpr/bin/edge-lpr technician" in text
    # Where a connection may lead to is a booth's to say: its aim page, and nowhere else.
    extensions = text.partition("Extensions:")[2].split()
    assert extensions == ["permit-port-forwarding"]
    ca = bundle(folders).technician_ca
    assert ca is not None
    (tmp_path / "ca.pub").write_text(ca)
    fingerprint = keygen("-l", "-f", str(tmp_path / "ca.pub")).split()[1]
    assert f"Signing CA: ED25519 {fingerprint}" in text


def test_serial_number_leads_to_the_journal(folders: Folders, run: Run, tmp_path: Path) -> None:
    make(folders)
    key = make_key(tmp_path / "id_ed25519")
    assert run("certify-technician", "anna", "--key", f"{key}.pub", "--site", "north") == 0
    (serial,) = re.findall(r"Serial: (\d+)", shown(tmp_path / "id_ed25519-cert.pub"))
    with folders.open(SystemClock()) as authority:
        (entry,) = [
            entry for entry in authority.journal.entries() if entry.call == "certified-technician"
        ]
    assert entry.number == int(serial)
    assert (entry.details["technician"], entry.details["places"]) == ("anna", "north")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(("anna", "--site", "north", "--hours", "73"), "1..72", id="too long"),
        pytest.param(("anna", "--site", "North Crossing"), "write SITE", id="no site"),
        pytest.param(("anna", "--site", "north/../x"), "write SITE", id="no booth"),
        pytest.param(("Anna B", "--site", "north"), "technician's name", id="no name"),
        pytest.param(
            ("anna", "--site", *(f"site-{n}" for n in range(33))), "1 to 32 places", id="too many"
        ),
    ],
)
def test_what_makes_no_sense_is_not_certified(
    folders: Folders,
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    sentence: str,
) -> None:
    make(folders)
    key = make_key(tmp_path / "id_ed25519")
    assert run("certify-technician", *words, "--key", f"{key}.pub") == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "id_ed25519-cert.pub").exists()


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        pytest.param("rsa", "must be a key of Ed25519", id="RSA"),
        pytest.param(None, "no public key of OpenSSH", id="garbage"),
    ],
)
def test_other_keys_are_not_certified(
    folders: Folders,
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    kind: str | None,
    sentence: str,
) -> None:
    make(folders)
    key = tmp_path / "id"
    if kind is None:
        Path(f"{key}.pub").write_text("ssh-ed25519 AAAA é\n")
    else:
        make_key(key, kind)
    assert run("certify-technician", "anna", "--key", f"{key}.pub", "--site", "north") == 1
    assert sentence in capsys.readouterr().err


def test_private_key_is_not_read(
    folders: Folders, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(folders)
    key = make_key(tmp_path / "id_ed25519")
    assert run("certify-technician", "anna", "--key", str(key), "--site", "north") == 1
    assert "name the public key" in capsys.readouterr().err


def test_bundle_takes_addresses_and_another_authority_for_technicians(
    folders: Folders, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(folders)
    before = bundle(folders)
    words = ("--address", "broker.example=192.0.2.7", "--address", "broker.example=2001:db8::7")
    assert run("bundle", *words) == 0
    after = bundle(folders)
    assert after.addresses == (("broker.example", ("192.0.2.7", "2001:db8::7")),)
    assert after.technician_ca == before.technician_ca
    assert after.made_at > before.made_at
    other = make_key(tmp_path / "ca", "ecdsa")
    assert run("bundle", "--technician-ca", f"{other}.pub") == 0
    assert bundle(folders).addresses == after.addresses
    assert Path(f"{other}.pub").read_text().startswith(str(bundle(folders).technician_ca))
    # Nobody is certified in vain.
    key = make_key(tmp_path / "id_ed25519")
    assert run("certify-technician", "anna", "--key", f"{key}.pub", "--site", "north") == 1
    assert "certify there" in capsys.readouterr().err
    assert run("bundle", "--technician-ca", "own", "--no-addresses") == 0
    assert bundle(folders).technician_ca == before.technician_ca
    assert bundle(folders).addresses == ()
    assert run("bundle", "--technician-ca", "new") == 0
    assert bundle(folders).technician_ca not in {None, before.technician_ca}
    assert run("bundle", "--technician-ca", "nobody") == 0
    assert bundle(folders).technician_ca is None
    assert run("certify-technician", "anna", "--key", f"{key}.pub", "--site", "north") == 1
    assert "lets nobody log in" in capsys.readouterr().err


def test_bundle_is_shown_and_not_written_where_nothing_is_asked_for(
    folders: Folders, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    make(folders)
    before = (folders.folder / "deployment.lpr").read_bytes()
    assert run("bundle") == 0
    said = capsys.readouterr().out
    assert bundle(folders).fingerprint in said
    assert "certified by SHA256:" in said
    assert (folders.folder / "deployment.lpr").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(("--address", "broker.example=one"), "address", id="no address"),
        pytest.param(("--address", "a=::1", "--no-addresses"), "exclude", id="both"),
        pytest.param(("--technician-ca", "/no/such.pub"), "cannot be read", id="no file"),
    ],
)
def test_impossible_change_leaves_the_bundle_as_it_was(
    folders: Folders,
    run: Run,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    sentence: str,
) -> None:
    make(folders)
    before = (folders.folder / "deployment.lpr").read_bytes()
    assert run("bundle", *words) == 1
    assert sentence in capsys.readouterr().err
    assert (folders.folder / "deployment.lpr").read_bytes() == before


def test_who_certifies_technicians_is_for_two_persons_to_say(folders: Folders, run: Run) -> None:
    make(folders, two_person=True)
    add_two(run)
    words = ("bundle", "--technician-ca", "new")
    before = bundle(folders)
    assert run(*words, answers=f"anna\n{PASSPHRASE}\nanna\n{PASSPHRASE}\n") == 1
    assert bundle(folders).encode() == before.encode()
    assert run(*words, answers=f"anna\n{PASSPHRASE}\nben\n{OTHER}\n") == 0
    assert bundle(folders).technician_ca != before.technician_ca


def test_init_may_leave_technicians_out_and_give_addresses(folders: Folders, run: Run) -> None:
    words = ["init", "--tenant", "agency", "--broker", "broker.example"]
    words += ["--wrapping", str(folders.wrapping), "--no-technicians"]
    assert run(*words, "--address", "broker.example=192.0.2.7") == 0
    assert bundle(folders).technician_ca is None
    assert bundle(folders).addresses == (("broker.example", ("192.0.2.7",)),)


def test_authority_from_before_technicians_gets_their_key_when_it_is_asked_for(
    folders: Folders, run: Run
) -> None:
    with folders.create(SystemClock()) as authority, authority.store.transaction() as session:
        session.execute("DELETE FROM secret WHERE name = 'technician-key'")
    before = bundle(folders).technician_ca
    assert run("bundle", "--technician-ca", "own") == 0
    assert bundle(folders).technician_ca not in {None, before}
