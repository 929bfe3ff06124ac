"""The pocket test: somebody shows the printed card, and its whole way is looked at, to its token.

The tokeniser keeps the card's plate from being published while it is asked, so the test is recorded
before it begins and when it is over, with how many readings were kept back.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from edge_lpr.core.check_words import ProcessName
from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import HandoffError, NeighbourAwayError, SettingsError
from edge_lpr.core.settings import BoothSettings, load_settings
from edge_lpr.diagnostics.card_words import card_findings, has_passed
from edge_lpr.diagnostics.diagnosis import Diagnosis, Place
from edge_lpr.diagnostics.finding import Finding
from edge_lpr.diagnostics.units import ask_units
from edge_lpr.diagnostics.words import finding_of
from edge_lpr.handoff.card_message import (
    CardHeard,
    CardSeen,
    card_question,
    parse_heard,
    parse_seen,
)
from edge_lpr.handoff.diagnosis_desk import SOCKET_FOLDER, ask
from edge_lpr.handoff.diagnosis_message import CHECKS, Question

WAIT_S: Final = 50.0
"""How long the card is waited for: with what the test itself takes, less than a minute."""

_LOOK_EVERY_S: Final = 1.0
_NS_PER_S: Final = 1_000_000_000


class _ProcessAwayError(Exception):
    """A process cannot be asked."""

    def __init__(self, finding: Finding) -> None:
        """Say which, and how.

        Args:
            finding: About the process.
        """
        super().__init__(finding.evidence)
        self.finding = finding


def try_card(
    place: Place, clock: Clock, began: Callable[[], None], *, wait_s: float = WAIT_S
) -> Diagnosis:
    """Wait for the card, until it has come the whole way or the time is over.

    Args:
        place: Which booth.
        clock: The machine's.
        began: Called once both processes look out for the card: show it now.
        wait_s: How long to wait.

    Returns:
        A finding for each step of the card's way; or what keeps it from being tried.
    """
    try:
        settings = load_settings(place.settings_file)
    except SettingsError as error:
        code = "LPR-I02" if place.settings_file.exists() else "LPR-I01"
        finding = Finding("settings", "settings", "bad", str(error), code)
        return Diagnosis("", clock.unix_s(), (finding,))
    return Diagnosis(
        f"{settings.booth.site}/{settings.booth.device}",
        clock.unix_s(),
        tuple(_findings(settings, clock, began, wait_s)),
    )


def _findings(
    settings: BoothSettings, clock: Clock, began: Callable[[], None], wait_s: float
) -> Iterator[Finding]:
    """Show and look."""
    desks = _Desks(settings)
    try:
        seen, heard = desks.look(begin=True)
        began()
        give_up_ns = clock.monotonic_ns() + round(wait_s * _NS_PER_S)
        while heard.vector == "not_made" and clock.monotonic_ns() < give_up_ns:
            time.sleep(_LOOK_EVERY_S)
            seen, heard = desks.look(begin=False)
        if not has_passed(heard):
            yield from desks.camera_faults()
        yield from card_findings(seen, heard)
    except _ProcessAwayError as away:
        yield away.finding


class _Desks:
    """Where the two processes are asked."""

    def __init__(self, settings: BoothSettings) -> None:
        """Find out where they are, and which of them runs."""
        self._units = ask_units()
        self._paths: dict[ProcessName, Path] = {
            "vision": settings.vision.diagnosis_socket or SOCKET_FOLDER / "vision.sock",
            "tokeniser": settings.tokeniser.diagnosis_socket or SOCKET_FOLDER / "tokeniser.sock",
        }

    def look(self, *, begin: bool) -> tuple[CardSeen, CardHeard]:
        """Ask both; the tokeniser first, so that no card gets by it."""
        question = card_question(begin=begin)
        try:
            heard = parse_heard(self._asked("tokeniser", question))
            return parse_seen(self._asked("vision", question)), heard
        except HandoffError as error:
            finding = Finding("processes", "answers", "bad", str(error), "LPR-U03")
            raise _ProcessAwayError(finding) from error

    def camera_faults(self) -> Iterator[Finding]:
        """Say what is wrong with the camera, which comes before everything of the card."""
        try:
            answer = ask(self._paths["vision"], "vision", Question(CHECKS))
        except HandoffError:
            # It answered about the card a moment ago; that says more.
            return
        findings = map(finding_of, answer.checks)
        yield from (each for each in findings if each.area == "camera" and each.verdict == "bad")

    def _asked(self, process: ProcessName, question: Question) -> bytes:
        """Ask one process; a question at the socket of one that does not run would start it."""
        unit = self._units[process]
        if unit.is_known and not unit.is_up:
            said, code = ("starts", "LPR-U04") if unit.starts else ("not running", "LPR-U02")
            raise _ProcessAwayError(Finding("processes", process, "bad", said, code))
        try:
            return ask(self._paths[process], process, question).body
        except NeighbourAwayError as error:
            code = "LPR-U03" if unit.is_known else "LPR-U02"
            finding = Finding("processes", process, "bad", "nobody answers", code)
            raise _ProcessAwayError(finding) from error
