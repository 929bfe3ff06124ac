"""Opens models with ONNX Runtime: quiet, offline, no spinning threads."""

import os
from typing import Final

# ONNX Runtime's own builds report to their maker from the moment of import and keep an identifier
# of the machine in the home folder. Only this variable, set before the import, forbids both:
# disable_telemetry_events() below comes after the first report (microsoft/onnxruntime, pull
# request 27379).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state

from edge_lpr.core.errors import ModelError

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


def open_session(
    onnx: bytes, *, file: str, threads: int, wanted: dict[str, int]
) -> onnxruntime.InferenceSession:
    """Open a verified model and compare its inputs and outputs with what is wanted.

    Args:
        onnx: The model.
        file: Where it was read from, for messages.
        threads: Threads of one inference.
        wanted: Name of each input and output, and how many dimensions it has.

    Returns:
        A session on the CPU.

    Raises:
        ModelError: This is no ONNX model, or one with other inputs or outputs.
    """
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _LOG_FATAL_ONLY
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # Spinning buys microseconds and takes a core from the camera and the other two processes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    except ORT_ERRORS as error:
        raise ModelError(
            f"{file}: ONNX Runtime cannot load it ({type(error).__name__}); "
            "export the model again with edge_lpr.training.export"
        ) from error
    found = {node.name: len(node.shape) for node in session.get_inputs() + session.get_outputs()}
    if found != wanted:
        raise ModelError(
            f"{file}: is another kind of model (inputs and outputs {sorted(found)} instead of "
            f"{sorted(wanted)}); export it with edge_lpr.training.export"
        )
    return session
