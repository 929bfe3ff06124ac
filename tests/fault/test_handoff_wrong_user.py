"""A process of another user is hung up on, and the right one still served."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.errors import HandoffError, NeighbourAwayError
from edge_lpr.handoff.seqpacket import Listener, connect

SOMEBODY_ELSE = os.geteuid() + 1
DEADLINE_S = 10.0


def test_process_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "readings.sock"
    key = "tokeniser.vision_user"
    with closing(Listener(path, allowed_user_id=SOMEBODY_ELSE, key=key)) as listener:
        with closing(connect(path)) as ours:
            words = f"user {os.geteuid()} was refused; {key} allows only user {SOMEBODY_ELSE}"
            with pytest.raises(HandoffError, match=words):
                listener.accept(timeout_s=DEADLINE_S)
            with pytest.raises(NeighbourAwayError):
                ours.receive(1, timeout_s=DEADLINE_S)
        assert listener.accept(timeout_s=0.01) is None
