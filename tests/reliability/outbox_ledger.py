"""What an outbox has promised, and whether it kept it: the judge of kills and power cuts.

Fed with the journal of ``outbox_workload.py`` and, after each crash, with what the outbox then
holds. A step that was announced and not confirmed may have happened or not; nothing else may
differ.
"""

from collections import Counter
from dataclasses import dataclass, field

from tests.reliability.outbox_workload import MAXIMUM_UNSENT, Note, Number


@dataclass(slots=True)
class Ledger:
    """One outbox from its making on."""

    unsent: list[Number] = field(default_factory=list)
    """What must be unsent, the oldest first."""
    committed: set[Number] = field(default_factory=set)
    """Everything that was ever confirmed, or found."""
    gone: set[Number] = field(default_factory=set)
    """What had to go unsent, and nobody was told of yet."""
    last: Number | None = None
    """The newest confirmed one."""
    wanted: Note | None = None
    """The step that is announced and not confirmed."""
    faults: Counter[str] = field(default_factory=Counter)
    """``lost`` (and no gap says so), ``doubled`` (one that was sent is to be sent again, or lies
    there twice), ``reordered``, ``miscounted``, and ``untrue`` gaps."""

    def copy(self) -> "Ledger":
        """Return a ledger with the same promises and no faults."""
        return Ledger([*self.unsent], {*self.committed}, {*self.gone}, self.last, self.wanted)

    def hear(self, note: Note) -> None:
        """Take one line of the journal."""
        if "want" in note:
            self.wanted = note
            return
        if self.wanted is None:
            raise AssertionError("confirmed what was never announced")
        was_there = self.wanted["numbers"][0] in self.committed
        if note["done"] == "add" and note["is_new"] == was_there:
            self.faults["doubled"] += 1
        self._apply(self.wanted)
        self.wanted = None

    def see(self, state: Note) -> None:
        """Compare what the outbox holds after a crash with what it promised."""
        with_wanted = self.copy()
        if self.wanted is not None:
            with_wanted._apply(self.wanted)
        fitting = [
            each
            for each in (self, with_wanted)
            if (each.unsent, each.last) == (state["unsent"], state["last"])
            and each.gone == {*state["gone"]}
        ]
        if not fitting:
            self._find_fault(state["unsent"], {*state["gone"]}, with_wanted)
        if state["count"] != len(state["unsent"]):
            self.faults["miscounted"] += 1
        # What was found is the truth from here on, so that one fault is counted once.
        self.unsent, self.last, self.gone = [*state["unsent"]], state["last"], {*state["gone"]}
        self.committed |= {*state["unsent"]}
        self.wanted = None

    def _apply(self, step: Note) -> None:
        """Do a step."""
        numbers = step["numbers"]
        if step["want"] == "tell":
            self.gone -= {*numbers}
        elif step["want"] == "mark":
            self.unsent = [number for number in self.unsent if number not in numbers]
        elif numbers[0] not in self.committed:
            self.unsent.append(numbers[0])
            self.committed.add(numbers[0])
            self.last = numbers[0]
            if len(self.unsent) > MAXIMUM_UNSENT:
                self.gone.add(self.unsent.pop(0))

    def _find_fault(self, found: list[Number], gone: set[Number], with_wanted: "Ledger") -> None:
        """Name what differs."""
        must = {*self.unsent} & {*with_wanted.unsent}
        may = {*self.unsent} | {*with_wanted.unsent}
        lost = len(must - {*found} - gone)
        untrue = len(gone - self.gone - with_wanted.gone)
        doubled = len(found) - len({*found} & may)
        self.faults["lost"] += lost
        self.faults["doubled"] += doubled
        self.faults["untrue"] += untrue
        if not lost and not doubled and not untrue:
            self.faults["reordered"] += 1
