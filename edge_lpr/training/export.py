"""Exports trained weights into the folder of models that ships, and writes its manifest.

``python -m edge_lpr.training.export [--detector detector.pt] [--models DIR] [--note TEXT]``;
without ``--detector`` only the manifest is made again, as after a change of the reader's files.
``--rewrite`` writes ``detector.pt`` again from its own weights, without what else is in it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from edge_lpr.core.errors import DataSetError
from edge_lpr.training.manifest import read_training_summary, write_manifest

SHIPPED_MODELS = Path(__file__).parent.parent / "models"
"""Folder of the models inside the package."""


def export(arguments: argparse.Namespace) -> None:
    """Export what was asked for, then write the manifest.

    Args:
        arguments: Parsed command line.

    Raises:
        DataSetError: Weights are missing or of another shape, or the models are too heavy.
    """
    folder: Path = arguments.models
    folder.mkdir(parents=True, exist_ok=True)
    if arguments.detector is not None:
        export_trained_detector(arguments.detector, folder)
    if arguments.rewrite:
        _rewrite_detector(folder / "detector.pt")
    training = read_training_summary(folder)
    for note in arguments.note or ():
        name, _, text = note.partition("=")
        training[name] = text
    write_manifest(folder, training)
    print(f"Wrote the manifest of {folder}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        Exit status: 0, or 2 where something is missing or wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m edge_lpr.training.export")
    parser.add_argument("--detector", type=Path, help="trained detector.pt to export")
    parser.add_argument("--rewrite", action="store_true", help="write detector.pt again, bare")
    parser.add_argument("--models", type=Path, default=SHIPPED_MODELS, help="folder of models")
    parser.add_argument(
        "--note", action="append", metavar="NAME=TEXT", help="training summary for the manifest"
    )
    try:
        export(parser.parse_args(argv))
    except DataSetError as error:
        print(f"export: {error}", file=sys.stderr)
        return 2
    return 0


def export_trained_detector(weights: Path, folder: Path) -> None:
    """Write detector.onnx and detector.pt, each at once or not at all; the manifest is not written.

    Args:
        weights: Trained ``detector.pt``.
        folder: Folder of models.

    Raises:
        DataSetError: The weights are missing or are no detector's.
    """
    # Imported here: renewing a manifest must work without torch.
    from edge_lpr.training.detector_export import export_detector  # noqa: PLC0415
    from edge_lpr.training.detector_network import load_weights, save_weights  # noqa: PLC0415

    network = load_weights(weights)
    for name, write in (("detector.pt", save_weights), ("detector.onnx", export_detector)):
        part = folder / f"{name}.part"
        write(network, part)
        part.replace(folder / name)


def _rewrite_detector(path: Path) -> None:
    """Write a detector again from its own weights; what was exported from them stays."""
    from edge_lpr.training.detector_network import load_weights, save_weights  # noqa: PLC0415

    part = path.with_suffix(".part")
    save_weights(load_weights(path), part)
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
