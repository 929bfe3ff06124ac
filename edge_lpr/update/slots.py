"""The two slots for a system, and which of them the firmware starts: one contract, three boards.

Every board's loader can do two things that all of this rests on: start the same slot again and
again, and start the other one *once*. A new system is started once; only if it marks itself as good
is it the one that is started from then on. Whatever happens before, be it a crash, a reset or a
power cut, leads back to the old one without anybody deciding it.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from edge_lpr.core.errors import UpdateError
from edge_lpr.update.running import SLOTS, Slot


@dataclass(frozen=True, slots=True)
class SlotNotes:
    """What a loader goes by. Pure: every change returns other notes."""

    order: tuple[Slot, ...]
    """Slots with a whole system, the one that was marked good last first; never empty."""
    trial: Slot | None = None
    """The slot to start once, next."""

    def trying(self, slot: Slot) -> "SlotNotes":
        """Return notes by which a slot is started once; the first one is started anyway.

        Args:
            slot: Holds a whole system.
        """
        return SlotNotes(self.order, None if slot == self.order[0] else slot)

    def with_good(self, slot: Slot) -> "SlotNotes":
        """Return notes by which a slot is started from now on.

        The one before stays in the order, for the loader that cannot read the first one.

        Args:
            slot: Has proved itself.
        """
        others = tuple(each for each in self.order if each != slot)
        return SlotNotes((slot, *others), None if self.trial == slot else self.trial)

    def without(self, slot: Slot, *, current: Slot) -> "SlotNotes":
        """Return notes by which a slot is never started; its content is about to change.

        Args:
            slot: The one to write to.
            current: The one that runs.

        Raises:
            UpdateError: The slot runs, or is the only one to go back to.
        """
        order = tuple(each for each in self.order if each != slot)
        if not order or slot == current:
            raise UpdateError(
                f"slot {slot} stays as it is: it runs, or is the only one with a good system"
            )
        return SlotNotes(order, None if self.trial == slot else self.trial)


class SlotSwitch(ABC):
    """What RAUC and the health gate ask of a board's loader.

    Every method raises ``UpdateError`` where the loader's notes are missing, damaged or cannot be
    written.
    """

    reboot_argument: str | None = None
    """What ``systemctl reboot`` hands to the firmware so that it starts the trial."""

    @abstractmethod
    def current(self) -> Slot:
        """Return the slot that this system was started from."""

    @abstractmethod
    def was_started_once(self) -> bool:
        """Return whether the loader has started this system as a trial."""

    @abstractmethod
    def read(self) -> SlotNotes:
        """Return what the loader goes by."""

    @abstractmethod
    def write(self, notes: SlotNotes) -> None:
        """Make the loader go by these from now on; a power cut leaves it with the ones before."""

    def is_trial(self) -> bool:
        """Return whether this start is a trial that nobody has ended yet."""
        return self.was_started_once() and self.read().order[0] != self.current()

    def primary(self) -> Slot:
        """Return the slot that is started next."""
        notes = self.read()
        return notes.trial or notes.order[0]

    def is_good(self, slot: Slot) -> bool:
        """Return whether a slot holds a whole system that was marked as good.

        Args:
            slot: Either one.
        """
        return slot in self.read().order

    def try_once(self, slot: Slot) -> None:
        """Start a slot at the next start, and only then.

        Args:
            slot: Has just been written.
        """
        self.write(self.read().trying(slot))

    def mark_good(self, slot: Slot) -> None:
        """Start a slot from now on.

        Args:
            slot: Has proved itself.
        """
        self.write(self.read().with_good(slot))

    def mark_bad(self, slot: Slot) -> None:
        """Never start a slot, from before the first byte of it changes.

        Args:
            slot: Refused for the one that runs, and for the last good one.
        """
        self.write(self.read().without(slot, current=self.current()))


def as_slot(untrusted_text: str) -> Slot:
    """Return the slot of that name.

    Args:
        untrusted_text: ``A`` or ``B``.

    Raises:
        UpdateError: There is no such slot.
    """
    for slot in SLOTS:
        if untrusted_text == slot:
            return slot
    raise UpdateError(f"there is no slot of that name; there are {' and '.join(SLOTS)}")


def slots_in(untrusted_text: str) -> tuple[Slot, ...]:
    """Return the slots that a text names, each once; what it names besides is passed over.

    Args:
        untrusted_text: Names with spaces between them.
    """
    words = dict.fromkeys(untrusted_text.split())
    return tuple(slot for word in words for slot in SLOTS if slot == word)
