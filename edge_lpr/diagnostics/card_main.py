"""``edge-lpr diagnose --card``: the pocket test for people and programs, and its record."""

import os
import sys
from pathlib import Path
from typing import Final

from edge_lpr.audit.record import record
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import AuditError
from edge_lpr.diagnostics.card import try_card
from edge_lpr.diagnostics.diagnosis import Diagnosis, Place
from edge_lpr.diagnostics.finding import Finding, first_cause
from edge_lpr.diagnostics.report import as_json, as_text

_SHOW = (
    "Show the card now, for up to {wait_s:.0f} seconds: flat and upright, where plates\n"
    "pass, and carry it slowly the way vehicles drive. Then put it away.\n"
)
_SOUND: Final = (
    "From the card to its token everything is right. The way to the broker is not part of this "
    "test: `diagnose` tells of it."
)


def run_card(place: Place, clock: Clock, *, wait_s: float, is_json: bool) -> bool:
    """Make the test, say how it went, and keep a record of it.

    Args:
        place: Which booth.
        clock: The machine's.
        wait_s: How long to wait for the card.
        is_json: Whether to speak to a program.

    Returns:
        Whether the booth has passed.
    """

    def began() -> None:
        if not is_json:
            sys.stdout.write(_SHOW.format(wait_s=wait_s))
            sys.stdout.flush()

    # A trial, or somebody whom no process answers, leaves no record.
    is_recorded = place.root == Path("/") and os.geteuid() == 0
    try:
        if is_recorded:
            record("card_test_began")
    except AuditError as error:
        # Plates would be kept back, and nobody could know of it.
        finding = Finding("sandbox", "record", "bad", str(error), "LPR-A01")
        diagnosis = Diagnosis("", clock.unix_s(), (finding,))
    else:
        diagnosis = try_card(place, clock, began, wait_s=wait_s)
        if is_recorded:
            diagnosis = _recorded(diagnosis)
    first = first_cause(diagnosis.findings)
    if is_json:
        sys.stdout.write(as_json(diagnosis))
    else:
        result = "PASS" if first is None else f"FAIL  {first.code}"
        sys.stdout.write(f"{as_text(diagnosis, sound=_SOUND)}\n{result}\n")
    return first is None


def _recorded(diagnosis: Diagnosis) -> Diagnosis:
    """Record how it went; return it with what went wrong with that."""
    first = first_cause(diagnosis.findings)
    withheld = sum(each.numbers.get("withheld", 0) for each in diagnosis.findings)
    try:
        result = "pass" if first is None else first.code
        record("card_test_ended", result=result, withheld=withheld)
    except AuditError as error:
        finding = Finding("sandbox", "record", "bad", str(error), "LPR-A01")
        return Diagnosis(diagnosis.booth, diagnosis.at_s, (*diagnosis.findings, finding))
    return diagnosis
