"""Opens models with ONNX Runtime: quiet, offline, no spinning threads."""

import os
from typing import Final, Literal

# ONNX Runtime's own builds report to their maker from the moment of import and keep an identifier
# of the machine in the home folder. Only this variable, set before the import, forbids both:
# disable_telemetry_events() below comes after the first report (microsoft/onnxruntime, pull
# request 27379).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state

from edge_lpr.core.errors import ModelError, SettingsError

ORT_ERRORS: Final[tuple[type[Exception], ...]] = (
    RuntimeError,
    ValueError,
    *(
        kind
        for kind in vars(onnxruntime_pybind11_state).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ),
)
"""What ONNX Runtime raises: a dozen types of its own that share no parent but ``Exception``,
and two of pybind11."""

_LOG_FATAL_ONLY: Final = 4
"""ONNX Runtime writes to standard error by itself; what matters comes as an exception."""


OnnxProvider = Literal["cpu", "cuda", "tensorrt"]
"""What computes: ``vision.onnx_provider`` of the settings."""

_PROVIDERS: Final[dict[OnnxProvider, list[str]]] = {
    "cpu": ["CPUExecutionProvider"],
    # What the first has no program for, the next computes.
    "cuda": ["CUDAExecutionProvider", "CPUExecutionProvider"],
    "tensorrt": ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"],
}


def open_session(
    onnx: bytes,
    *,
    file: str,
    threads: int,
    wanted: dict[str, int],
    provider: OnnxProvider = "cpu",
) -> onnxruntime.InferenceSession:
    """Open a verified model and compare its inputs and outputs with what is wanted.

    Args:
        onnx: The model.
        file: Where it was read from, for messages.
        threads: Threads of one inference.
        wanted: Name of each input and output, and how many dimensions it has.
        provider: What computes it; never another one instead.

    Returns:
        A session.

    Raises:
        ModelError: This is no ONNX model, or one with other inputs or outputs.
        SettingsError: The provider is not there, or does not start.
    """
    onnxruntime.disable_telemetry_events()
    providers = _PROVIDERS[provider]
    _require_provider(provider, onnxruntime.get_available_providers())
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _LOG_FATAL_ONLY
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # Spinning buys microseconds and takes a core from the camera and the other two processes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(onnx, options, providers=providers)
    except ORT_ERRORS as error:
        raise ModelError(
            f"{file}: ONNX Runtime cannot load it ({type(error).__name__}); "
            "export the model again with edge_lpr.training.export"
        ) from error
    # Where a provider does not start, ONNX Runtime takes the next one and only logs it.
    _require_provider(provider, session.get_providers())
    found = {node.name: len(node.shape) for node in session.get_inputs() + session.get_outputs()}
    if found != wanted:
        raise ModelError(
            f"{file}: is another kind of model (inputs and outputs {sorted(found)} instead of "
            f"{sorted(wanted)}); export it with edge_lpr.training.export"
        )
    return session


def _require_provider(provider: OnnxProvider, present: list[str]) -> None:
    """Refuse a provider that is not among those present."""
    name = _PROVIDERS[provider][0]
    if name not in present:
        raise SettingsError(
            f"vision.onnx_provider is {provider}, but ONNX Runtime has no working {name}; install "
            'NVIDIA\'s build and its driver (docs/jetson.md), or set onnx_provider = "cpu"'
        )
