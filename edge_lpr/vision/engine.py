"""Chooses the library that runs the models, by the settings."""

from edge_lpr.core.settings import VisionSection
from edge_lpr.vision.contracts import Engine
from edge_lpr.vision.models import load_models

__all__ = ["Engine", "load_engine"]


def load_engine(settings: VisionSection) -> Engine:
    """Load the models and check that they are the shipped ones and do fit.

    Args:
        settings: Engine, models folder, threads and input size.

    Returns:
        Detector and reader, ready; the first frame is as fast as the next.

    Raises:
        ModelError: A model is missing, damaged, foreign, or not the one in the manifest; the
            message names the file and what to do.
    """
    # Imported here, because a vendor library is loaded only where it is used (issue 3 adds torch).
    from edge_lpr.vision.adapters.onnxruntime_detector import OnnxPlateDetector  # noqa: PLC0415
    from edge_lpr.vision.adapters.onnxruntime_reader import OnnxPlateReader  # noqa: PLC0415

    models = load_models(settings.models_folder)
    reported_from = min(
        models.detector.entry.minimum_confidence, settings.minimum_detection_confidence
    )
    return Engine(
        detector=OnnxPlateDetector(
            models.detector,
            long_side_px=settings.long_side_px,
            threads=settings.threads,
            minimum_confidence=reported_from,
        ),
        reader=OnnxPlateReader(models.reader, threads=settings.threads),
    )
