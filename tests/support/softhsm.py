"""A SoftHSM token of a test's own.

Without SoftHSM a test is skipped, but fails where ``EDGE_LPR_REQUIRE_HSM=1`` says that it must be
there. The library reads its configuration once a process, so all tests of a process share one
store of tokens, each test with a token of its own.
"""

import atexit
import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

PIN = "2468"
SO_PIN = "13579"

_MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
)
_numbers = itertools.count(1)


def find_softhsm() -> Path:
    """Return SoftHSM's library; skip or fail the test without it."""
    found = [Path(module) for module in _MODULES if Path(module).exists()]
    has_library = importlib.util.find_spec("pkcs11") is not None
    if found and has_library and shutil.which("softhsm2-util"):
        _store()
        return found[0]
    reason = (
        "SoftHSM or python-pkcs11 is missing: apt-get install softhsm2, pip install '.[authority]'"
    )
    if os.environ.get("EDGE_LPR_REQUIRE_HSM") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def empty_token() -> str:
    """Return the label of a token with ``PIN`` that holds nothing; making one takes a second."""
    import pkcs11  # noqa: PLC0415 - an optional library

    module = find_softhsm()
    label = _token()
    with (
        pkcs11.lib(str(module)).get_token(token_label=label).open(rw=True, user_pin=PIN) as session
    ):
        for thing in list(session.get_objects()):
            thing.destroy()
    return label


def new_token() -> str:
    """Make a token with ``PIN``, and return its label."""
    label = f"test-{os.getpid()}-{next(_numbers)}"
    subprocess.run(
        [
            *("softhsm2-util", "--init-token", "--free", "--label", label),
            *("--pin", PIN, "--so-pin", SO_PIN),
        ],
        check=True,
        capture_output=True,
    )
    return label


@cache
def _token() -> str:
    """Make the token that this process's tests share."""
    import pkcs11  # noqa: PLC0415 - an optional library

    label = new_token()
    # The library looks for tokens once; sessions that are open end here.
    pkcs11.lib(str(find_softhsm())).reinitialize()
    return label


@cache
def _store() -> Path:
    """Make the store of tokens that this process's tests share."""
    folder = Path(tempfile.mkdtemp(prefix="lpr-hsm-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    return folder
