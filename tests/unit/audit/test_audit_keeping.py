"""What a log tells about keys, watch-lists and gaps."""

from edge_lpr.audit.entry import parse_entry
from edge_lpr.audit.story_keeping import MOST_SHOWN, Keeping
from tests.support.audited_booth import AuditedBooth

DAY_S = 86_400


def keeping(booth: AuditedBooth) -> Keeping:
    kept = Keeping()
    for line in booth.lines:
        entry = parse_entry(line)
        assert entry is not None
        kept.add(entry)
    return kept


def test_log_without_any_says_nothing() -> None:
    booth = AuditedBooth()
    booth.start()
    assert list(keeping(booth).sentences()) == []
    assert list(keeping(booth).flags()) == []


def test_keys_come_are_in_force_and_go() -> None:
    booth = AuditedBooth()
    booth.append("epochs", unit="tokeniser", held="2026-01-01 2026-01-02", in_force="2026-01-01")
    booth.at += DAY_S
    booth.append("epochs", unit="tokeniser", held="2026-01-02", in_force="2026-01-02")
    booth.at += DAY_S
    booth.append("epochs", unit="tokeniser", held="none", in_force="none")
    kept = keeping(booth)
    assert list(kept.sentences()) == [
        "keys, by the day they are for",
        (
            "  2026-01-01   came 2026-01-01T12:00:00Z, in force 2026-01-01T12:00:00Z, "
            "gone 2026-01-02T12:00:00Z"
        ),
        (
            "  2026-01-02   came 2026-01-01T12:00:00Z, in force 2026-01-02T12:00:00Z, "
            "gone 2026-01-03T12:00:00Z"
        ),
    ]
    assert list(kept.flags()) == []


def test_keys_that_never_went_are_flagged() -> None:
    booth = AuditedBooth()
    booth.append("epochs", unit="tokeniser", held="2026-01-01 x", in_force="2026-01-01")
    booth.at += DAY_S // 2
    booth.append("audit_started")
    assert list(keeping(booth).flags()) == []
    booth.at += DAY_S
    booth.append("audit_started")
    assert list(keeping(booth).flags()) == [
        "2026-01-03T00:00:00Z: the keys of 2026-01-01 were not gone yet"
    ]


def test_lists_are_said_once_and_the_newest_are_shown() -> None:
    booth = AuditedBooth()
    for version in (0, 1, 1, *range(2, 2 + MOST_SHOWN)):
        digest = "5f" * 32 if version else "none"
        booth.append(
            "watch_list", unit="tokeniser", day="2026-01-01", version=version, sha256=digest
        )
    lines = list(keeping(booth).sentences())
    assert lines[:2] == ["watch-list in force", "  2 earlier ones, and"]
    assert len(lines) == 2 + MOST_SHOWN
    assert lines[-1] == f"  2026-01-01T12:00:00Z  2026-01-01 version 11  {'5f' * 32}"


def test_gaps_are_summed() -> None:
    booth = AuditedBooth()
    about = {"unit": "tokeniser", "boot": "0" * 16, "reason": "outbox_full"}
    booth.append("gap", first=5, last=9, **about)
    booth.append("gap", first="x", last=9, **about)
    booth.append("gaps", signed=9, not_listed=3, start="0" * 16, upto=9)
    booth.append("gaps", signed=9, not_listed="x", start="0" * 16, upto=9)
    assert list(keeping(booth).sentences()) == [
        "sightings that will never come: 5, as the booth has signed",
        f"  within the hour before 2026-01-01T12:00:00Z: 5 to 9 of {'0' * 16}, outbox_full",
        f"  within the hour before 2026-01-01T12:00:00Z: x to 9 of {'0' * 16}, outbox_full",
        "  and 3 more gaps, only counted",
    ]
