"""The outbox as a state machine: whatever happens, it never loses, reorders or overflows.

"Never loses" is: every sighting that came is unsent here, or was sent, or is named in a gap.
"""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from edge_lpr.core.log import Log
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.wire.gap import GapReason
from tests.support.clock import SetClock
from tests.support.outboxes import limits_of

MAXIMUM_UNSENT = 6
KEEP_SENT_S = 100
HOUR_S = 3_600

Number = tuple[str, int]


class OutboxMachine(RuleBasedStateMachine):
    """Keeps beside the real outbox plain lists of what it must hold and say."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = SetClock()
        self.boot = 0
        self.seq = 0
        self.unsent: list[Number] = []
        self.sent: dict[Number, int] = {}
        """When each was sent."""
        self.again: list[Number] = []
        self.told: dict[GapReason, set[Number]] = {reason: set() for reason in GapReason}
        """What signed gaps have said."""
        self.untold: dict[GapReason, set[Number]] = {reason: set() for reason in GapReason}
        """What gaps must still say."""
        self.last: Number | None = None

    @initialize()
    def open_outbox(self) -> None:
        self.outbox = Outbox(
            self.folder / "outbox.sqlite3",
            Log("test"),
            limits=limits_of(maximum_unsent=MAXIMUM_UNSENT, keep_sent_s=KEEP_SENT_S),
            clock=self.clock,
        )
        self.believed_from_ns = self.clock.now_monotonic_ns + HOUR_S * 1_000_000_000
        self.outbox.store_birth(self._boot_id(), b"birth")

    @rule()
    def new_boot(self) -> None:
        self.boot += 1
        self.seq = 0
        self.outbox.store_birth(self._boot_id(), b"birth")

    @rule(skipped=st.integers(0, 1))
    def insert(self, skipped: int) -> None:
        self.seq += 1 + skipped
        number = self._boot_id(), self.seq
        assert self.outbox.add_sighting(*number, document_of(number))
        self.unsent.append(number)
        self.last = number
        if len(self.unsent) > MAXIMUM_UNSENT:
            self.untold[GapReason.OUTBOX_FULL].add(self.unsent.pop(0))

    @precondition(lambda self: self.last is not None)
    @rule()
    def insert_the_last_one_again(self) -> None:
        assert self.last is not None
        assert not self.outbox.add_sighting(*self.last, document_of(self.last))

    @precondition(lambda self: self.unsent)
    @rule(choice=st.data())
    def acknowledge_some(self, choice: st.DataObject) -> None:
        on_their_way = self.outbox.oldest_unsent(4, except_places=(), with_asked_again=False)
        taken = choice.draw(st.lists(st.sampled_from(on_their_way), min_size=1, unique=True))
        assert self.outbox.mark_sent([each.place for each in taken]) == len(taken)
        for each in taken:
            number = number_of(each.document)
            self.unsent.remove(number)
            self.sent[number] = self.clock.unix_s()
        self._let_go_of_aged()

    @precondition(lambda self: self.again)
    @rule()
    def acknowledge_one_that_was_asked_for(self) -> None:
        given = self.outbox.oldest_unsent(100, except_places=())[len(self.unsent) :]
        assert self.outbox.mark_sent([given[0].place]) == 0
        self.again.remove(number_of(given[0].document))
        self._let_go_of_aged()

    @rule()
    def acknowledge_what_nobody_waits_for(self) -> None:
        assert self.outbox.mark_sent([-1]) == 0
        self._let_go_of_aged()

    @rule(seconds=st.integers(1, 70) | st.just(HOUR_S))
    def let_time_pass(self, seconds: int) -> None:
        self.clock.advance_s(seconds)

    @precondition(lambda self: self.last is not None)
    @rule(first=st.integers(1, 12), length=st.integers(1, 6))
    def ask_again(self, first: int, length: int) -> None:
        assert self.last is not None
        boot = self.last[0]
        numbers = [(boot, seq) for seq in range(first, first + length)]
        sent = [number for number in numbers if number in self.sent]
        assert self.outbox.ask_again(boot, first, first + length - 1) == len(sent)
        self.again += [number for number in sent if number not in self.again]
        # What the running boot has not made yet is not missing.
        end = self.seq if boot == self._boot_id() else first + length
        made = {number for number in numbers if number[1] <= end}
        missing = made - {*sent, *self.unsent}
        self.untold[GapReason.NOT_KEPT] |= missing

    @rule()
    def sign_a_gap(self) -> None:
        gap = self.outbox.next_gap()
        if gap is None:
            assert not any(self.untold.values()) or self._is_all_told()
            return
        wish = gap.wish
        numbers = {(wish.boot, seq) for seq in range(wish.first, wish.last + 1)}
        # A gap says what must be said, and nothing else.
        assert numbers <= self.untold[wish.reason] | self.told[wish.reason]
        assert not numbers & {*self.unsent, *self.sent}
        self.untold[wish.reason] -= numbers
        self.told[wish.reason] |= numbers
        self.outbox.store_gap(gap.place, repr(wish).encode())

    @rule()
    def acknowledge_a_gap(self) -> None:
        gap = self.outbox.pending_gap()
        if gap is None:
            return
        self.outbox.mark_gap_sent(gap.place)
        assert self.outbox.pending_gap() != gap

    @rule()
    def close_and_reopen(self) -> None:
        self.outbox.close()
        self.open_outbox()
        self.again = []

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
        self.again = []

    @invariant()
    def holds_what_it_must(self) -> None:
        given = [
            number_of(each.document) for each in self.outbox.oldest_unsent(99, except_places=())
        ]
        assert given == [*self.unsent, *self.again]
        assert self.outbox.unsent_count == len(self.unsent) <= MAXIMUM_UNSENT
        assert self.outbox.kept_count == len(self.sent)

    @invariant()
    def remembers_the_last_one(self) -> None:
        last = self.outbox.last_committed()
        assert (last and (last.boot, last.seq)) == self.last
        assert last is None or last.document == document_of((last.boot, last.seq))

    def teardown(self) -> None:
        self.outbox.close()
        shutil.rmtree(self.folder)

    def _boot_id(self) -> str:
        return f"{self.boot:016x}"

    def _let_go_of_aged(self) -> None:
        if self.clock.now_monotonic_ns < self.believed_from_ns:
            return
        oldest_kept_s = self.clock.unix_s() - KEEP_SENT_S
        self.sent = {
            number: sent_at
            for number, sent_at in self.sent.items()
            if sent_at >= oldest_kept_s or number == self.last
        }
        self.again = [number for number in self.again if number in self.sent]

    def _is_all_told(self) -> bool:
        """Return whether what must be said was said before, in another gap."""
        said = self.told[GapReason.NOT_KEPT] | self.told[GapReason.OUTBOX_FULL]
        return self.untold[GapReason.NOT_KEPT] | self.untold[GapReason.OUTBOX_FULL] <= said


def document_of(number: Number) -> bytes:
    return b"head.%s/%d" % (number[0].encode(), number[1])


def number_of(document: bytes) -> Number:
    boot, _, seq = document.removeprefix(b"head.").decode().partition("/")
    return boot, int(seq)


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
