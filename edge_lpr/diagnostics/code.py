"""What a code says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One thing that can be wrong."""

    code: str
    """``LPR-``, a letter of its area, two digits; never given to anything else."""
    area: str
    """Of ``AREAS``."""
    title: str
    """What is wrong, in a few words."""
    cause: str
    """How that comes about, mostly."""
    remedy: str
    """What to do, first things first."""
