"""The engine of the laboratory's commands: how it is chosen on the command line, and opened."""

import argparse
from pathlib import Path

from pydantic import ValidationError

from edge_lpr.core.errors import SettingsError
from edge_lpr.core.settings import SourceSection, VisionSection
from edge_lpr.vision.engine import Engine, load_engine


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Let a command choose its engine.

    Args:
        parser: Parser that gets ``--engine``, ``--models`` and ``--threads``.
    """
    parser.add_argument("--engine", choices=("onnx", "torch"), default="onnx")
    parser.add_argument("--models", type=Path, help="folder of models (those of the package)")
    parser.add_argument("--threads", type=int, default=2, help="threads of the inference library")


def vision_settings(arguments: argparse.Namespace) -> VisionSection:
    """Return the device's settings with the engine of a command line.

    Args:
        arguments: Parsed command line with the arguments above.

    Returns:
        Settings, all others at the device's defaults.

    Raises:
        SettingsError: A value is out of range.
    """
    # The section needs a source, which pictures do not have; the engine never looks at it.
    nowhere = SourceSection(kind="folder", address=".")
    try:
        return VisionSection(
            source=nowhere,
            engine=arguments.engine,
            models_folder=arguments.models,
            threads=arguments.threads,
        )
    except ValidationError as error:
        wrong = "; ".join(f"--{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
        raise SettingsError(wrong) from error


def open_engine(arguments: argparse.Namespace) -> Engine:
    """Load the models that a command line asks for.

    Args:
        arguments: Parsed command line with the arguments above.

    Returns:
        Detector and reader.

    Raises:
        ModelError: A model is missing, damaged or foreign.
        SettingsError: The engine is not installed, or a value is out of range.
    """
    return load_engine(vision_settings(arguments))
