"""A keeper of the aim page with a booth whose vision says what a test puts there."""

from collections.abc import Sequence

from edge_lpr.aim.keeper import Keeper
from edge_lpr.aim.keeper_link import Message
from edge_lpr.core.errors import AuditError
from edge_lpr.core.settings import LaneSection
from edge_lpr.core.vision_counts import VISION_COUNTERS
from edge_lpr.handoff.aim_message import AimFrame, Outline, lanes_fingerprint
from tests.support.clock import SetClock

LANES = (LaneSection(number=1),)
OUTLINE = Outline(32, 40, 6, -2, is_tall=False)
FRAME = AimFrame(
    1280,
    720,
    lanes_fingerprint(LANES),
    {"plate_width_px": 130},
    dict.fromkeys(VISION_COUNTERS, 2),
    (OUTLINE,),
)


class ListedBooth:
    """A booth whose vision says what a list holds."""

    def __init__(self) -> None:
        self.frame = FRAME
        self.questions = 0
        self.saved: list[tuple[LaneSection, ...]] = []
        self.fault: Exception | None = None
        self.late_fault: Exception | None = None

    def ask_vision(self) -> AimFrame:
        self.questions += 1
        if self.fault is not None:
            raise self.fault
        return self.frame

    def lanes(self) -> tuple[LaneSection, ...]:
        return self.saved[-1] if self.saved else LANES

    def save_lanes(self, lanes: Sequence[LaneSection]) -> None:
        if self.fault is not None:
            raise self.fault
        self.saved.append(tuple(lanes))
        if self.late_fault is not None:
            raise self.late_fault


class Bench:
    """A keeper with all that it has."""

    def __init__(self) -> None:
        self.booth = ListedBooth()
        self.clock = SetClock()
        self.recorded: list[tuple[str, dict[str, str | int]]] = []
        self.audit_fault: AuditError | None = None
        self.keeper = Keeper(self.booth, self.record, self.clock)

    def record(self, event: str, **details: str | int) -> None:
        if self.audit_fault is not None:
            raise self.audit_fault
        self.recorded.append((event, details))

    def ask(self, question: str, **details: object) -> Message:
        return self.keeper.answer({"ask": question, **details})

    def enter(self) -> None:
        assert self.ask("enter", code=self.keeper.code)["entry"] == "welcome"
