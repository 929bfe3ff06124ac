"""What a log tells: windows without an account, pauses, and accounts that cannot be."""

import pytest

from edge_lpr.audit.entry import parse_entry
from edge_lpr.audit.story import Story, tell
from tests.support.audited_booth import QUIET_WINDOW, AuditedBooth


@pytest.fixture
def booth() -> AuditedBooth:
    return AuditedBooth()


def told(booth: AuditedBooth) -> Story:
    return tell([entry for line in booth.lines if (entry := parse_entry(line))])


def test_no_account_leaves_every_byte_unexplained(booth: AuditedBooth) -> None:
    booth.append("ledger", seconds=300, sent_bytes=9_000, packets=40)
    story = told(booth)
    assert story.egress == [9_000, 0, 9_000]
    assert story.not_compared == 1
    (flag,) = story.flags
    assert flag.endswith("the publisher gave no account of 9,000 bytes; all are unexplained")


def test_window_that_nobody_counted_is_flagged(booth: AuditedBooth) -> None:
    booth.append("ledger", seconds=300)
    (flag,) = told(booth).flags
    assert flag == ("in 1 windows nobody counted what the publisher sent")


def test_account_that_cannot_be_is_flagged(booth: AuditedBooth) -> None:
    booth.window(resent_bytes=50_000, sent_bytes=QUIET_WINDOW.sent_bytes + 50_000)
    flags = told(booth).flags
    assert any("the publisher's account cannot be: resent_bytes 50,000" in flag for flag in flags)
    assert any("are unexplained" in flag for flag in flags)


def start(booth: AuditedBooth, boot: str) -> None:
    booth.append("audit_started", what="service")
    booth.append("boot", what="system", version="1", board="rpi", boot=boot)


@pytest.mark.parametrize(
    ("pause_s", "boot", "flags"),
    [
        pytest.param(3600, "a", ["the recording was stopped for 60 minutes before"], id="stopped"),
        pytest.param(3600, "b", [], id="the booth was off"),
        pytest.param(5, "a", [], id="it crashed"),
    ],
)
def test_pause_before_a_start_within_one_boot_is_flagged(
    booth: AuditedBooth, pause_s: int, boot: str, flags: list[str]
) -> None:
    start(booth, "a")
    booth.window()
    booth.at += pause_s
    start(booth, boot)
    booth.window()
    assert [flag.partition(": ")[2] for flag in told(booth).flags] == flags


def test_start_that_does_not_name_its_boot_before_more_is_recorded_is_still_a_start(
    booth: AuditedBooth,
) -> None:
    start(booth, "a")
    booth.at += 3600
    booth.append("audit_started", what="service")
    booth.append("asked", person="anna")
    booth.append("boot", boot="a")
    (flag,) = told(booth).flags
    assert "the recording was stopped for 60 minutes before" in flag


def test_what_began_anew_is_flagged(booth: AuditedBooth) -> None:
    booth.window()
    assert told(booth).flags == []
    booth.append("ledger", seconds=300, sent_bytes=0, packets=0, anew="publisher")
    flags = told(booth).flags
    assert any("publisher began anew within these five minutes" in flag for flag in flags)
