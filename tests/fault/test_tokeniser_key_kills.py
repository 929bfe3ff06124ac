"""A tokeniser that is killed while it takes a delivery begins again with the old state or the new.

SIGKILL at every single call of the file system in turn, about thirty of them.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge_lpr.core.clock import SystemClock, epoch_of
from edge_lpr.tokens.key_ring import KeyPurpose, read_key_state
from edge_lpr.wire.jwe import TransportKey
from tests.support.booth import lay_out_booth
from tests.support.deliveries import (
    DeliveringAuthority,
    settings_with_authority,
    write_authority,
)

PROGRAM = "tests.support.killed_delivery"


@pytest.fixture
def found(tmp_path: Path) -> list[dict[str, Any]]:
    """Return what was found after each kill, in the order of the calls."""
    booth = lay_out_booth(tmp_path, more_tokeniser_settings=settings_with_authority(tmp_path))
    write_authority(tmp_path, booth.authority_key)
    now_s = SystemClock().unix_s()
    today = epoch_of(now_s)
    booth.write_keys(KeyPurpose.TEST, today)
    state = read_key_state(booth.key_ring_file)
    authority = DeliveringAuthority(booth.authority_key, now_s)
    recipient = TransportKey.from_octets(state.transport_key).public_key
    delivery_file = tmp_path / "delivery"
    # Two days on, so that there is a key for the day that begins meanwhile.
    delivery = authority.delivery(today, today + 1, today + 2)
    delivery_file.write_bytes(authority.sealed(recipient, delivery))
    key = booth.authority_key.public_key.octets.hex()
    done = subprocess.run(
        [sys.executable, "-m", PROGRAM, str(booth.settings_file), str(delivery_file), key],
        capture_output=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines:
        line["is_old"] = line["transport_key"] == state.transport_key.hex()
    return lines


def test_kill_at_any_call_leaves_the_old_state_or_the_new_one(found: list[dict[str, Any]]) -> None:
    assert len(found) > 10
    assert [line["is_killed"] for line in found] == [True] * (len(found) - 1) + [False]
    # Number, keys and transport key change together.
    assert all((line["delivery"] == 0) == line["is_old"] for line in found)
    assert all((len(line["epochs"]) == 1) == line["is_old"] for line in found)
    # Both are met, and there is one moment at which the one becomes the other.
    are_old = [line["is_old"] for line in found]
    assert are_old == sorted(are_old, reverse=True)
    assert set(are_old) == {True, False}


def test_nothing_of_either_state_is_left_beside_it(found: list[dict[str, Any]]) -> None:
    assert [line["left"] for line in found] == [[]] * len(found)
