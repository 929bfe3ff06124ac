"""The 36 characters a plate is made of, and their class indices.

On the device a plate is an array of these indices and never a ``str``: ordinary Python
strings outlive their last use in process memory (see docs/decisions/0002). Text is turned
into indices and back only in the laboratory and on servers.
"""

from typing import Final

PLATE_ALPHABET: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""ASCII characters in class-index order: index 0 is ``0``, index 35 is ``Z``."""

MIN_PLATE_LENGTH: Final = 2
"""Shortest canonical plate, in characters (token suite 1)."""

MAX_PLATE_LENGTH: Final = 12
"""Longest canonical plate, in characters (token suite 1)."""
