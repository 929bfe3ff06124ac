"""What a booth's process may tell the service manager about itself, and how that is read again.

``systemctl status`` shows these sentences, and the screen at the booth is made from them
(``first_boot/``). They stand here, in one list, for two reasons. A process can say nothing but
what is listed: no plate, no token, no name that somebody else has chosen. And whoever reads takes
nothing else: a vision process that was taken over may send the service manager any text, but what
is not on the list never reaches the screen.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

from edge_lpr.core.clock import Clock
from edge_lpr.core.notify import ServiceNotifier

Saying: TypeAlias = Literal[
    "models_loading",
    "models_loaded",
    "camera_opening",
    "camera_delivers",
    "camera_works",
    "camera_silent",
    "camera_away",
    "camera_frozen",
    "camera_dark",
    "replay",
    "keys_until",
    "keys_absent",
    "keys_for_tests",
    "broker_waits",
    "broker_connecting",
    "broker_reached",
    "broker_unreachable",
    "broker_tls",
    "broker_refuses",
    "sighting_at",
    "sighting_before",
    "sightings_untold",
    "unsent",
]
"""Names of the sentences."""

SENTENCES: Final[Mapping[Saying, str]] = {
    "models_loading": "models are being loaded",
    "models_loaded": "models loaded",
    "camera_opening": "camera is being opened",
    "camera_delivers": "camera delivers {number} frames a second",
    "camera_works": "camera delivers frames",
    "camera_silent": "camera has not given a frame yet",
    "camera_away": "camera away since {number} s",
    "camera_frozen": "camera gives the same picture again and again",
    "camera_dark": "camera sees nothing but black",
    "replay": "frames come from files",
    "keys_until": "keys until {date}",
    "keys_absent": "no keys for today",
    "keys_for_tests": "test keys",
    "broker_waits": "waits for the tokeniser",
    "broker_connecting": "broker is being connected",
    "broker_reached": "broker reached",
    "broker_unreachable": "broker does not answer",
    "broker_tls": "broker and booth do not believe each other's certificates",
    "broker_refuses": "broker refuses this booth",
    "sighting_at": "last sighting accepted {time}",
    "sighting_before": "sightings were accepted",
    "sightings_untold": "hits are not told here",
    "unsent": "{number} sightings wait",
}
"""What is said; in braces a number of at most nine digits, a date or a time of the day, UTC."""

_PLACES: Final = {
    "{number}": "([0-9]{1,9})",
    "{date}": "([0-9]{4}-[0-9]{2}-[0-9]{2})",
    "{time}": "([0-9]{2}:[0-9]{2}:[0-9]{2})",
}
_BETWEEN: Final = "; "
_MAXIMUM_CHARACTERS: Final = 400
"""All sentences of one process together have fewer."""

MINIMUM_SPACING_NS: Final = 1_000_000_000
"""At most one notice a second and process, however fast things change."""


def _pattern(sentence: str) -> re.Pattern[str]:
    """Return what matches a sentence, whatever stands in its braces."""
    text = re.escape(sentence)
    for place, what in _PLACES.items():
        text = text.replace(re.escape(place), what)
    return re.compile(text)


_PATTERNS: Final = {saying: _pattern(sentence) for saying, sentence in SENTENCES.items()}


class StatusWords:
    """What one process says now, sentence by sentence; sent when it has changed."""

    def __init__(self, notifier: ServiceNotifier, clock: Clock) -> None:
        """Say nothing yet.

        Args:
            notifier: Takes the words to the service manager.
            clock: Its monotonic time keeps notices apart.
        """
        self._notifier = notifier
        self._clock = clock
        self._said = ""
        self._next_ns = clock.monotonic_ns()

    def say(self, sayings: Mapping[Saying, str], *, is_step: bool = False) -> None:
        """Say how the process is, unless that was said, or something else a moment ago.

        What comes too early is left out, not kept: the caller asks again within the second.

        Args:
            sayings: Names of sentences, in order, each with what stands in its braces; an empty
                text for those without.
            is_step: Whether it is said once, on the way of a start, and so at once.

        Raises:
            ValueError: What stands in the braces is neither number, date nor time.
        """
        text = _BETWEEN.join(_sentence(saying, value) for saying, value in sayings.items())
        now_ns = self._clock.monotonic_ns()
        if text == self._said or (now_ns < self._next_ns and not is_step):
            return
        self._said, self._next_ns = text, now_ns + MINIMUM_SPACING_NS
        self._notifier.status(text)


Teller: TypeAlias = Callable[[], Mapping[Saying, str]]
"""Returns what a process says now; for any thread."""


def read_status(untrusted_text: str) -> dict[Saying, str]:
    """Return the sentences of the list that a status text consists of; the rest is left out.

    Args:
        untrusted_text: What a process has told the service manager.

    Returns:
        Names of sentences, each with what stands in its braces, or an empty text.
    """
    found: dict[Saying, str] = {}
    for part in untrusted_text[:_MAXIMUM_CHARACTERS].split(_BETWEEN):
        for saying, pattern in _PATTERNS.items():
            match = pattern.fullmatch(part)
            if match is not None:
                found[saying] = match[1] if pattern.groups else ""
    return found


def _sentence(saying: Saying, value: str) -> str:
    """Return one sentence with what stands in its braces."""
    sentence = SENTENCES[saying]
    for place in _PLACES:
        sentence = sentence.replace(place, value)
    if _PATTERNS[saying].fullmatch(sentence) is None:
        raise ValueError(f"{saying}: takes a number, a date or a time, and nothing else")
    return sentence
