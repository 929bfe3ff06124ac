"""Reports for tests: an ordinary one, and the largest one that there can be."""

from edge_lpr.core.check_words import CHECK_WORDS, PROCESSES, ProcessName
from edge_lpr.report.content import (
    MOST_EVENTS,
    MOST_UNITS,
    Audit,
    CheckSaid,
    Diagnosed,
    Digests,
    Event,
    ProcessSaid,
    Report,
    Unit,
    Versions,
    coarse,
)
from edge_lpr.report.diagnosis_words import MACHINE_CHECKS, MOST_CODES

_MODELS = ("corners.onnx", "detector.onnx", "manifest.json", "reader.onnx")


def report_of() -> Report:
    """Return an ordinary report."""
    said: dict[ProcessName, ProcessSaid] = {
        "vision": ProcessSaid(
            answered=True,
            checks={
                "camera_frozen": CheckSaid(verdict="good", numbers={"frozen_frames": 0}),
                "camera_dark": CheckSaid(verdict="good", numbers={"black_frames": 0}),
            },
        ),
        "tokeniser": ProcessSaid(answered=False, checks={}),
        "publisher": ProcessSaid(answered=False, checks={}),
    }
    return Report(
        v=2,
        made_at=1_800_000_000,
        versions=Versions(edge_lpr="0.1.0", python="3.11.2", kernel="6.12.0-rpi", image=None),
        digests=Digests(settings="0" * 64, models={}),
        diagnosis=Diagnosed(
            verdict="warning",
            first_cause="LPR-B02",
            codes=["LPR-B02", "LPR-U01"],
            machine={"throttling": CheckSaid(verdict="warning", numbers={"bits": 0})},
        ),
        processes=said,
        units=[Unit(name="edge-lpr-vision", active="active", result="success", restarts=0)],
        events=[Event(unit="edge-lpr-vision", level="info", event="started", count=1)],
        audit=Audit(size=12, root="1" * 64),
    )


def largest_report() -> Report:
    """Return a report in which every text and every number is as long as it may be."""
    said: dict[ProcessName, ProcessSaid] = {
        process: ProcessSaid(
            answered=True,
            checks={
                word.name: CheckSaid(
                    verdict="not_known",
                    numbers={each.name: coarse(each.most) for each in word.numbers},
                )
                for word in CHECK_WORDS
                if word.process == process
            },
        )
        for process in PROCESSES
    }
    name = "edge-lpr" + "-abcdefghijklmnop" * 3
    longest = "9" * 40
    return Report(
        v=2,
        made_at=253_402_300_799,
        versions=Versions(edge_lpr=longest, python=longest, kernel=longest, image=longest),
        digests=Digests(settings="0" * 64, models=dict.fromkeys(_MODELS, "f" * 64)),
        diagnosis=Diagnosed(
            verdict="not_known",
            first_cause="LPR-Z79",
            codes=[f"LPR-Z{number:02}" for number in range(MOST_CODES)],
            machine={
                name: CheckSaid(
                    verdict="not_known", numbers=dict.fromkeys(numbers, 990_000_000_000_000)
                )
                for name, numbers in MACHINE_CHECKS.items()
            },
        ),
        processes=said,
        units=[
            Unit(
                name=name,
                active="deactivating",
                result="start-limit-hit",
                restarts=990_000_000_000_000,
            )
        ]
        * MOST_UNITS,
        events=[
            Event(
                unit=name,
                level="critical",
                event="failure:SealedToOtherKeyError",
                count=990_000_000_000_000,
            )
        ]
        * MOST_EVENTS,
        audit=Audit(size=990_000_000_000_000, root="f" * 64),
    )
