"""What a drill has found, as JSON keeps it: figures and sentences, never a plate or a token."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge_lpr.core.errors import SettingsError
from edge_lpr.drill.checks import Check
from edge_lpr.drill.controls import Control
from edge_lpr.drill.linking import TimingLinks
from edge_lpr.drill.rows import Counted, Row


@dataclass(frozen=True, slots=True)
class Facts:
    """What was drilled."""

    version: str
    """Of this software."""
    shape: str
    """Name of the plate space."""
    seed: int
    """Of the crowd."""
    cheap: int
    """Passages at the laboratory cost."""
    real: int
    """Passages at the real cost."""
    plates: int
    """Different plates that passed."""
    tried: int
    """Plates in the thief's dictionary at the laboratory cost."""
    tried_real: int
    """The same at the real cost."""
    messages: int
    """Messages that were recorded."""
    deliveries: int
    """Deliveries of keys among them."""
    tokens_a_second: float
    """Tokens that this machine makes in a second at the real cost, one after the other."""
    cores: int
    """Processor cores of this machine."""
    memory_read: bool
    """Whether this user could read a tokeniser's memory."""
    store: str
    """Which database the central server had."""
    seconds: int
    """How long the drill took."""


@dataclass(frozen=True, slots=True)
class DrillResult:
    """Everything that the page and the terminal show."""

    facts: Facts
    """What was drilled."""
    rows: tuple[Row, ...]
    """The table, row by row."""
    controls: tuple[Control, ...]
    """What had to succeed."""
    checks: tuple[Check, ...]
    """Further questions."""
    timing: tuple[TimingLinks, ...]
    """What time and lane link, by the resolution of times."""

    @property
    def holds(self) -> bool:
        """Whether the table is right and the drill could have failed."""
        return bool(self.rows and self.controls and self.checks) and not self.faults()

    def faults(self) -> list[str]:
        """Return what does not hold, by name."""
        return [
            *(row.name for row in self.rows if not row.holds),
            *(control.name for control in self.controls if not control.holds),
            *(check.name for check in self.checks if not check.holds),
        ]

    def to_json(self) -> str:
        """Return the text of the file that ``read_result`` reads."""
        return json.dumps(asdict(self), indent=1) + "\n"


def read_result(path: Path) -> DrillResult:
    """Read a result that a drill has written.

    Args:
        path: Its JSON.

    Raises:
        SettingsError: It is none.
    """
    try:
        content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return DrillResult(
            facts=Facts(**content["facts"]),
            rows=tuple(_row(each) for each in content["rows"]),
            controls=tuple(Control(**each) for each in content["controls"]),
            checks=tuple(Check(**each) for each in content["checks"]),
            timing=tuple(TimingLinks(**each) for each in content["timing"]),
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SettingsError(f"{path}: is no result of a breach drill") from error


def _row(content: Mapping[str, Any]) -> Row:
    """Return a row."""
    counted = {name: Counted(**content[name]) for name in ("expected", "found")}
    return Row(**{**content, **counted})
