"""Asks everybody, puts the answers together, and finds what is wrong with the whole of it.

Each process answers for itself, the machine is looked at from outside. What follows from several
answers together is decided here: a clock that is wrong shows in keys and certificates first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from edge_lpr.core.check_words import PROCESSES, ProcessName
from edge_lpr.core.clock import Clock, TimeQuality
from edge_lpr.core.errors import HandoffError, NeighbourAwayError, SettingsError
from edge_lpr.core.settings import BoothSettings, load_settings
from edge_lpr.diagnostics.finding import Finding
from edge_lpr.diagnostics.machine import Machine
from edge_lpr.diagnostics.units import (
    Unit,
    ask_units,
    exposure_findings,
    process_findings,
    sandbox_findings,
)
from edge_lpr.diagnostics.words import finding_of
from edge_lpr.handoff.diagnosis_desk import SOCKET_FOLDER, ask
from edge_lpr.handoff.diagnosis_message import CHECKS, Check, Question

_NOT_YET_VALID: Final = 9
"""OpenSSL's result about a broker's certificate of the future."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which booth is looked at."""

    root: Path
    """``/`` on a booth; another folder in a trial."""
    settings_file: Path
    """Below the root or not; as given."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was found."""

    booth: str
    """Site and device; empty where there are no settings."""
    at_s: int
    """UTC, by the booth's own clock."""
    findings: tuple[Finding, ...]


def diagnose(
    place: Place, clock: Clock, more: Sequence[Finding] = (), *, judges_units: bool = True
) -> Diagnosis:
    """Ask everybody.

    Args:
        place: Which booth.
        clock: The machine's.
        more: Findings of the caller's own.
        judges_units: Whether systemd shall judge the units too, which takes it a while.
    """
    findings, settings = _settings(place)
    if settings is None:
        machine = Machine(place.root, clock)
        return Diagnosis("", clock.unix_s(), (*more, *findings, *machine.findings()))
    units = ask_units()
    checks, silent = _answers(settings, units)
    machine = Machine(
        place.root,
        clock,
        state_folder=settings.publisher.outbox_file.parent,
        models_folder=settings.vision.models_folder,
    )
    findings += machine.findings()
    findings += process_findings(units, clock)
    findings += silent
    if "camera_present" not in checks:
        findings += _absent_camera(settings, place.root, units["vision"])
    findings += map(finding_of, checks.values())
    has_ip_camera = settings.vision.source.kind == "rtsp"
    findings += sandbox_findings(units, place.root, has_ip_camera=has_ip_camera)
    if judges_units:
        findings += exposure_findings(units, has_ip_camera=has_ip_camera)
    booth = f"{settings.booth.site}/{settings.booth.device}"
    whole = _with_clock(findings, checks, clock.quality())
    return Diagnosis(booth, clock.unix_s(), (*more, *whole))


def _settings(place: Place) -> tuple[list[Finding], BoothSettings | None]:
    """Read the settings."""
    if not place.settings_file.exists():
        evidence = f"{place.settings_file} is not there"
        return [Finding("settings", "settings", "bad", evidence, "LPR-I01")], None
    try:
        settings = load_settings(place.settings_file)
    except SettingsError as error:
        return [Finding("settings", "settings", "bad", str(error), "LPR-I02")], None
    return [Finding("settings", "settings", "good", "can be used")], settings


def _answers(
    settings: BoothSettings, units: Mapping[ProcessName, Unit]
) -> tuple[dict[str, Check], list[Finding]]:
    """Ask each process that runs; return checks by name, and who is silent."""
    own: Mapping[ProcessName, Path | None] = {
        "vision": settings.vision.diagnosis_socket,
        "tokeniser": settings.tokeniser.diagnosis_socket,
        "publisher": settings.publisher.diagnosis_socket,
    }
    checks: dict[str, Check] = {}
    silent: list[Finding] = []
    for process in PROCESSES:
        path = own[process] or SOCKET_FOLDER / f"{process}.sock"
        if units[process].is_known and not units[process].is_up:
            # A question at its socket would start it.
            continue
        try:
            answer = ask(path, process, Question(CHECKS))
        except NeighbourAwayError:
            code = "LPR-U03" if units[process].is_known else "LPR-U02"
            silent.append(Finding("processes", process, "bad", "nobody answers", code))
        except HandoffError as error:
            silent.append(Finding("processes", process, "bad", str(error), "LPR-U03"))
        else:
            checks |= {check.name: check for check in answer.checks}
            if not units[process].is_known:
                silent.append(Finding("processes", process, "good", "answers"))
    return checks, silent


def _absent_camera(settings: BoothSettings, root: Path, vision: Unit) -> Iterator[Finding]:
    """Say that the camera is away, where vision is not up to say it: it does not start without."""
    source = settings.vision.source
    device = root / "dev" / f"video{source.address}"
    evidence = ""
    if source.kind == "camera" and source.address.isdecimal() and not device.exists():
        evidence = f"there is no {device}"
    elif source.is_live and vision.gave_up_at_its_camera:
        evidence = "vision ends each time while it opens the camera"
    if evidence:
        yield Finding("camera", "camera_present", "bad", evidence, "LPR-C01")


def _with_clock(
    findings: list[Finding], checks: Mapping[str, Check], quality: TimeQuality
) -> list[Finding]:
    """Call the clock wrong where keys or certificates say so and no time server contradicts."""
    if quality is TimeQuality.NTP:
        return findings
    why = "; ".join(_contradictions(checks))
    if not why:
        return findings
    return [
        replace(each, verdict="bad", code="LPR-B07", evidence=f"{each.evidence}; {why}")
        if each.name == "clock"
        else each
        for each in findings
    ]


def _contradictions(checks: Mapping[str, Check]) -> Iterator[str]:
    """Say what cannot be if the clock is right."""
    keys = checks.get("keys")
    if keys and keys.numbers["epochs_held"] and not keys.numbers["hours_left"]:
        yield "there are keys, but not for the day that it shows"
    broker = checks.get("broker")
    if broker and broker.numbers["refusal_code"] == _NOT_YET_VALID:
        yield "the broker's certificate is not valid yet, by it"
    tls, device = checks.get("tls_certificate"), checks.get("device_certificate")
    if tls and device and not tls.numbers["days_left"] and not device.numbers["days_left"]:
        yield "all certificates are over at once, by it"
