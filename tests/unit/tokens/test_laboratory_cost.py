import ast
import inspect
from pathlib import Path

import pytest

import edge_lpr
from edge_lpr.core.errors import PlateRefusedError
from edge_lpr.core.settings import BoothSettings
from edge_lpr.tokens import suite1
from edge_lpr.tokens.laboratory import stretch_plate_cheaply
from edge_lpr.tokens.suite1 import TokenScope

SCOPE = TokenScope("tenant-a", "lane-07", 20_454)
KEY = bytes(range(32))
PACKAGE = Path(edge_lpr.__file__).parent


def test_cheap_stretching_depends_on_plate_key_and_epoch_but_not_on_the_site() -> None:
    stretched = stretch_plate_cheaply(b"ABC123", KEY, SCOPE)
    assert stretched == stretch_plate_cheaply(b"ABC123", KEY, TokenScope("tenant-a", "x", 20_454))
    others = {
        stretch_plate_cheaply(b"ABC124", KEY, SCOPE),
        stretch_plate_cheaply(b"ABC123", bytes(32), SCOPE),
        stretch_plate_cheaply(b"ABC123", KEY, TokenScope("tenant-a", "lane-07", 20_455)),
        stretch_plate_cheaply(b"ABC123", KEY, TokenScope("tenant-b", "lane-07", 20_454)),
    }
    assert len(others | {stretched}) == 5


def test_cheap_stretching_takes_canonical_plates_alone() -> None:
    with pytest.raises(PlateRefusedError):
        stretch_plate_cheaply(b"abc-123", KEY, SCOPE)


def test_no_file_but_the_drills_names_the_laboratory_cost() -> None:
    """By import or by a name given to ``importlib``: both would stand in the source."""
    naming = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if "tokens.laboratory" in path.read_text() or "stretch_plate_cheaply" in path.read_text()
    }
    assert "tokens/laboratory.py" in naming
    assert {name for name in naming if not name.startswith("drill/")} == {"tokens/laboratory.py"}


def test_no_argument_of_the_suite_says_how_much_it_costs() -> None:
    assert list(inspect.signature(suite1.make_tokens).parameters) == ["canonical", "keys", "scope"]
    assert list(inspect.signature(suite1.stretch_plate).parameters) == [
        "canonical",
        "stretch_key",
        "scope",
    ]


def test_the_suite_asks_neither_settings_nor_environment() -> None:
    tree = ast.parse((PACKAGE / "tokens" / "suite1.py").read_text())
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    assert imported == {
        "hashlib",
        "hmac",
        "dataclasses",
        "typing",
        "argon2.low_level",
        "edge_lpr.core.wipe",
        "edge_lpr.tokens.canonical",
    }


def test_no_setting_of_a_booth_is_about_the_cost() -> None:
    keys = str(BoothSettings.model_json_schema()).lower()
    assert "key_ring_file" in keys
    assert not [
        word
        for word in ("argon", "stretch", "laborator", "passes")
        if word in keys.replace("for the laboratory", "")
    ]
