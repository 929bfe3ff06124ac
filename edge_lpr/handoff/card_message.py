"""What vision and tokeniser say while the printed test card is shown (``docs/card.md``).

::

    vision, 12 bytes                       tokeniser, 5 bytes
    1  version, 1                          1  version, 1
    2  frames taken                        1  readings withheld as the card's
    2  of these, with a plate              1  fewest wrong characters; 4: none was like it
    2  width of the widest plate in px     1  whether another plate was read, 0 or 1
    2  least width of edges, 1/100 px      1  its token: place in ``VECTOR_STATES``
    2  plates read
    1  last way in which a plate was
       lost: place in ``LOSSES``

Since the test began. Vision does not know what the card says, so it tells of any plate, as it does
to every question; the tokeniser knows, and tells of other plates only whether there was one. All
numbers are bounded and checked at either end. The question's first parameter is 1 to begin anew and
0 to go on.
"""

import struct
from dataclasses import astuple, dataclass
from typing import Final, Literal, TypeAlias, get_args

from edge_lpr.core.errors import HandoffError
from edge_lpr.handoff.diagnosis_message import CARD, PARAMETER_BYTES, Question

Loss: TypeAlias = Literal[
    "none",
    "small",
    "unread",
    "read_too_seldom",
    "read_faintly",
    "disagreed",
    "never_moved",
    "repeated",
]
"""How a plate was not handed over, by the names of vision's counters."""

LOSSES: Final[tuple[Loss, ...]] = get_args(Loss)

VectorState: TypeAlias = Literal["not_made", "right", "wrong"]
"""Whether the token of a card that was read right is the one of the test key."""

VECTOR_STATES: Final[tuple[VectorState, ...]] = get_args(VectorState)

MOST: Final = 9999
"""Frames, readings, pixels are counted no further."""

MOST_WITHHELD: Final = 99

NOTHING_LIKE_IT: Final = 4
"""In place of a number of wrong characters: no reading was like the card's text."""

OPEN_NS: Final = 30_000_000_000
"""Each question keeps the test open for so long; who holds the card puts it away in that time."""

_VISION: Final = struct.Struct(">B5HB")
_TOKENISER: Final = struct.Struct(">5B")
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class CardSeen:
    """What vision says.

    Raises:
        HandoffError: A number is out of range.
    """

    frames: int
    plates: int
    """Frames with a plate in them."""
    width_px: int
    """Of the widest; 0 where there was none."""
    edge_hundredth_px: int
    """Width of edges of the sharpest plate, in its blunter direction; 0 where there was none."""
    readings: int
    loss: Loss
    """The last one."""

    def __post_init__(self) -> None:
        """Check everything, at either end."""
        numbers = astuple(self)[:-1]
        if not all(0 <= number <= MOST for number in numbers) or self.loss not in LOSSES:
            raise HandoffError("what vision says of the card is out of range")


@dataclass(frozen=True, slots=True)
class CardHeard:
    """What the tokeniser says.

    Raises:
        HandoffError: A number is out of range.
    """

    withheld: int
    """Readings that were the card's, or nearly, and so no passages."""
    wrong: int
    """Fewest wrong characters of one; ``NOTHING_LIKE_IT`` where there was none."""
    has_other: bool
    """Whether another plate was read."""
    vector: VectorState

    def __post_init__(self) -> None:
        """Check everything, at either end."""
        if not (0 <= self.withheld <= MOST_WITHHELD and 0 <= self.wrong <= NOTHING_LIKE_IT):
            raise HandoffError("what the tokeniser says of the card is out of range")


def card_question(*, begin: bool) -> Question:
    """Return the question, for either of them.

    Args:
        begin: Whether to forget what was seen before.
    """
    return Question(CARD, bytes([begin]) + bytes(PARAMETER_BYTES - 1))


def begins(question: Question) -> bool:
    """Return whether a question of the kind ``CARD`` begins anew.

    Args:
        question: As it came.

    Raises:
        HandoffError: Its parameters are none that it may have.
    """
    if question not in (card_question(begin=False), card_question(begin=True)):
        raise HandoffError("a question about the card is of another release")
    return bool(question.parameters[0])


def pack_seen(seen: CardSeen) -> bytes:
    """Return the body of vision's answer.

    Args:
        seen: What to say.
    """
    *numbers, loss = astuple(seen)
    return _VISION.pack(_VERSION, *numbers, LOSSES.index(loss))


def parse_seen(untrusted_body: bytes) -> CardSeen:
    """Check the body of vision's answer and take it apart.

    Args:
        untrusted_body: As received, of any length.

    Raises:
        HandoffError: Anything at all is not as the layout says.
    """
    if len(untrusted_body) != _VISION.size:
        raise HandoffError(f"what vision says of the card has {_VISION.size} bytes")
    version, frames, plates, width_px, edge, readings, loss = _VISION.unpack(untrusted_body)
    if version != _VERSION or loss >= len(LOSSES):
        raise HandoffError("what vision says of the card is of another release, or no loss")
    return CardSeen(frames, plates, width_px, edge, readings, LOSSES[loss])


def pack_heard(heard: CardHeard) -> bytes:
    """Return the body of the tokeniser's answer.

    Args:
        heard: What to say.
    """
    vector = VECTOR_STATES.index(heard.vector)
    return _TOKENISER.pack(_VERSION, heard.withheld, heard.wrong, heard.has_other, vector)


def parse_heard(untrusted_body: bytes) -> CardHeard:
    """Check the body of the tokeniser's answer and take it apart.

    Args:
        untrusted_body: As received, of any length.

    Raises:
        HandoffError: Anything at all is not as the layout says.
    """
    if len(untrusted_body) != _TOKENISER.size:
        raise HandoffError(f"what the tokeniser says of the card has {_TOKENISER.size} bytes")
    version, withheld, wrong, has_other, vector = _TOKENISER.unpack(untrusted_body)
    if version != _VERSION or has_other > 1 or vector >= len(VECTOR_STATES):
        raise HandoffError("what the tokeniser says of the card is of another release, or no state")
    return CardHeard(withheld, wrong, bool(has_other), VECTOR_STATES[vector])
