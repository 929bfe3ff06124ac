"""What a report takes out of a diagnosis: codes and coarse numbers, and no sentence."""

import json
import re
from pathlib import Path

import pytest

from edge_lpr.core.check_words import CHECK_WORDS
from edge_lpr.core.clock import SystemClock
from edge_lpr.diagnostics.codes import CODES
from edge_lpr.diagnostics.machine import Machine
from edge_lpr.report import diagnosing
from edge_lpr.report.diagnosing import diagnosed, read_diagnosis
from edge_lpr.report.diagnosis_words import CODE_PATTERN, MACHINE_CHECKS, MOST_CODES

PLATE = "AB12CDE"


def finding(check: str, verdict: str, code: str | None = None, **numbers: int) -> dict[str, object]:
    return {
        "area": "board",
        "check": check,
        "verdict": verdict,
        "evidence": PLATE,
        "numbers": numbers,
        "code": code,
        "title": PLATE,
    }


def said(*findings: dict[str, object], first: int | None = 0, verdict: str = "bad") -> bytes:
    first_cause = None if first is None else findings[first]
    members = {"verdict": verdict, "first_cause": first_cause, "findings": findings}
    return json.dumps(members).encode()


def test_codes_and_coarse_numbers_are_taken_and_no_sentence() -> None:
    found = read_diagnosis(
        said(
            finding("disk_space", "bad", "LPR-B03", free_mb=1234, used_permille=987, other=5),
            finding("sharpness", "warning", "LPR-O01", sharpness=777),
            finding("clock", "good"),
            finding("vision", "good", restarts=0, exit_status=0),
            finding("vision", "bad", "LPR-U03"),
            finding("vision", "good", restarts=7),
        )
    )
    assert found is not None
    assert (found.verdict, found.first_cause) == ("bad", "LPR-B03")
    assert found.codes == ["LPR-B03", "LPR-O01", "LPR-U03"]
    assert list(found.machine) == ["disk_space", "clock", "vision"]
    assert found.machine["disk_space"].numbers == {"free_mb": 1200, "used_permille": 980}
    assert (found.machine["vision"].verdict, found.machine["vision"].numbers) == ("bad", {})
    assert PLATE not in found.model_dump_json()


def test_what_is_nothing_of_the_kind_is_left_out() -> None:
    found = read_diagnosis(
        said(
            finding(PLATE, "bad", PLATE),
            finding("memory", PLATE, "LPR-B05\n"),
            {**finding("clock", "good"), "numbers": PLATE},
            {**finding("throttling", "good"), "numbers": {"bits": True}},
            {"check": ["clock"]},
            finding("temperature", "good", hottest_c=10**30),
            verdict="warning",
        )
    )
    assert found is not None
    assert (found.first_cause, found.codes) == (None, [])
    assert {name: dict(each.numbers) for name, each in found.machine.items()} == {
        "throttling": {},
        "temperature": {"hottest_c": 990_000_000_000_000},
    }


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"findings": 7}', id="a number"),
        pytest.param(b"[" * 10_000, id="deep"),
        pytest.param(said(first=None, verdict=PLATE), id="verdict"),
        pytest.param(said(first=None) + b" " * (1 << 20), id="too long"),
    ],
)
def test_anything_else_is_no_diagnosis(text: bytes) -> None:
    assert read_diagnosis(text) is None


def test_program_that_is_not_there_gives_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "no"))
    assert diagnosed(tmp_path, tmp_path / "booth.toml") is None


def test_real_diagnosis_of_an_empty_machine_is_taken(tmp_path: Path) -> None:
    found = diagnosed(tmp_path, tmp_path / "booth.toml")
    assert found is not None
    # There are no settings, so nobody is asked.
    assert (found.verdict, found.first_cause) == ("bad", "LPR-I01")
    assert {"settings", "disk_space", "clock", "models_digests"} <= found.machine.keys()
    assert found.machine["settings"].verdict == "bad"


def test_lists_are_those_of_the_diagnosis() -> None:
    assert all(re.match(CODE_PATTERN, code.code) for code in CODES)
    assert len(CODES) <= MOST_CODES
    own = {word.name for word in CHECK_WORDS}
    assert not own & MACHINE_CHECKS.keys()
    for each in Machine(Path("/"), SystemClock()).findings():
        assert each.name in MACHINE_CHECKS
        assert set(each.numbers) <= set(MACHINE_CHECKS[each.name])
    # Whatever else the program gives a name to, by its own text.
    folder = Path(diagnosing.__file__).parents[1] / "diagnostics"
    texts = [(folder / f"{name}.py").read_text() for name in ("diagnosis", "machine", "units")]
    named = re.findall(
        r'inding\(\s*"(?:board|processes|models|sandbox|settings|camera)",\s*"([a-z_]+)"',
        "".join(texts),
    )
    assert len(named) >= 12
    assert set(named) <= MACHINE_CHECKS.keys() | own
