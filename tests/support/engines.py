"""Both engines with the shipped models, for tests that compare them or ask the same of each."""

from pathlib import Path
from typing import Literal

import pytest

from edge_lpr.core.settings import SourceSection, VisionSection
from edge_lpr.vision.contracts import Engine
from edge_lpr.vision.engine import load_engine

ENGINES = [pytest.param("onnx"), pytest.param("torch", marks=pytest.mark.torch)]
"""For ``parametrize`` and ``fixture``; the second needs the extra [torch]."""


def engine_settings(
    engine: Literal["onnx", "torch"], models_folder: Path | None = None
) -> VisionSection:
    """Return settings for one thread and no source."""
    return VisionSection(
        source=SourceSection(kind="folder", address="none"),
        engine=engine,
        torch_device="cpu",
        models_folder=models_folder,
        threads=1,
    )


def open_engine(engine: Literal["onnx", "torch"]) -> Engine:
    """Load the shipped models."""
    return load_engine(engine_settings(engine))
