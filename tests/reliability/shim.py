"""Compiles the libraries that tests preload before libc."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

_SOURCES: Final = Path(__file__).parent / "shims"
_FLAGS: Final = ("-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")


class CompilerMissingError(Exception):
    """There is no C compiler; the message says what to install."""


def build_shim(name: str, folder: Path) -> Path:
    """Compile ``shims/<name>.c`` into a folder.

    Args:
        name: Without its ending.
        folder: Existing folder for the library.

    Returns:
        The library, for ``LD_PRELOAD``.

    Raises:
        CompilerMissingError: There is no C compiler.
    """
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise CompilerMissingError("no C compiler; install one with: apt-get install gcc libc6-dev")
    library = folder / f"{name}.so"
    source = _SOURCES / f"{name}.c"
    subprocess.run([compiler, *_FLAGS, "-o", library, source, "-ldl", "-lpthread"], check=True)
    return library
