"""Chooses the libraries that run the models, by the settings."""

from edge_lpr.core.errors import SettingsError
from edge_lpr.core.settings import VisionSection
from edge_lpr.vision.contracts import Engine
from edge_lpr.vision.models import DetectorEntry, load_models, load_trainable_models

__all__ = ["Engine", "load_engine"]


def load_engine(settings: VisionSection) -> Engine:
    """Load the models and check that they are the shipped ones and do fit.

    Args:
        settings: Engine, models folder, threads, device and input size.

    Returns:
        Detector, corner finder and reader, ready; the first frame is as fast as the next.

    Raises:
        ModelError: A model is missing, damaged, foreign, or not the one in the manifest; the
            message names the file and what to do.
        SettingsError: The engine's libraries, or the device that is asked for, are not there.
    """
    return _torch_engine(settings) if settings.engine == "torch" else _onnx_engine(settings)


def _onnx_engine(settings: VisionSection) -> Engine:
    """Load what a device runs."""
    # Imported here and below, because a vendor library is loaded only where it is used.
    from edge_lpr.vision.adapters.onnxruntime_corners import OnnxCornerFinder  # noqa: PLC0415
    from edge_lpr.vision.adapters.onnxruntime_detector import OnnxPlateDetector  # noqa: PLC0415
    from edge_lpr.vision.adapters.onnxruntime_reader import OnnxPlateReader  # noqa: PLC0415

    models = load_models(settings.models_folder)
    threads, provider = settings.inference_threads, settings.onnx_provider
    return Engine(
        detector=OnnxPlateDetector(
            models.detector,
            long_side_px=settings.long_side_px,
            threads=threads,
            minimum_confidence=_reported_from(models.detector.entry, settings),
            provider=provider,
        ),
        corner_finder=OnnxCornerFinder(models.corners, threads=threads, provider=provider),
        reader=OnnxPlateReader(models.reader, threads=threads, provider=provider),
    )


def _torch_engine(settings: VisionSection) -> Engine:
    """Load the stock libraries with the weights that the ONNX models were exported from."""
    try:
        from edge_lpr.vision.adapters.easyocr_reader import EasyocrPlateReader  # noqa: PLC0415
        from edge_lpr.vision.adapters.torch_corners import TorchCornerFinder  # noqa: PLC0415
        from edge_lpr.vision.adapters.torch_runtime import choose_device  # noqa: PLC0415
        from edge_lpr.vision.adapters.ultralytics_detector import (  # noqa: PLC0415
            UltralyticsPlateDetector,
        )
    except ImportError as error:
        raise SettingsError(
            f"vision.engine is torch, but its libraries cannot be loaded ({error}); "
            "install them with `pip install 'edge-lpr[torch]'`, or set engine = \"onnx\""
        ) from error

    models = load_trainable_models(settings.models_folder)
    device = choose_device(settings.torch_device)
    return Engine(
        detector=UltralyticsPlateDetector(
            models.detector,
            long_side_px=settings.long_side_px,
            threads=settings.inference_threads,
            minimum_confidence=_reported_from(models.detector.entry, settings),
            device=device,
        ),
        corner_finder=TorchCornerFinder(models.corners, device=device),
        reader=EasyocrPlateReader(models.reader, threads=settings.inference_threads, device=device),
    )


def _reported_from(entry: DetectorEntry, settings: VisionSection) -> float:
    """Return the confidence from which detections are worth counting."""
    return min(entry.minimum_confidence, settings.minimum_detection_confidence)
