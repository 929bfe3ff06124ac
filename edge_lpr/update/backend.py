"""RAUC's view of the slots: its interface for custom boot loaders, the same for every board.

RAUC calls ``get-primary``, ``set-primary SLOT``, ``get-state SLOT``, ``set-state SLOT good|bad``
and ``get-current``. What it calls *primary* after an installation is our trial, and what it calls
*good* is what the health gate has kept.

Source:
    RAUC 1.13, "Integration", section "Custom Bootloader Backend".
"""

from collections.abc import Sequence

from edge_lpr.core.errors import UpdateError
from edge_lpr.update.grub_slots import GrubSlots
from edge_lpr.update.jetson_slots import JetsonSlots
from edge_lpr.update.slots import SlotSwitch, as_slot
from edge_lpr.update.tryboot_slots import TrybootSlots


def slots_of(board: str) -> SlotSwitch:
    """Return the loader of a board.

    Args:
        board: As ``image.json`` names it.
    """
    if board == "rpi":
        return TrybootSlots()
    if board == "jetson":
        return JetsonSlots()
    return GrubSlots()


def answer(slots: SlotSwitch, words: Sequence[str]) -> str:
    """Do what RAUC asks for.

    Args:
        slots: The board's loader.
        words: What stands on the command line.

    Returns:
        What RAUC reads; an empty text where it reads nothing.

    Raises:
        UpdateError: RAUC does not ask so, or the loader's notes cannot be read or written.
    """
    if list(words) == ["get-primary"]:
        return slots.primary()
    if list(words) == ["get-current"]:
        return slots.current()
    if len(words) == 2 and words[0] == "get-state":  # noqa: PLR2004 - a word and a slot
        return "good" if slots.is_good(as_slot(words[1])) else "bad"
    if len(words) == 2 and words[0] == "set-primary":  # noqa: PLR2004
        slots.try_once(as_slot(words[1]))
        return ""
    if len(words) == 3 and words[0] == "set-state" and words[2] in ("good", "bad"):  # noqa: PLR2004
        (slots.mark_good if words[2] == "good" else slots.mark_bad)(as_slot(words[1]))
        return ""
    raise UpdateError(
        "RAUC's words are get-primary, get-current, get-state SLOT, set-primary SLOT and "
        "set-state SLOT good|bad"
    )
