"""The pages of ``docs/codes/`` are what the table of codes makes of them, and the schema holds."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from edge_lpr.diagnostics.codes import CODES
from edge_lpr.diagnostics.diagnosis import Diagnosis
from edge_lpr.diagnostics.finding import Finding
from edge_lpr.diagnostics.pages import pages, write_pages
from edge_lpr.diagnostics.report import as_json

FOLDER = Path(__file__).parents[2] / "docs" / "codes"


def test_pages_are_those_of_the_table() -> None:
    made = pages()
    assert {file.name for file in FOLDER.glob("*.md")} == set(made)
    for name, text in made.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, "run scripts/diagnosis_codes"


def test_page_of_a_code_that_is_no_more_goes(tmp_path: Path) -> None:
    (tmp_path / "LPR-X99.md").write_text("old")
    write_pages(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == set(pages())


def test_document_for_programs_is_what_its_schema_says() -> None:
    schema = json.loads((FOLDER / "diagnosis.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    assert sorted(schema["$defs"]["code"]["enum"]) == sorted(code.code for code in CODES)
    for findings in (
        (),
        (
            Finding("camera", "camera_dark", "bad", "7 black frames", "LPR-C03", {"black": 7}),
            Finding("settings", "settings", "good", "can be used"),
        ),
    ):
        said = json.loads(as_json(Diagnosis("north-crossing/booth-1", 1_790_000_000, findings)))
        Draft202012Validator(schema).validate(said)
