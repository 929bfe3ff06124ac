"""One key signs several kinds of document, so no two kinds may have the same name."""

import importlib
import pkgutil
import re

from edge_lpr import wire


def kinds() -> dict[str, str]:
    """Return every kind of document by the constant that names it."""
    found: dict[str, str] = {}
    for module in pkgutil.iter_modules(wire.__path__, "edge_lpr.wire."):
        members = vars(importlib.import_module(module.name))
        found |= {name: value for name, value in members.items() if name.endswith("_TYP")}
    return found


def test_every_kind_has_a_name_of_its_own() -> None:
    names = list(kinds().values())
    assert len(names) >= 13, "a kind is not found any more"
    assert len(set(names)) == len(names)


def test_name_says_whether_a_document_is_signed_or_sealed() -> None:
    for name in kinds().values():
        assert re.fullmatch(r"lpr-[a-z]+\+jw[se]", name)
