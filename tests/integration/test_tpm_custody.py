"""A booth's sealing key is opened by its own TPM, booted as it was, and by nothing else."""

import base64
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.audit.leak_search import LeakSearch
from edge_lpr.core.errors import KeyFileError, KeyFileMissingError
from edge_lpr.provisioning import custody
from edge_lpr.provisioning.custody import (
    CUSTODY_KINDS,
    Tpm,
    make_sealing_key,
    open_or_make_sealing_key,
    open_sealing_key,
)
from edge_lpr.tokens.key_ring import read_key_state, write_key_state
from edge_lpr.tokens.sealing import SealingKey, read_sealed_file, write_sealed_file
from edge_lpr.wire.device_certificate import CustodyTier
from edge_lpr.wire.jws import write_signing_key
from tests.support.booth import lay_out_booth
from tests.support.readings import reading_of
from tests.support.scripted_publisher import accepted, listening
from tests.support.software_tpm import SoftwareTpm, software_tpm
from tests.support.tokeniser_process import hand_over, running_tokeniser, vision_of

SECURE_BOOT = b"\x07" * 32
DROP_IN = Path(__file__).parents[2] / "systemd" / "edge-lpr-tokeniser.service.d" / "tpm.conf"
KNOWN = bytes(range(32))


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a TPM, whose state stays while it is switched off and on."""
    return tmp_path_factory.mktemp("tpm")


@pytest.fixture
def booted(board: Path) -> Iterator[SoftwareTpm]:
    """A board that has booted as it should."""
    with software_tpm(board) as tpm:
        tpm.measure(7, SECURE_BOOT)
        yield tpm


def _tpm(folder: Path, tpm: SoftwareTpm, *registers: int) -> Tpm:
    return Tpm(folder / "credential", tpm.device, registers or (7,))


def _opens(key: SealingKey | None, folder: Path) -> bool:
    return read_sealed_file(folder / "secret", key, 100) == b"what is sealed"


def _seal(key: SealingKey | None, folder: Path) -> None:
    assert key is not None
    write_sealed_file(folder / "secret", b"what is sealed", key)


@pytest.mark.tpm
def test_same_board_booted_again_opens_what_it_sealed(board: Path, tmp_path: Path) -> None:
    with software_tpm(board) as tpm:
        tpm.measure(7, SECURE_BOOT)
        _seal(make_sealing_key("tpm", _tpm(tmp_path, tpm)), tmp_path)
    with software_tpm(board) as tpm:
        tpm.measure(7, SECURE_BOOT)
        assert _opens(open_sealing_key("tpm", _tpm(tmp_path, tpm)), tmp_path)


@pytest.mark.tpm
def test_another_boards_tpm_opens_nothing(booted: SoftwareTpm, tmp_path: Path) -> None:
    make_sealing_key("tpm", _tpm(tmp_path, booted))
    with software_tpm(tmp_path / "another") as another:
        another.measure(7, SECURE_BOOT)
        with pytest.raises(KeyFileError, match="decrypt refuses"):
            open_sealing_key("tpm", _tpm(tmp_path, another))


@pytest.mark.tpm
@pytest.mark.parametrize(
    "measured", [(), (b"\x08" * 32,), (SECURE_BOOT, b"\x08" * 32)], ids=["none", "other", "more"]
)
def test_board_that_booted_in_another_way_opens_nothing(
    board: Path, tmp_path: Path, measured: tuple[bytes, ...]
) -> None:
    with software_tpm(board) as tpm:
        tpm.measure(7, SECURE_BOOT)
        make_sealing_key("tpm", _tpm(tmp_path, tpm))
    with software_tpm(board) as tpm:
        for digest in measured:
            tpm.measure(7, digest)
        with pytest.raises(KeyFileError, match="decrypt refuses"):
            open_sealing_key("tpm", _tpm(tmp_path, tpm))


@pytest.mark.tpm
def test_update_of_the_kernel_locks_nobody_out(booted: SoftwareTpm, tmp_path: Path) -> None:
    _seal(make_sealing_key("tpm", _tpm(tmp_path, booted)), tmp_path)
    booted.measure(4, b"\x04" * 32)
    assert _opens(open_sealing_key("tpm", _tpm(tmp_path, booted)), tmp_path)


@pytest.mark.tpm
def test_key_is_nowhere_in_the_credential(
    booted: SoftwareTpm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_bytes", lambda _: KNOWN)
    make_sealing_key("tpm", _tpm(tmp_path, booted))
    text = (tmp_path / "credential").read_bytes()
    blob = base64.b64decode(text)
    for form in (KNOWN, KNOWN[::-1]):
        parts = [form[start : start + 6] for start in range(26)]
        assert not any(part in blob or part in text for part in parts)
    assert (tmp_path / "credential").stat().st_mode & 0o077 == 0


@pytest.mark.tpm
def test_register_that_nobody_measures_is_refused(board: Path, tmp_path: Path) -> None:
    with software_tpm(board) as tpm, pytest.raises(KeyFileError, match="PCR policy"):
        make_sealing_key("tpm", _tpm(tmp_path, tpm))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.tpm
def test_key_is_made_once_and_opened_from_then_on(booted: SoftwareTpm, tmp_path: Path) -> None:
    chosen = _tpm(tmp_path, booted)
    _seal(open_or_make_sealing_key("tpm", chosen), tmp_path)
    assert _opens(open_or_make_sealing_key("tpm", chosen), tmp_path)
    with pytest.raises(KeyFileError, match="is there already"):
        make_sealing_key("tpm", chosen)


@pytest.mark.tpm
def test_damaged_credential_is_refused(booted: SoftwareTpm, tmp_path: Path) -> None:
    make_sealing_key("tpm", _tpm(tmp_path, booted))
    content = bytearray((tmp_path / "credential").read_bytes())
    content[200] ^= 1
    (tmp_path / "credential").write_bytes(content)
    with pytest.raises(KeyFileError, match="decrypt refuses"):
        open_sealing_key("tpm", _tpm(tmp_path, booted))


@pytest.mark.tpm
def test_credential_that_is_no_sealing_key_is_refused(
    booted: SoftwareTpm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = _tpm(tmp_path, booted)
    with monkeypatch.context() as patch:
        patch.setattr(secrets, "token_bytes", lambda _: b"short")
        with pytest.raises(ValueError, match="32 bytes"):
            make_sealing_key("tpm", chosen)
    with pytest.raises(KeyFileError, match="holds no sealing key"):
        open_sealing_key("tpm", chosen)


@pytest.mark.tpm
def test_booth_works_with_what_its_tpm_unseals_and_holds_no_key_in_plain(
    booted: SoftwareTpm, tmp_path: Path
) -> None:
    unsealed = tmp_path / "unsealed"
    booth = lay_out_booth(tmp_path, more_tokeniser_settings=f'sealing_key_file = "{unsealed}"\n')
    chosen = _tpm(tmp_path, booted)
    sealing_key = make_sealing_key("tpm", chosen)
    state = read_key_state(booth.key_ring_file)
    write_key_state(booth.key_ring_file, state, sealing_key)
    write_signing_key(booth.event_key_file, booth.event_key, sealing_key)
    # As systemd does at each start, by ``LoadCredentialEncrypted=``.
    command = ["systemd-creds", "--name=sealing-key", f"--tpm2-device={chosen.device}"]
    subprocess.run([*command, "decrypt", chosen.credential_file, unsealed], check=True)
    unsealed.chmod(0o400)
    with (
        listening(booth.sightings_socket) as listener,
        running_tokeniser(booth),
        accepted(listener) as publisher,
        vision_of(booth) as vision,
    ):
        publisher.say_hello()
        publisher.take_birth()
        assert hand_over(vision, reading_of()) == b"A"
        publisher.commit_sighting()
    pairs = [state.ring.keys_for(epoch) for epoch in state.ring.epochs()]
    keys = [bytes(key) for pair in pairs for key in (pair.stretch_key, pair.site_key)]
    search = LeakSearch([], [*keys, booth.event_key.private_octets(), bytes(state.transport_key)])
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert booth.key_ring_file in files
    assert [leak for f in files for leak in search.search(f.read_bytes(), f.name)] == []


def test_board_without_a_tpm_says_so(tmp_path: Path) -> None:
    chosen = Tpm(tmp_path / "credential", "/nonexistent/tpm")
    with pytest.raises(KeyFileError, match=r"refuses|not installed"):
        make_sealing_key("tpm", chosen)
    assert not chosen.credential_file.exists()


def test_missing_credential_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(KeyFileMissingError):
        open_sealing_key("tpm", Tpm(tmp_path / "credential"))


def test_machine_without_systemd_creds_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KeyFileError, match="systemd-creds is not installed"):
        make_sealing_key("tpm", Tpm(tmp_path / "credential"))


def test_tpm_that_does_not_answer_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "systemd-creds"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(custody, "_PATIENCE_S", 0.2)
    with pytest.raises(KeyFileError, match="no answer from the TPM") as caught:
        make_sealing_key("tpm", Tpm(tmp_path / "credential"))
    assert caught.value.__cause__ is None


def test_laboratory_seals_nothing() -> None:
    assert make_sealing_key("plain") is None
    assert open_sealing_key("plain") is None
    assert open_or_make_sealing_key("plain") is None


def test_unit_loads_the_credential_that_is_made() -> None:
    line = f"LoadCredentialEncrypted={custody.CREDENTIAL_NAME}:{Tpm().credential_file}"
    assert line in DROP_IN.read_text().splitlines()


def test_no_kind_of_custody_claims_to_be_tested_on_a_board() -> None:
    assert not any(kind.was_tested_on_hardware for kind in CUSTODY_KINDS.values())
    assert CUSTODY_KINDS["plain"].tier is CustodyTier.C
    assert all(kind.conditions for name, kind in CUSTODY_KINDS.items() if name != "plain")
