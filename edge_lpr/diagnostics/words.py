"""Puts what the processes answer into words: evidence for people, and the code of what is wrong."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from edge_lpr.core.check_words import BROKER_STANDINGS, NONE
from edge_lpr.diagnostics.finding import Finding
from edge_lpr.handoff.diagnosis_message import Check

_Numbers: TypeAlias = Mapping[str, int]
_Words: TypeAlias = Callable[[_Numbers], str]

_SIDES: Final = ("none", "left", "right", "upper", "lower")

_STANDINGS: Final[Mapping[str, tuple[str, str]]] = {
    "waits": ("LPR-P05", "waits for the tokeniser"),
    "connecting": ("LPR-P05", "being connected"),
    "taken": ("", "reached"),
    "no_answer": ("LPR-P01", "does not answer"),
    "tls": ("LPR-P02", "not believed, or does not believe us"),
    "refused": ("LPR-P03", "refuses"),
    "no_name": ("LPR-P04", "name not found"),
}


BROKER_CODES: Final = frozenset(code for code, _ in _STANDINGS.values())
"""Codes of the check ``broker``, one for each standing."""


def _away(number: _Numbers) -> str:
    """Say since when the camera is away."""
    return f"away for {number['away_s']} s, lost {number['lost']} times"


def _there(number: _Numbers) -> str:
    """Say how the camera is there."""
    if number["is_replay"]:
        return "frames come from files"
    return f"there; opened {number['opened']} times, lost {number['lost']} times"


def _rate(number: _Numbers) -> str:
    """Say how many frames come."""
    if number["rate_tenth_hz"] == NONE:
        return "not measured yet"
    skipped = number["skipped_permille"] / 10
    return f"{number['rate_tenth_hz'] / 10:.1f} frames a second, {skipped:.0f} % not taken in time"


def _broker(number: _Numbers) -> str:
    """Say how it stands with the broker."""
    words = _STANDINGS[BROKER_STANDINGS[number["standing"]]][1]
    if number["refusal_code"] != NONE:
        words += f", reason {number['refusal_code']}"
    if number["puback_age_s"] != NONE:
        words += f"; last sighting taken {number['puback_age_s']} s ago"
    return f"{words}; {number['connections']} connections"


def _left(number: _Numbers, unit: str) -> str:
    """Say how long something lasts."""
    left = next(iter(number.values()))
    return "none" if left == NONE else f"{left} {unit} left"


def _listed(number: _Numbers) -> str:
    """Say counters one after the other."""
    said = [f"{name.replace('_', ' ')} {value}" for name, value in number.items() if value]
    return ", ".join(said) or "nothing yet"


WORDS: Final[Mapping[str, tuple[str, str, _Words]]] = {
    "camera_present": ("camera", "LPR-C01", _there),
    "camera_frozen": ("camera", "LPR-C02", lambda n: f"{n['frozen_frames']} repeated frames"),
    "camera_dark": ("camera", "LPR-C03", lambda n: f"{n['black_frames']} black frames"),
    "camera_rate": ("camera", "LPR-C04", _rate),
    "camera_size": ("camera", "", lambda n: f"{n['width_px']} x {n['height_px']} px"),
    "camera_stamps": ("camera", "LPR-C06", lambda n: f"{n['stamp_faults']} wrong time stamps"),
    "plate_width": (
        "optics",
        "LPR-O01",
        lambda n: f"{n['upper_px']} px wide where they are near (75 at least, better 130)",
    ),
    "focus": (
        "optics",
        "LPR-O02",
        lambda n: f"edges {n['edge_hundredth_px'] / 100:.1f} px wide (3.2 at most)",
    ),
    "motion_blur": (
        "optics",
        "LPR-O03",
        lambda n: (
            f"edges {n['along_hundredth_px'] / 100:.1f} px wide along the movement, "
            f"{n['across_hundredth_px'] / 100:.1f} across"
        ),
    ),
    "over_exposure": (
        "optics",
        "LPR-O04",
        lambda n: (
            f"{n['plate_clipped_permille'] / 10:.0f} % of a plate white (10 at most), "
            f"{n['frame_clipped_permille'] / 10:.0f} % of the picture"
        ),
    ),
    "under_exposure": (
        "optics",
        "LPR-O05",
        lambda n: (
            f"plates {n['plate_level']} of 255 bright (45 at least), picture {n['frame_level']}, "
            f"{'night' if n['is_night'] else 'day'}"
        ),
    ),
    "lens_covered": (
        "optics",
        "LPR-O06",
        lambda n: (
            f"{n['blind_permille'] / 10:.0f} % of the picture without detail; "
            f"covered half: {_SIDES[n['blind_side']]}"
        ),
    ),
    "skew": (
        "optics",
        "LPR-O07",
        lambda n: (
            f"roll {n['roll_tenth_degree'] / 10:.0f}, yaw {n['yaw_tenth_degree'] / 10:.0f}, "
            f"pitch {n['pitch_tenth_degree'] / 10:.0f} degrees (roll 10, yaw 25 at most)"
        ),
    ),
    "lane_region": (
        "optics",
        "LPR-O08",
        lambda n: f"{n['outside']} looks with a plate outside, {n['inside']} inside the lanes",
    ),
    "models_self_test": (
        "models",
        "LPR-M01",
        lambda n: f"{n['read_right']} of {n['plates']} built-in plates read right",
    ),
    "speed": (
        "models",
        "LPR-M02",
        lambda n: (
            f"{n['frame_tenth_ms'] / 10:.0f} ms a frame with a plate (250 at most): detect "
            f"{n['detect_tenth_ms'] / 10:.0f}, refine {n['refine_tenth_ms'] / 10:.0f}, read "
            f"{n['read_tenth_ms'] / 10:.0f}; busy {n['busy_permille'] / 10:.0f} %"
        ),
    ),
    "funnel": ("funnel", "LPR-F01", _listed),
    "funnel_plates": ("funnel", "LPR-F01", _listed),
    "funnel_passages": ("funnel", "LPR-F01", _listed),
    "funnel_failures": ("funnel", "LPR-F02", _listed),
    "token_vector": ("keys", "LPR-K01", lambda n: f"made in {n['needed_ms']} ms"),
    "keys": (
        "keys",
        "LPR-K02",
        lambda n: (
            f"{n['hours_left']} h left, {n['epochs_held']} days held"
            f"{', for tests' if n['is_for_tests'] else ''}"
        ),
    ),
    "key_custody": (
        "keys",
        "LPR-K03",
        lambda n: "sealed to the board" if n["is_sealed"] else "in plain files",
    ),
    "device_certificate": ("keys", "LPR-K04", lambda n: _left(n, "days")),
    "vision_link": ("keys", "LPR-K05", lambda n: f"heard {n['report_age_s']} s ago"),
    "funnel_tokens": ("funnel", "LPR-F03", _listed),
    "broker": ("broker", "LPR-P01", _broker),
    "queue": (
        "broker",
        "LPR-P06",
        lambda n: (
            f"{n['unsent']} wait, the oldest for {n['oldest_unsent_s']} s; "
            f"{n['grows_by']} more than ten minutes ago"
        ),
    ),
    "tls_certificate": ("broker", "LPR-P07", lambda n: _left(n, "days")),
    "budget": (
        "broker",
        "LPR-P08",
        lambda n: (
            f"{n['sent_kb']} kB sent"
            + (f" of {n['allowed_kb']}" if n["allowed_kb"] != NONE else ", no limit")
        ),
    ),
    "outbox": (
        "broker",
        "LPR-P09",
        lambda n: f"{n['filled_permille'] / 10:.0f} % full, {n['dropped']} dropped",
    ),
    "funnel_sent": ("funnel", "LPR-F03", _listed),
}
"""By the check's name: area, code where it is bad, and evidence."""


def finding_of(check: Check) -> Finding:
    """Put one check into words.

    Args:
        check: As a process has answered, within its ranges.

    Returns:
        The finding; with a code where something is wrong.
    """
    area, code, words = WORDS[check.name]
    verdict, number = check.verdict, check.numbers
    if check.name == "camera_present" and verdict == "bad":
        words = _away
    evidence = words(number)
    if check.name == "funnel_passages" and verdict == "warning":
        evidence = f"most vehicles lost lately; since the start {evidence}"
    if check.name == "broker":
        code = _STANDINGS[BROKER_STANDINGS[number["standing"]]][0] or code
    if "samples" in number:
        evidence += f"; {number['samples']} plates"
    wrong = verdict in ("bad", "warning")
    return Finding(area, check.name, verdict, evidence, code if wrong else "", number)
