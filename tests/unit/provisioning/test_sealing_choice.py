"""A TPM's key is opened for the files and wiped afterwards; other custody needs none."""

import pytest

from edge_lpr.provisioning import sealing_choice
from edge_lpr.provisioning.sealing_choice import opened_sealing_key
from edge_lpr.tokens.sealing import SealingKey


@pytest.mark.parametrize("custody", ["plain", "pi-otp", "jetson-fused"])
def test_board_that_keeps_its_files_needs_no_seal(custody: str) -> None:
    with opened_sealing_key(custody) as sealing_key:
        assert sealing_key is None


def test_key_of_the_tpm_is_wiped_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    key = SealingKey(b"k" * 32)
    monkeypatch.setattr(sealing_choice, "open_or_make_sealing_key", lambda _custody: key)
    with opened_sealing_key("tpm") as sealing_key:
        assert sealing_key is key
        assert bytes(key._octets) == b"k" * 32
    assert bytes(key._octets) == bytes(32)
