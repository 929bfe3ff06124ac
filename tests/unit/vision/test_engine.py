"""The engine that the settings name is loaded, or the reason why not is said."""

import sys

import pytest

from edge_lpr.core.errors import SettingsError
from edge_lpr.vision.engine import load_engine
from tests.support.engines import engine_settings

ADAPTERS = "edge_lpr.vision.adapters"


@pytest.mark.parametrize("library", ["torch", "easyocr", "ultralytics"])
def test_without_its_libraries_the_torch_engine_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    for module in (
        "torch_runtime",
        "easyocr_reader",
        "ultralytics_offline",
        "ultralytics_detector",
    ):
        monkeypatch.delitem(sys.modules, f"{ADAPTERS}.{module}", raising=False)
    # What Python itself puts there for a module that must not be imported.
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(SettingsError, match=r"pip install 'edge-lpr\[torch\]'"):
        load_engine(engine_settings("torch"))
