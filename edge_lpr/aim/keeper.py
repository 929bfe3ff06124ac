"""What a session may do, and what of it is recorded: it asks vision, keeps lanes, and ends in time.

Here is bounded what vision can tell anybody, who may have been taken over: outlines once a second,
gauges and counters every five, one sketch and one size of the picture a session. When within its
second it answers is not bounded; SECURITY.md counts that. A page that somebody has taken over gets
no more than a page.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from edge_lpr.aim.entry import SESSION_S, Entry
from edge_lpr.aim.keeper_link import Message
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import AuditError, EdgeLprError, HandoffError
from edge_lpr.core.settings import LaneSection
from edge_lpr.handoff.aim_message import AimFrame, Sketch, lanes_fingerprint
from edge_lpr.installation.lanes import MAXIMUM_LANES, checked_lanes
from edge_lpr.wire.health import two_digits

FRAME_INTERVAL_S: Final = 1.0
"""Shortest time between two questions to vision."""

NUMBERS_INTERVAL_S: Final = 5.0
"""Gauges and counters that come sooner are not passed on: nobody reads them so fast."""

_MOST_COUNTED: Final = 9_900_000
"""Two digits of it are told."""

_NANOSECONDS: Final = 1_000_000_000
_MAXIMUM_CODE_CHARACTERS: Final = 64
_MAXIMUM_FAULT_CHARACTERS: Final = 500


class Booth(Protocol):
    """What of the booth a session reaches."""

    def ask_vision(self) -> AimFrame:
        """Ask vision for what to show.

        Raises:
            HandoffError: It is away, busy, or says what it may not.
        """
        ...

    def lanes(self) -> tuple[LaneSection, ...]:
        """Return the lanes of the settings.

        Raises:
            SettingsError: They cannot be read.
        """
        ...

    def save_lanes(self, lanes: Sequence[LaneSection]) -> None:
        """Keep lanes, and start what works with them anew.

        Raises:
            EdgeLprError: They are not kept.
        """
        ...


class Keeper:
    """One session; for one thread."""

    def __init__(
        self,
        booth: Booth,
        record: Callable[..., None],
        clock: Clock,
        session_s: float = SESSION_S,
    ) -> None:
        """Begin a session, once that is recorded.

        Args:
            booth: What it reaches.
            record: Of the audit: an event and details about it.
            clock: Its monotonic time ends the session.
            session_s: How long it may last.

        Raises:
            AuditError: It cannot be recorded, so there is none.
        """
        self._booth = booth
        self._record = record
        self._clock = clock
        record("aim_began")
        self._began_s = self._now_s()
        self._entry = Entry(self._began_s, session_s)
        self._is_in = False
        self._wants_end = False
        self._number = 0
        self._asked_s: float | None = None
        self._frame: Message = {}
        self._sketch: Sketch | None = None
        self._fingerprint: int | None = None
        self._size_px = (0, 0)
        self._numbers: Message = {}
        self._numbers_s: float | None = None
        self._counted_before: Mapping[str, int] | None = None
        self._newest_frames = 0

    @property
    def code(self) -> str:
        """What lets the technician in, once."""
        return self._entry.code

    def left_s(self) -> float:
        """Return how long the session still lasts."""
        return self._entry.left_s(self._now_s())

    def reason_to_end(self) -> str | None:
        """Return why the session is over, or ``None`` while it is not."""
        return "asked_for" if self._wants_end else self._entry.reason_to_end(self._now_s())

    def end(self, reason: str) -> None:
        """Record that it is over.

        Args:
            reason: A word.

        Raises:
            AuditError: It cannot be recorded.
        """
        lasted_s = round(self._now_s() - self._began_s)
        self._record(
            "aim_ended", reason=reason, seconds=lasted_s, wrong_codes=self._entry.wrong_codes
        )

    def answer(self, untrusted_question: Message) -> Message:
        """Answer the page.

        Args:
            untrusted_question: Of a page that may be anybody's.

        Raises:
            HandoffError: It is none that a page asks, or nobody has given the code yet.
        """
        question = untrusted_question.get("ask")
        if question == "enter":
            return self._enter(untrusted_question.get("code"))
        if not self._is_in:
            raise HandoffError("the page asks before anybody has come in")
        if question == "frame":
            return self._newest_frame()
        if question == "lanes":
            return {"lanes": [lane.model_dump(mode="json") for lane in self._booth.lanes()]}
        if question == "sketch":
            return {"sketch": None if self._sketch is None else _shown(self._sketch)}
        if question == "save":
            return self._save(untrusted_question.get("lanes"))
        if question == "end":
            self._wants_end = True
            return {}
        raise HandoffError("the page asks for what there is not")

    def _enter(self, untrusted_code: object) -> Message:
        """Judge a code."""
        code = str(untrusted_code)[:_MAXIMUM_CODE_CHARACTERS]
        answer = self._entry.enter(code, self._now_s())
        self._is_in = self._is_in or answer == "welcome"
        return {"entry": answer, "tries_left": self._entry.tries_left}

    def _newest_frame(self) -> Message:
        """Return what vision says, asked for at most once a second."""
        now_s = self._now_s()
        if self._asked_s is None or now_s - self._asked_s >= FRAME_INTERVAL_S:
            self._asked_s = now_s
            self._number += 1
            self._frame = {"number": self._number, **self._asked()}
        return {
            **self._frame,
            "ends_in_s": round(self._entry.left_s(now_s)),
            "has_sketch": self._sketch is not None,
        }

    def _asked(self) -> Message:
        """Ask vision once."""
        try:
            frame = self._booth.ask_vision()
            if self._fingerprint is None:
                self._fingerprint = lanes_fingerprint(self._booth.lanes())
        except EdgeLprError:
            return {"vision": "silent"}
        # The first is the session's: what a vision that somebody has taken over draws is one.
        self._sketch = self._sketch or frame.sketch
        sees = frame.width_px > 0 and frame.height_px > 0
        if sees and self._size_px == (0, 0):
            self._size_px = frame.width_px, frame.height_px
        self._take_numbers(frame)
        return {
            "vision": "answers",
            "sees": sees,
            "size_px": self._size_px,
            "is_in_force": frame.lanes_fingerprint == self._fingerprint,
            **self._numbers,
            "outlines": [
                [each.across, each.down, each.width, each.tilt, each.is_tall]
                for each in frame.outlines
            ],
        }

    def _take_numbers(self, frame: AimFrame) -> None:
        """Take gauges and counters, if that was a while ago."""
        now_s = self._now_s()
        if self._numbers_s is not None and now_s - self._numbers_s < NUMBERS_INTERVAL_S:
            return
        self._numbers_s = now_s
        frames = frame.counters["frames"]
        if self._counted_before is None:
            self._counted_before = frame.counters
        elif frames < self._newest_frames:
            # Vision has begun anew, and counts from zero.
            self._counted_before = dict.fromkeys(frame.counters, 0)
        self._newest_frames = frames
        since = {
            name: number - self._counted_before[name] for name, number in frame.counters.items()
        }
        self._numbers = {
            "gauges": dict(frame.gauges),
            "counters": {
                name: two_digits(min(max(number, 0), _MOST_COUNTED))
                for name, number in since.items()
            },
        }

    def _save(self, untrusted_lanes: object) -> Message:
        """Keep lanes, once that is recorded."""
        # Counted first: of each that is wrong, something would be said.
        if not isinstance(untrusted_lanes, list) or len(untrusted_lanes) > MAXIMUM_LANES:
            return {"fault": f"lanes: there must be 1 to {MAXIMUM_LANES}"}
        try:
            lanes = checked_lanes(json.dumps(untrusted_lanes).encode())
            fingerprint = lanes_fingerprint(lanes)
            self._record("lanes_saved", lanes=len(lanes), fingerprint=f"{fingerprint:08x}")
            # Also a save that fails may have come as far as the settings: they are read again.
            self._fingerprint = None
            self._booth.save_lanes(lanes)
        except AuditError as error:
            fault = f"this booth cannot record what is done, so nothing is done: {error}"
            return {"fault": fault[:_MAXIMUM_FAULT_CHARACTERS]}
        except EdgeLprError as error:
            return {"fault": str(error)[:_MAXIMUM_FAULT_CHARACTERS]}
        except RecursionError:
            return {"fault": "lanes: they are none"}
        return {}

    def _now_s(self) -> float:
        """Return the monotonic time."""
        return self._clock.monotonic_ns() / _NANOSECONDS


def _shown(sketch: Sketch) -> Message:
    """Return a sketch as a page draws it."""
    return {"columns": sketch.columns, "rows": sketch.rows, "cells": list(sketch.cells)}
