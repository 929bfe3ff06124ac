"""One line of the report, and which of them comes first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from edge_lpr.core.check_words import Verdict
from edge_lpr.diagnostics.codes import RANKS

_WEIGHT: Final[Mapping[Verdict, int]] = {"bad": 2, "warning": 1, "good": 0, "not_known": 0}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one thing."""

    area: str
    """Of ``codes.AREAS``."""
    name: str
    """What was looked at: a check of ``check_words.py``, or one of the machine's."""
    verdict: Verdict
    evidence: str
    """What was seen, in words and numbers."""
    code: str = ""
    """Of ``codes.CODES``, where the verdict is bad or a warning."""
    numbers: Mapping[str, int] = field(default_factory=dict)
    """The same for programs."""


def worst(findings: Sequence[Finding]) -> Verdict:
    """Return the verdict about all.

    Args:
        findings: Any number.
    """
    weights = [_WEIGHT[finding.verdict] for finding in findings]
    if not weights or max(weights) == 0:
        return "good"
    return "bad" if max(weights) > 1 else "warning"


def first_cause(findings: Sequence[Finding]) -> Finding | None:
    """Return what comes first: of all that is bad, what makes the rest so; else of all warnings.

    Args:
        findings: All of a booth's.

    Returns:
        The one to see to first; ``None`` where nothing is wrong.
    """
    wrong = [finding for finding in findings if finding.code and _WEIGHT[finding.verdict]]
    return min(wrong, key=lambda each: (-_WEIGHT[each.verdict], RANKS[each.code]), default=None)
