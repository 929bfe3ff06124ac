"""The steps from a flashed card to the first sighting, and how far each is: every rule, no I/O.

What is asked of the machine is gathered in ``facts.py``. A step's number is what the status LED
blinks (docs/first-boot.md).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.service import EXIT_MISCONFIGURED
from edge_lpr.core.status_words import SENTENCES, Saying
from edge_lpr.first_boot.facts import Facts
from edge_lpr.first_boot.service_manager import UnitFacts

State: TypeAlias = Literal["waiting", "working", "done", "failed"]
"""``waiting``: for somebody or something outside; ``working``: it takes a moment; ``failed``: it
does not get better by itself."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far one step is."""

    name: str
    """One word."""
    state: State
    """See ``State``."""
    sentence: str
    """What there is; or what is missing, and what to do."""


def judge(facts: Facts) -> tuple[Step, ...]:
    """Return how far each step is, in the order in which they are gone.

    Args:
        facts: What was seen of the machine.
    """
    return tuple(Step(name, *rule(facts)) for name, rule in _RULES.items())


_Finding: TypeAlias = tuple[State, str]


def _disk(facts: Facts) -> _Finding:
    """Return whether what is written can be written."""
    if facts.has_state:
        return "done", "the encrypted partition is open"
    if facts.disk.is_failed:
        return "failed", "the encrypted partition cannot be opened: another board, or a worn card"
    return "working", "the encrypted partition is being made and opened"


def _settings(facts: Facts) -> _Finding:
    """Return whether the installer's answers can be used."""
    if facts.faults:
        return "failed", facts.faults[0]
    if facts.settings_fault:
        state: State = "failed" if facts.configure.is_over else "working"
        return state, facts.settings_fault
    return "done", facts.booth


def _network(facts: Facts) -> _Finding:
    """Return whether the booth has an address."""
    if facts.addresses:
        return "done", "  ".join(facts.addresses)
    if not facts.has_link:
        return "waiting", "no link: plug in the network cable"
    return "working", "there is a link, but no address yet: does the network give one (DHCP)?"


def _time(facts: Facts) -> _Finding:
    """Return whether the clock can be believed."""
    if facts.time is TimeQuality.NTP:
        return "done", "set by the time server"
    if facts.time is TimeQuality.RTC:
        return "done", "kept by the booth's own clock; the time server was not heard"
    if facts.time is TimeQuality.SAVED:
        return "working", "goes on from the last start; the time server was not heard yet"
    return "waiting", "the clock was reset: a time server must be reached (time_server)"


def _keys(facts: Facts) -> _Finding:
    """Return whether there are keys: the booth's own, and once it is enrolled those of today."""
    said = facts.tokeniser.said
    # Before the standing: an enrolled booth that is started again is at work before it is told.
    if "keys_absent" in said:
        return "waiting", "no token keys for today: the key custodian must issue them"
    if "keys_until" in said:
        test = ", test keys" if "keys_for_tests" in said else ""
        return "done", f"{_kept(facts)}; token keys until {said['keys_until']}{test}"
    if facts.standing is None and _is_enrolled(facts):
        return _not_said(facts, facts.tokeniser, is_working=False)
    return _own_keys(facts)


def _own_keys(facts: Facts) -> _Finding:
    """Return whether the booth has made its own keys, by what is told of its enrolment."""
    standing = facts.standing
    if standing is None or standing.stage in ("settings", "time"):
        return "waiting", "made once there are answers, and the time"
    if standing.fingerprint or standing.stage == "enrolled":
        return "done", _kept(facts)
    if standing.stage == "failed":
        return "failed", standing.sentence
    return "working", "they are being made"


def _kept(facts: Facts) -> str:
    """Return where the keys are."""
    return "sealed by the TPM" if facts.is_sealed else "in plain files: no TPM, so custody tier C"


def _approval(facts: Facts) -> _Finding:
    """Return whether the key custodian has approved."""
    standing = facts.standing
    if _is_enrolled(facts):
        return "done", "the key custodian has approved"
    if standing is None:
        return "waiting", "asked for once there are keys"
    if standing.stage in ("refused", "failed"):
        return "failed", standing.sentence
    if standing.stage in ("approval", "service", "files"):
        return "waiting", standing.sentence
    return "waiting", "asked for once there are keys"


def _models(facts: Facts) -> _Finding:
    """Return whether the networks that read are loaded."""
    said = facts.vision.said
    if "models_loaded" in said:
        return "done", "loaded"
    return _not_said(facts, facts.vision, is_working="models_loading" in said)


def _camera(facts: Facts) -> _Finding:
    """Return whether frames come."""
    said = facts.vision.said
    for saying in ("camera_delivers", "camera_works", "replay"):
        if saying in said:
            return "done", _sentence(saying, said)
    for saying, advice in _CAMERA_ADVICE.items():
        if saying in said:
            return "waiting", f"{_sentence(saying, said)}: {advice}"
    if "models_loaded" in said and facts.vision.starts_again:
        return "waiting", f"the camera does not open: {_CAMERA_ADVICE['camera_away']}"
    return _not_said(facts, facts.vision, is_working="camera_opening" in said)


def _broker(facts: Facts) -> _Finding:
    """Return whether the broker takes sightings."""
    said = facts.publisher.said
    if "broker_reached" in said:
        return "done", "reached"
    for saying, advice in _BROKER_ADVICE.items():
        if saying in said:
            return "waiting", f"{SENTENCES[saying]}: {advice}"
    if facts.publisher.is_active and "broker_waits" in said:
        return _not_said(facts, facts.tokeniser, is_working=True)
    return _not_said(facts, facts.publisher, is_working="broker_connecting" in said)


def _sighting(facts: Facts) -> _Finding:
    """Return whether the broker has taken a sighting."""
    said = facts.publisher.said
    for saying in ("sighting_at", "sighting_before", "sightings_untold"):
        if saying in said:
            zone = " UTC" if saying == "sighting_at" else ""
            return "done", _sentence(saying, said) + zone
    if "unsent" in said:
        return "working", f"{_sentence('unsent', said)} for the broker"
    return "waiting", "none yet: let a vehicle drive past the camera"


def _is_enrolled(facts: Facts) -> bool:
    """Return whether this booth has been enrolled, at this start or an earlier one."""
    if facts.standing is not None:
        return facts.standing.stage == "enrolled"
    # At a later start nothing is told of the enrolment, but what cannot run without it runs.
    return "keys_until" in facts.tokeniser.said or bool(facts.publisher.said)


def _not_said(facts: Facts, unit: UnitFacts, *, is_working: bool) -> _Finding:
    """Return how a process is that says nothing of a step, or nothing yet."""
    if unit.is_failed and unit.exit_status == EXIT_MISCONFIGURED:
        return "failed", f"{unit.name} cannot start: its settings, keys or models are wrong"
    if unit.is_failed:
        return "failed", f"{unit.name} has ended again and again; it rests and is tried again"
    if unit.starts_again:
        return "waiting", f"{unit.name} has ended and is started again"
    if unit.is_active or is_working:
        return "working", f"{unit.name} is at it"
    if _is_enrolled(facts):
        # Between the approval and its start, too: nobody shall reach for the plug at once.
        return "waiting", f"{unit.name} does not run yet; if not in 5 minutes, start the booth anew"
    return "waiting", "starts once the booth is enrolled"


def _sentence(saying: Saying, said: Mapping[Saying, str]) -> str:
    """Return what a process has said."""
    value = said[saying]
    return SENTENCES[saying].format(number=value, date=value, time=value)


_CAMERA_ADVICE: Final[Mapping[Saying, str]] = {
    "camera_away": "look at its cable and its power, and at camera in installation.toml",
    "camera_silent": "it is open; if none comes, another program or another kind of camera",
    "camera_frozen": "switch it off and on",
    "camera_dark": "take the cap off, or give it light",
}

_BROKER_ADVICE: Final[Mapping[Saying, str]] = {
    "broker_unreachable": "see that the network leads there; what is seen waits in the booth",
    "broker_tls": "the bundle or the clock is wrong, or the broker's certificate has ended",
    "broker_refuses": "who runs the broker must let this booth in (docs/broker.md)",
}

_RULES: Final[Mapping[str, Callable[[Facts], _Finding]]] = {
    "disk": _disk,
    "settings": _settings,
    "network": _network,
    "time": _time,
    "keys": _keys,
    "approval": _approval,
    "models": _models,
    "camera": _camera,
    "broker": _broker,
    "sighting": _sighting,
}
"""In their order."""
