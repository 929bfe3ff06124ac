"""A booth in the field gets new software and keeps every sighting that it had."""

from contextlib import closing
from pathlib import Path

import pytest

from edge_lpr.core.errors import OutboxError
from edge_lpr.publisher import outbox_schema
from tests.support.clock import NOON_OF_THE_VECTORS
from tests.support.outboxes import document_of, open_outbox, outbox_of_version_1

OLD_BOOT = "00112233445566aa"
NEW_BOOT = "ff00000000000000"


def fill(folder: Path) -> None:
    """Leave two sent sightings and three unsent ones, of two boots, with holes in the places."""
    with outbox_of_version_1(folder) as connection:
        rows = [(7, OLD_BOOT, 4, 1), (9, OLD_BOOT, 5, 1), (10, OLD_BOOT, 6, 0)]
        rows += [(11, NEW_BOOT, 1, 0), (15, NEW_BOOT, 2, 0)]
        for place, boot, seq, is_sent in rows:
            connection.execute(
                "INSERT INTO sighting VALUES (?, ?, ?, ?, ?)",
                (place, boot, seq, document_of(boot, seq), is_sent),
            )
        connection.execute("INSERT INTO birth VALUES (1, ?, ?)", (NEW_BOOT, b"birth"))


def test_unsent_sightings_come_out_as_they_went_in(tmp_path: Path) -> None:
    fill(tmp_path)
    with closing(open_outbox(tmp_path)) as outbox:
        unsent = outbox.oldest_unsent(10, except_places=())
        assert [(each.place, each.document) for each in unsent] == [
            (10, document_of(OLD_BOOT, 6)),
            (11, document_of(NEW_BOOT, 1)),
            (15, document_of(NEW_BOOT, 2)),
        ]
        assert outbox.unsent_count == 3


def test_birth_and_last_sighting_are_still_known(tmp_path: Path) -> None:
    fill(tmp_path)
    with closing(open_outbox(tmp_path)) as outbox:
        birth, last = outbox.latest_birth(), outbox.last_committed()
        assert birth is not None
        assert (birth.boot, birth.document) == (NEW_BOOT, b"birth")
        assert last is not None
        assert (last.boot, last.seq, last.document) == (NEW_BOOT, 2, document_of(NEW_BOOT, 2))


def test_sent_sightings_can_be_asked_for_again(tmp_path: Path) -> None:
    fill(tmp_path)
    with closing(open_outbox(tmp_path)) as outbox:
        assert outbox.kept_count == 2
        assert outbox.ask_again(OLD_BOOT, 4, 5) == 2
        again = outbox.oldest_unsent(10, except_places=())[3:]
        assert [each.document for each in again] == [
            document_of(OLD_BOOT, 4),
            document_of(OLD_BOOT, 5),
        ]


def test_when_they_were_sent_counts_from_the_migration(tmp_path: Path) -> None:
    fill(tmp_path)
    with closing(open_outbox(tmp_path)) as outbox, outbox._owned() as connection:
        times = connection.execute("SELECT DISTINCT sent_at FROM sighting WHERE sent_at").fetchall()
        assert times == [(NOON_OF_THE_VECTORS,)]


def test_work_goes_on_behind_the_last_place(tmp_path: Path) -> None:
    fill(tmp_path)
    with closing(open_outbox(tmp_path)) as outbox:
        assert not outbox.add_sighting(NEW_BOOT, 2, document_of(NEW_BOOT, 2))
        assert outbox.add_sighting(NEW_BOOT, 3, document_of(NEW_BOOT, 3))
        assert outbox.oldest_unsent(10, except_places=())[-1].place == 16
    with closing(open_outbox(tmp_path)) as outbox:
        assert outbox.unsent_count == 4


def test_migration_that_fails_leaves_the_old_outbox_for_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path)
    statements = outbox_schema._FROM_VERSION_1
    with monkeypatch.context() as patch:
        patch.setattr(outbox_schema, "_FROM_VERSION_1", (*statements, "INSERT INTO nowhere"))
        with pytest.raises(OutboxError):
            open_outbox(tmp_path)
    with closing(open_outbox(tmp_path)) as outbox:
        assert outbox.unsent_count == 3


def test_empty_outbox_of_version_1_is_taken_over(tmp_path: Path) -> None:
    with outbox_of_version_1(tmp_path):
        pass
    with closing(open_outbox(tmp_path)) as outbox:
        assert outbox.last_committed() is None
        assert outbox.add_sighting(NEW_BOOT, 1, document_of(NEW_BOOT, 1))
