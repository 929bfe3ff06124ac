"""The report fits a terminal of 80 columns, and begins with what to see to first."""

from edge_lpr.diagnostics.codes import CODES
from edge_lpr.diagnostics.diagnosis import Diagnosis
from edge_lpr.diagnostics.finding import Finding
from edge_lpr.diagnostics.report import as_text

AT_S = 1_790_000_000


def test_report_of_every_code_fits_eighty_columns_of_ascii() -> None:
    findings = tuple(
        Finding(code.area, "check_of_some_length", "bad", "seen so and so " * 9, code.code)
        for code in CODES
    )
    text = as_text(Diagnosis("north-crossing/booth-1", AT_S, findings))
    assert max(map(len, text.splitlines())) <= 80
    assert text.isascii()


def test_first_cause_stands_above_all_with_what_to_do() -> None:
    findings = (
        Finding("funnel", "funnel", "bad", "nothing", "LPR-F01"),
        Finding("camera", "camera_present", "bad", "away for 90 s", "LPR-C01"),
    )
    lines = as_text(Diagnosis("north-crossing/booth-1", AT_S, findings)).splitlines()
    assert lines[0] == "north-crossing/booth-1  2026-09-21 14:13:20 UTC"
    assert lines[1].startswith("FIRST CAUSE  LPR-C01  the camera gives no picture")
    assert "away for 90 s" in lines[2]
    assert any(line.strip().startswith("do:") for line in lines[:8])
    assert "   more:     docs/codes/LPR-C01.md" in lines


def test_booth_without_a_fault_says_so() -> None:
    text = as_text(Diagnosis("", AT_S, (Finding("board", "clock", "good", "right"),)))
    assert text.splitlines()[:2] == [
        "a booth without settings  2026-09-21 14:13:20 UTC",
        "Nothing is wrong.",
    ]
    assert " ok  clock" in text


def test_what_somebody_else_chose_reaches_no_terminal_as_it_is() -> None:
    finding = Finding("settings", "settings", "bad", "key \x1b[31mrouge\u20ac", "LPR-I02")
    assert "\x1b" not in as_text(Diagnosis("a/b", AT_S, (finding,)))
