"""The tokeniser's file for the audit: one form, in bounds, and nothing else is read."""

import os
from pathlib import Path

import pytest

from edge_lpr.core.errors import AuditError
from edge_lpr.core.settings import load_settings
from edge_lpr.core.told_to_audit import (
    CHECKPOINT_COPY,
    GAP_REASONS,
    NEWEST_GAPS,
    TOLD_FOLDER,
    TOLD_NAME,
    Told,
    ToldGap,
    ToldList,
    read_told,
    write_told,
)
from edge_lpr.handoff.record_message import GapWish
from edge_lpr.tokeniser.__main__ import told_folder
from edge_lpr.tokeniser.audit_board import LOOK_EVERY_S, AuditBoard, Holdings
from edge_lpr.tokeniser.gap_record import GapRecord
from edge_lpr.tokens.key_ring import KeyPurpose, KeyRing
from edge_lpr.tokens.suite1 import TokenKeys
from edge_lpr.wire.bounds import MAXIMUM_SEQUENCE
from edge_lpr.wire.gap import GapReason
from tests.support.booth import lay_out_booth
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock

BOOT = "ffeeddccbbaa0099"
TODAY = NOON_OF_THE_VECTORS // 86_400
LONGEST = Told(
    BOOT,
    tuple(range(999_992, 1_000_000)),
    999_992,
    ToldList(999_992, MAXIMUM_SEQUENCE, b"\xff" * 32),
    MAXIMUM_SEQUENCE,
    (ToldGap(MAXIMUM_SEQUENCE, BOOT, MAXIMUM_SEQUENCE, MAXIMUM_SEQUENCE, "outbox_full"),)
    * NEWEST_GAPS,
)
SHORTEST = Told(BOOT, (), None, None, 0, ())


@pytest.mark.parametrize(
    "told", [pytest.param(LONGEST, id="longest"), pytest.param(SHORTEST, id="shortest")]
)
def test_what_is_told_is_read(tmp_path: Path, told: Told) -> None:
    write_told(tmp_path / TOLD_NAME, told)
    assert read_told(tmp_path / TOLD_NAME) == told
    assert (tmp_path / TOLD_NAME).stat().st_mode & 0o777 == 0o640


def test_reasons_are_those_of_signed_gaps() -> None:
    assert set(GAP_REASONS) == {each.value for each in GapReason}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(SHORTEST.content()[:-1], id="cut"),
        pytest.param(SHORTEST.content() + b"AB 123 CD\n", id="more"),
        pytest.param(SHORTEST.content().replace(b"none", b"AB 123 CD", 1), id="text"),
        pytest.param(LONGEST.content().replace(b"outbox_full", b"AB 123 CD"), id="reason"),
        pytest.param(LONGEST.content() + b"gap 1 ffeeddccbbaa0099 1 1 not_kept\n", id="33 gaps"),
        pytest.param(LONGEST.content() * 2, id="too long"),
        pytest.param(SHORTEST.content().replace(b"gaps 0", "gaps ٣".encode()), id="other digits"),
    ],
)
def test_anything_else_is_not(tmp_path: Path, content: bytes) -> None:
    (tmp_path / TOLD_NAME).write_bytes(content)
    assert read_told(tmp_path / TOLD_NAME) is None


def test_no_file_a_link_a_pipe_and_a_folder_tell_nothing(tmp_path: Path) -> None:
    path = tmp_path / TOLD_NAME
    assert read_told(path) is None
    write_told(tmp_path / "elsewhere", SHORTEST)
    path.symlink_to(tmp_path / "elsewhere")
    assert read_told(path) is None
    path.unlink()
    os.mkfifo(path)
    assert read_told(path) is None
    path.unlink()
    path.mkdir()
    assert read_told(path) is None


def board(folder: Path, ring: KeyRing, gaps: GapRecord, clock: SetClock) -> AuditBoard:
    return AuditBoard(folder, BOOT, b"c.e.r", Holdings(ring.epochs, None, gaps), clock)


def test_wiped_keys_are_told_gone_and_files_are_looked_at_seldom(tmp_path: Path) -> None:
    clock, gaps = SetClock(), GapRecord()
    keys = {epoch: TokenKeys(b"s" * 32, b"t" * 32) for epoch in (TODAY, TODAY + 1)}
    ring = KeyRing(KeyPurpose.TEST, keys)
    made = board(tmp_path, ring, gaps, clock)
    made.look_around(None)
    assert read_told(tmp_path / TOLD_NAME) == Told(BOOT, (TODAY, TODAY + 1), TODAY, None, 0, ())
    assert not (tmp_path / CHECKPOINT_COPY).exists()
    clock.advance_s(86_400)
    made.look_around(b"note 1")
    ring.wipe_before(TODAY + 1)
    made.look_around(b"note 2")
    assert (tmp_path / CHECKPOINT_COPY).read_bytes() == b"note 1"
    clock.advance_s(LOOK_EVERY_S)
    made.look_around(b"note 2")
    assert (tmp_path / CHECKPOINT_COPY).read_bytes() == b"note 2"
    assert read_told(tmp_path / TOLD_NAME) == Told(BOOT, (TODAY + 1,), TODAY + 1, None, 0, ())


def test_folder_that_takes_nothing_is_said_and_tried_again(tmp_path: Path) -> None:
    clock = SetClock()
    made = board(tmp_path / "not yet", KeyRing(KeyPurpose.TEST, {}), GapRecord(), clock)
    with pytest.raises(AuditError, match="takes no file for the audit"):
        made.look_around(None)
    (tmp_path / "not yet").mkdir()
    clock.advance_s(LOOK_EVERY_S)
    made.look_around(None)
    assert read_told(tmp_path / "not yet" / TOLD_NAME) == SHORTEST


def test_gap_that_is_asked_for_again_at_once_is_one() -> None:
    gaps = GapRecord()
    for last in (5, 5, 6, *range(7, 7 + NEWEST_GAPS)):
        gaps.note(GapWish(BOOT, 5, last, GapReason.NOT_KEPT))
    assert gaps.signed == 2 + NEWEST_GAPS
    assert [gap.number for gap in gaps.newest()] == list(range(3, 3 + NEWEST_GAPS))


def test_on_a_booth_it_is_told_beside_the_sockets_folder_and_in_a_trial_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    booth = lay_out_booth(tmp_path)
    settings = load_settings(booth.settings_file)
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    assert told_folder(settings) == settings.tokeniser.readings_socket.parent
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"/run/edge-lpr/tokeniser:{TOLD_FOLDER}")
    assert told_folder(settings) == TOLD_FOLDER
