"""A booth's TPM that loses its power again and again opens what it has sealed all the same."""

from pathlib import Path

import pytest

from edge_lpr.core.errors import KeyFileError
from edge_lpr.first_boot.tpm_patience import MAXIMUM_TRIES, be_patient, main
from edge_lpr.provisioning.custody import Tpm, make_sealing_key, open_sealing_key
from tests.support.software_tpm import software_tpm

SECURE_BOOT = b"\x07" * 32
CUTS = 8
"""Swtpm closes after three, and most boards after 32."""


@pytest.mark.tpm
@pytest.mark.parametrize("is_patient", [True, False])
def test_power_cuts_do_not_close_a_patient_tpm(tmp_path: Path, *, is_patient: bool) -> None:
    credential = tmp_path / "credential"
    with software_tpm(tmp_path / "chip") as tpm:
        tpm.measure(7, SECURE_BOOT)
        if is_patient:
            be_patient(tpm.exchange)
        make_sealing_key("tpm", Tpm(credential, tpm.device))
    opened = [_opens_and_is_cut(tmp_path / "chip", credential) for _ in range(CUTS)]
    assert all(opened) is is_patient, opened


@pytest.mark.tpm
def test_a_tpm_with_a_password_for_this_says_so(tmp_path: Path) -> None:
    with software_tpm(tmp_path / "chip") as tpm:
        tpm.exchange(_with_password(b"mine"))
        with pytest.raises(KeyFileError, match="keeps its own way with power cuts"):
            be_patient(tpm.exchange)


def test_a_board_without_an_answer_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyFileError, match="the TPM answers nothing"):
        be_patient(lambda _: b"")
    if not Path("/dev/tpmrm0").exists():
        assert main() == 1
        assert "/dev/tpmrm0" in capsys.readouterr().err
    assert MAXIMUM_TRIES > CUTS


def _opens_and_is_cut(chip: Path, credential: Path) -> bool:
    with software_tpm(chip, is_told=False) as tpm:
        tpm.measure(7, SECURE_BOOT)
        try:
            return open_sealing_key("tpm", Tpm(credential, tpm.device)) is not None
        except KeyFileError:
            return False


def _with_password(password: bytes) -> bytes:
    """TPM2_HierarchyChangeAuth of the lockout hierarchy."""
    body = bytes.fromhex("4000000a 00000009 40000009 0000 00 0000".replace(" ", ""))
    body += len(password).to_bytes(2, "big") + password
    return bytes.fromhex("8002") + (10 + len(body)).to_bytes(4, "big") + b"\0\0\x01\x29" + body
