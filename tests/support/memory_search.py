"""Look for plates in the memory of live processes, in every form in which it could hold them.

All plates that are looked for have the same three characters in the middle. Those are what the
memory is searched for, form by form; only where they are found are the whole plates compared. So
a thousand plates take no longer than one, and nothing is left out.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from edge_lpr.core.alphabet import PLATE_ALPHABET
from tests.support.waiting import wait_until

LEAD, MIDDLE, TAIL = 2, "X7K", 2
"""A plate is two characters, these three, and two more. None of the three is folded."""

PLATE_LENGTH: Final = LEAD + len(MIDDLE) + TAIL

_CAP_SYS_PTRACE: Final = 19
"""capabilities(7). Root in a container often lacks it."""


def _may_look_into_everything() -> bool:
    """Return whether this process may read the memory of one that is closed to its own user."""
    status = Path("/proc/self/status").read_text()
    (mask,) = [line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")]
    return bool(int(mask, 16) & 1 << _CAP_SYS_PTRACE)


LEFT_READABLE: Final = (
    ""
    if _may_look_into_everything()
    else "import edge_lpr.core.hardening as hardening\nhardening.forbid_inspection = lambda: None\n"
)
"""Put before a program that could not be looked into otherwise; else the real thing is searched."""

_CHUNK_BYTES: Final = 1 << 18
_FOLDED: Final = bytes.maketrans(b"ODQIZSBG", b"00012586")
_WIDEST_BYTES: Final = 8
_ORDERS: Final[tuple[Literal["little", "big"], ...]] = ("little", "big")


def numbered_plate(number: int) -> str:
    """Return one of a million different plates."""
    digits = []
    # Steps over the alphabet, so that plates that follow each other have little in common.
    number = number * 611_953 % 36 ** (LEAD + TAIL)
    for _ in range(LEAD + TAIL):
        number, place = divmod(number, 36)
        digits.append(chr(PLATE_ALPHABET[place]))
    return "".join(digits[:LEAD]) + MIDDLE + "".join(digits[LEAD:])


@dataclass(frozen=True)
class Form:
    """How a plate may lie in memory: numbers of one width, counted in one way."""

    name: str
    width: int
    order: Literal["little", "big"]
    numbers: tuple[int, ...]
    """For each place of the alphabet, what stands for it."""

    def of(self, text: str) -> bytes:
        """Return a text in this form."""
        places = [PLATE_ALPHABET.index(character) for character in text.encode()]
        return b"".join(self._element(self.numbers[place]) for place in places)

    def text_at(self, content: bytes, start: int) -> str | None:
        """Return the plate that begins there; ``None`` if that is none."""
        length = PLATE_LENGTH * self.width
        elements = content[max(start, 0) : start + length]
        if start < 0 or len(elements) != length:
            return None
        text = ""
        for place in range(0, length, self.width):
            number = int.from_bytes(elements[place : place + self.width], self.order)
            if number not in self.numbers:
                return None
            text += chr(PLATE_ALPHABET[self.numbers.index(number)])
        return text

    def _element(self, number: int) -> bytes:
        return number.to_bytes(self.width, self.order)


def _forms() -> Iterator[Form]:
    """Yield every form: text, and indices as we and as the network count them."""
    yield Form("ascii", 1, "little", tuple(PLATE_ALPHABET))
    yield Form("ascii in lower case", 1, "little", tuple(PLATE_ALPHABET.lower()))
    for bits in (16, 32):
        for order in _ORDERS:
            yield Form(f"utf-{bits}, {order}", bits // 8, order, tuple(PLATE_ALPHABET))
    for bits in (8, 16, 32, 64):
        # An array has the machine's own order of bytes.
        yield Form(f"indices of {bits} bits", bits // 8, "little", tuple(range(36)))
        yield Form(f"classes of {bits} bits", bits // 8, "little", tuple(range(1, 37)))


FORMS: Final = tuple(_forms())


def folded(plate: str) -> str:
    """Return a plate as the token's stretching sees it."""
    return plate.encode().translate(_FOLDED).decode()


def forms_found(process_id: int, plates: set[str]) -> set[str]:
    """Return in which forms any of the plates, or its folded form, is in a process's memory."""
    wanted = plates | {folded(plate) for plate in plates}
    found: set[str] = set()
    for content in memory_of(process_id):
        for form in FORMS:
            if form.name not in found and _holds(content, form, wanted):
                found.add(form.name)
    return found


def _holds(content: bytes, form: Form, wanted: set[str]) -> bool:
    """Return whether a piece of memory holds a plate in a form."""
    middle = form.of(MIDDLE)
    place = content.find(middle)
    while place >= 0:
        if form.text_at(content, place - LEAD * form.width) in wanted:
            return True
        place = content.find(middle, place + 1)
    return False


def memory_of(process_id: int, overlap: int = PLATE_LENGTH * _WIDEST_BYTES) -> list[bytes]:
    """Return all that a process could write, in pieces; it stands still only while it is copied.

    Not while it is searched: on a busy machine that takes so long that the process, when it goes
    on, takes itself for hanging and ends.

    Args:
        process_id: A process that may be looked into.
        overlap: Bytes of the next piece that each piece has too, so that nothing is missed at a
            border.
    """
    folder = Path("/proc") / str(process_id)
    pieces: list[bytes] = []
    with standing_still(process_id), (folder / "mem").open("rb", buffering=0) as memory:
        for line in (folder / "maps").read_text().splitlines():
            addresses, permissions, *_ = line.split()
            start, end = (int(address, 16) for address in addresses.split("-"))
            if not permissions.startswith("rw"):
                continue
            for place in range(start, end, _CHUNK_BYTES):
                memory.seek(place)
                piece = memory.read(min(_CHUNK_BYTES + overlap, end - place))
                # Most of it is stacks and arenas that nobody has touched.
                if piece.count(0) != len(piece):
                    pieces.append(piece)
    return pieces


@contextmanager
def standing_still(process_id: int) -> Iterator[None]:
    """Stop a process, or its memory comes and goes while it is read."""
    os.kill(process_id, signal.SIGSTOP)
    try:
        state_file = Path("/proc") / str(process_id) / "stat"
        wait_until(lambda: state_file.read_text().rpartition(") ")[2].startswith("T"))
        yield
    finally:
        os.kill(process_id, signal.SIGCONT)
