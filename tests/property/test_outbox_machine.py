"""The outbox as a state machine: whatever happens, it never loses, reorders or overflows."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from edge_lpr.core.errors import OutboxError
from edge_lpr.core.log import Log
from edge_lpr.publisher.outbox import Outbox

MAXIMUM_UNSENT = 6
KEEP_SENT = 3


class OutboxMachine(RuleBasedStateMachine):
    """Keeps beside the real outbox two plain lists of what it must hold."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.boot = 0
        self.seq = 0
        self.unsent: list[bytes] = []
        self.sent: list[bytes] = []
        self.last: tuple[str, int, bytes] | None = None

    @initialize()
    def open_outbox(self) -> None:
        self.outbox = Outbox(
            self.folder / "outbox.sqlite3",
            Log("test"),
            maximum_unsent=MAXIMUM_UNSENT,
            keep_sent=KEEP_SENT,
        )

    @rule()
    def new_boot(self) -> None:
        self.boot += 1
        self.seq = 0

    @precondition(lambda self: len(self.unsent) < MAXIMUM_UNSENT)
    @rule()
    def insert(self) -> None:
        self.seq += 1
        document = b"%d/%d" % (self.boot, self.seq)
        assert self.outbox.add_sighting(f"{self.boot:016x}", self.seq, document)
        self.unsent.append(document)
        self.last = (f"{self.boot:016x}", self.seq, document)

    @precondition(lambda self: self.last is not None)
    @rule()
    def insert_the_last_one_again(self) -> None:
        assert self.last is not None
        assert not self.outbox.add_sighting(*self.last)

    @precondition(lambda self: len(self.unsent) == MAXIMUM_UNSENT)
    @rule()
    def insert_into_a_full_outbox(self) -> None:
        with pytest.raises(OutboxError, match="maximum_unsent"):
            self.outbox.add_sighting(f"{self.boot:016x}", self.seq + 1, b"one too many")

    @precondition(lambda self: self.unsent)
    @rule(choice=st.data())
    def acknowledge_some(self, choice: st.DataObject) -> None:
        on_their_way = self.outbox.oldest_unsent(4, except_places=())
        taken = choice.draw(st.lists(st.sampled_from(on_their_way), min_size=1, unique=True))
        self.outbox.mark_sent([sighting.place for sighting in taken])
        self._model_sent([sighting.document for sighting in taken])

    @rule()
    def acknowledge_what_was_acknowledged(self) -> None:
        self.outbox.mark_sent([-1])

    @rule()
    def close_and_reopen(self) -> None:
        self.outbox.close()
        self.open_outbox()

    @rule()
    def crash_and_reopen(self) -> None:
        """Open a copy of the files as they lie while the outbox is open: what a SIGKILL leaves."""
        wreck = self.folder
        self.folder = Path(tempfile.mkdtemp())
        for file in wreck.iterdir():
            shutil.copy(file, self.folder)
        self.outbox.close()
        shutil.rmtree(wreck)
        self.open_outbox()

    @invariant()
    def holds_what_it_must(self) -> None:
        unsent = self.outbox.oldest_unsent(MAXIMUM_UNSENT + 1, except_places=())
        assert [sighting.document for sighting in unsent] == self.unsent
        assert self.outbox.unsent_count == len(self.unsent) <= MAXIMUM_UNSENT
        with self.outbox._owned() as connection:
            kept = connection.execute(
                "SELECT document FROM sighting WHERE is_sent = 1 ORDER BY place"
            ).fetchall()
        assert [document for (document,) in kept] == self.sent
        assert len(self.sent) <= KEEP_SENT

    @invariant()
    def remembers_the_last_one(self) -> None:
        last = self.outbox.last_committed()
        assert (last and (last.boot, last.seq, last.document)) == self.last

    def teardown(self) -> None:
        self.outbox.close()
        shutil.rmtree(self.folder)

    def _model_sent(self, documents: list[bytes]) -> None:
        def arrival(document: bytes) -> tuple[int, int]:
            boot, _, seq = document.decode().partition("/")
            return int(boot), int(seq)

        self.unsent = [document for document in self.unsent if document not in documents]
        self.sent = sorted([*self.sent, *documents], key=arrival)[-KEEP_SENT:]


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
