"""A message as the broker delivered it, and the right to acknowledge it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """Untrusted from end to end."""

    untrusted_topic: str
    """Topic as delivered."""
    untrusted_payload: bytes
    """Payload as delivered, bounded by the longest packet that is taken."""
    is_retained: bool
    """Whether the broker had kept it, so that it says nothing about now."""
    acknowledge: Callable[[], None]
    """Tells the broker that it may be forgotten; may be called twice."""
