"""What both parts of the ``torch`` engine need of torch: device, files, outputs, faults."""

import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError  # noqa: TID251 - caught, nothing is unpickled
from typing import Any, Final, Literal

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from edge_lpr.core.errors import DetectorError, ReaderError, SettingsError

TORCH_ERRORS: Final[tuple[type[Exception], ...]] = (
    RuntimeError,  # torch's own, CUDA out of memory among them
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OSError,
)
"""What torch and the libraries on top of it raise when they fail."""

LOADING_ERRORS: Final[tuple[type[Exception], ...]] = (
    DetectorError,
    ReaderError,
    *TORCH_ERRORS,
    ImportError,
    SyntaxError,
    EOFError,
    yaml.YAMLError,
    UnpicklingError,
)
"""Likewise while a model is loaded, which may be anything if the manifest vouches for it."""


def choose_device(wanted: Literal["auto", "cpu", "cuda"]) -> str:
    """Say where the networks run. CUDA is untested on hardware.

    Args:
        wanted: As in ``vision.torch_device`` of the settings.

    Returns:
        torch's name of the device: ``cpu`` or ``cuda:0``.

    Raises:
        SettingsError: CUDA is wanted, and there is none.
    """
    has_cuda = torch.cuda.is_available()
    if wanted == "cuda" and not has_cuda:
        raise SettingsError(
            "vision.torch_device is cuda, but torch finds no CUDA device; install NVIDIA's driver "
            'and a torch built for it, or set torch_device = "cpu"'
        )
    return "cuda:0" if has_cuda and wanted != "cpu" else "cpu"


@contextmanager
def laid_out(files: Mapping[str, bytes]) -> Iterator[Path]:
    """Write verified files where a library that takes only paths can load them.

    Not the files they were read from: those could have been exchanged in between.

    Args:
        files: Contents by name.

    Yields:
        A folder that nobody else can look into, gone afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="edge-lpr-") as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        yield Path(folder)


@contextmanager
def environment_variable(name: str, value: str) -> Iterator[None]:
    """Set a variable of the environment for a while: many libraries have no other switch.

    Args:
        name: Its name.
        value: Its value meanwhile.

    Yields:
        Nothing; afterwards the variable is as it was before.
    """
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


@contextmanager
def without_warnings() -> Iterator[None]:
    """Keep the libraries' warnings, about each other's old ways, off standard error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class OutputTap:
    """Keeps what a network last put out, whoever ran it.

    The stock libraries boil a network's output down to less than our contracts ask for; tapped, it
    is decoded by the same code for every engine.
    """

    def __init__(self, network: torch.nn.Module) -> None:
        """Listen to a network.

        Args:
            network: Its output, or the first part of it, is a float32 tensor.
        """
        self._output: torch.Tensor | None = None
        network.register_forward_hook(self._keep)

    def take(self) -> NDArray[np.float32]:
        """Return the last output and forget it.

        Returns:
            The output; on the CPU this is the network's own tensor, so what is overwritten here is
            overwritten there.

        Raises:
            RuntimeError: The network has not run since the last time.
        """
        output, self._output = self._output, None
        if output is None:
            raise RuntimeError("the network did not run")
        return np.asarray(output.detach().cpu().numpy(), np.float32)

    def _keep(self, network: torch.nn.Module, inputs: object, output: Any) -> None:  # noqa: ANN401 - torch's own signature
        """Note an output."""
        del network, inputs
        self._output = output[0] if isinstance(output, (tuple, list)) else output
