"""Reads the models, and believes none that is not the one in the manifest.

A model is a program, and a torch checkpoint more than any: it is a pickle, which runs what it
likes while it is loaded. So a file's bytes are read once, compared with size and SHA-256 of the
manifest before anything else, and those very bytes go to the inference library; it never opens the
file a second time. Whether the model has the inputs and outputs that it should is for the adapters
to say.
"""

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_lpr.core.errors import ModelError

MANIFEST_NAME: Final = "manifest.json"
"""Name of the manifest within the models folder."""

MAXIMUM_MANIFEST_BYTES: Final = 65_536
"""The shipped manifest has a fortieth of this."""

MAXIMUM_MODEL_BYTES: Final = 64 * 1024 * 1024
"""All shipped models together have half of this."""

_REMEDY: Final = "reinstall the package, or run edge_lpr.training.export again"

_FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""A plain name: it cannot lead out of the models folder."""


class _Part(BaseModel):
    """A part of the manifest; what the laboratory adds for itself is not looked at."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class _FileEntry(_Part):
    """What a file must be."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(ge=1, le=MAXIMUM_MODEL_BYTES)
    role: str = Field(max_length=64)


class DetectorEntry(_Part):
    """How the detector is fed and understood."""

    input: str
    """Name of the input: frames, shape (1, 3, H, W), float32, RGB in [0, 1]."""
    output: str = "detections"
    """Name of the output: shape (1, 17, N), see ``adapters/onnxruntime_detector.py``."""
    stride_px: int = Field(ge=1, le=128)
    """Height and width of the input must be multiples of this."""
    minimum_confidence: float = Field(ge=0, le=1)
    """Below, a detection is noise and not worth counting."""


class CornersEntry(_Part):
    """How the corner network is fed and understood."""

    input: str
    """Name of the input: patches, shape (N, 3, 80, 160), float32, RGB in [0, 1]."""
    output: str = "corners"
    """Name of the first output: shape (N, 4, 2), in patch pixels."""
    odds: str = "odds"
    """Name of the second output: shape (N,), log-odds that the patch shows a plate."""


class ReaderEntry(_Part):
    """How the reader is fed and understood."""

    input: str
    """Name of the input: plates, shape (N, 1, height, width), float32 in [-1, 1]."""
    output: str = "logits"
    """Name of the output: shape (N, T, 37)."""
    width_px: int = Field(ge=16, le=1024)
    """Width of a rectified plate."""
    height_px: int = Field(ge=16, le=1024)
    """Height of a rectified plate."""
    blank_index: Literal[0]
    """Class of the CTC blank; class i > 0 is character i - 1 of the alphabet."""


class _Manifest(_Part):
    """The whole of ``manifest.json``, as far as the device needs it."""

    version: Literal[1]
    files: dict[_FileName, _FileEntry] = Field(max_length=64)
    detector: DetectorEntry
    corners: CornersEntry
    reader: ReaderEntry


@dataclass(frozen=True, slots=True)
class DetectorModel:
    """The detector, as read and verified."""

    file: str
    """Path of the file, for messages."""
    onnx: bytes
    """The model itself."""
    entry: DetectorEntry
    """How to use it."""


@dataclass(frozen=True, slots=True)
class CornersModel:
    """The corner network, as read and verified."""

    file: str
    """Path of the file, for messages."""
    onnx: bytes
    """The model itself."""
    entry: CornersEntry
    """How to use it."""


@dataclass(frozen=True, slots=True)
class ReaderModel:
    """The reader, as read and verified."""

    file: str
    """Path of the file, for messages."""
    onnx: bytes
    """The model itself."""
    entry: ReaderEntry
    """How to use it."""


@dataclass(frozen=True, slots=True)
class Models:
    """Everything that the ``onnx`` engine runs."""

    detector: DetectorModel
    corners: CornersModel
    reader: ReaderModel


@dataclass(frozen=True, slots=True)
class TrainableDetector:
    """The detector as ultralytics keeps it, as read and verified."""

    file: str
    """Path of the file, for messages."""
    checkpoint: bytes
    """What ``ultralytics.YOLO`` loads: a pickle."""
    entry: DetectorEntry
    """How to use it."""


@dataclass(frozen=True, slots=True)
class TrainableCorners:
    """The corner network's weights, as read and verified."""

    file: str
    """Path of the file, for messages."""
    weights: bytes
    """What ``torch.load`` loads: a pickle of tensors and nothing else."""


@dataclass(frozen=True, slots=True)
class TrainableReader:
    """The reader as EasyOCR keeps a custom network, as read and verified."""

    file: str
    """Path of the weights, for messages."""
    network: bytes
    """Python source that defines the network: EasyOCR imports it."""
    network_settings: bytes
    """YAML with the network's parameters and the characters it tells apart."""
    weights: bytes
    """What ``torch.load`` loads: a pickle."""
    entry: ReaderEntry
    """How to use it."""


@dataclass(frozen=True, slots=True)
class TrainableModels:
    """Everything that the ``torch`` engine runs."""

    detector: TrainableDetector
    corners: TrainableCorners
    reader: TrainableReader


def load_models(models_folder: Path | None = None) -> Models:
    """Read the manifest and the models it names, and check them against it.

    Args:
        models_folder: Folder with ``manifest.json``; the package's own if None.

    Returns:
        The models, whose bytes have the size and digest of the manifest.

    Raises:
        ModelError: A file is missing, unreadable, too large, damaged or not the manifest's.
    """
    folder, manifest = _open_folder(models_folder)
    detector_file, detector_onnx = _read_role(folder, manifest, "detector")
    corners_file, corners_onnx = _read_role(folder, manifest, "corners")
    reader_file, reader_onnx = _read_role(folder, manifest, "reader")
    return Models(
        detector=DetectorModel(str(detector_file), detector_onnx, manifest.detector),
        corners=CornersModel(str(corners_file), corners_onnx, manifest.corners),
        reader=ReaderModel(str(reader_file), reader_onnx, manifest.reader),
    )


def load_trainable_models(models_folder: Path | None = None) -> TrainableModels:
    """Read the files that the ONNX models were exported from, and check them like those.

    Args:
        models_folder: Folder with ``manifest.json``; the package's own if None.

    Returns:
        The models, whose bytes have the size and digest of the manifest.

    Raises:
        ModelError: A file is missing, unreadable, too large, damaged or not the manifest's.
    """
    folder, manifest = _open_folder(models_folder)
    detector_file, checkpoint = _read_role(folder, manifest, "detector-trainable")
    corners_file, corner_weights = _read_role(folder, manifest, "corners-trainable")
    reader_file, weights = _read_role(folder, manifest, "reader-trainable")
    _, network = _read_role(folder, manifest, "reader-network")
    _, network_settings = _read_role(folder, manifest, "reader-network-settings")
    return TrainableModels(
        detector=TrainableDetector(str(detector_file), checkpoint, manifest.detector),
        corners=TrainableCorners(str(corners_file), corner_weights),
        reader=TrainableReader(
            str(reader_file), network, network_settings, weights, manifest.reader
        ),
    )


def _open_folder(models_folder: Path | None) -> tuple[Path, _Manifest]:
    """Return the folder of the models and what its manifest says."""
    folder = models_folder or Path(str(resources.files("edge_lpr.models")))
    return folder, _read_manifest(folder / MANIFEST_NAME)


def _read_manifest(file: Path) -> _Manifest:
    """Parse the manifest."""
    try:
        return _Manifest.model_validate_json(_read_bounded(file, MAXIMUM_MANIFEST_BYTES))
    except ValidationError as error:
        keys = ", ".join(".".join(str(part) for part in e["loc"]) for e in error.errors()) or "JSON"
        raise ModelError(f"{file}: is no model manifest (wrong: {keys}); {_REMEDY}") from error


def _read_role(folder: Path, manifest: _Manifest, role: str) -> tuple[Path, bytes]:
    """Read the one file that has a role, and compare it with the manifest."""
    names = [name for name, entry in manifest.files.items() if entry.role == role]
    if len(names) != 1:
        raise ModelError(
            f"{folder / MANIFEST_NAME}: names {len(names)} files with the role {role} instead of "
            f"one; {_REMEDY}"
        )
    file, entry = folder / names[0], manifest.files[names[0]]
    content = _read_bounded(file, entry.size_bytes)
    if len(content) != entry.size_bytes:
        raise ModelError(
            f"{file}: has {len(content)} bytes instead of the manifest's {entry.size_bytes}, "
            f"so it is cut short, or another model; {_REMEDY}"
        )
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise ModelError(f"{file}: is not the model in the manifest (SHA-256 differs); {_REMEDY}")
    return file, content


def _read_bounded(file: Path, maximum_bytes: int) -> bytes:
    """Read a whole file of a known greatest length."""
    try:
        with file.open("rb") as opened:
            untrusted_bytes = opened.read(maximum_bytes + 1)
    except OSError as error:
        raise ModelError(f"{file}: cannot be read ({error.strerror}); {_REMEDY}") from error
    if len(untrusted_bytes) > maximum_bytes:
        raise ModelError(f"{file}: is longer than {maximum_bytes} bytes; {_REMEDY}")
    return untrusted_bytes
