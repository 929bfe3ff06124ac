"""Node.js and the example's npm packages, which `scripts/check_contract` installs.

Without them a test is skipped, but fails where ``EDGE_LPR_REQUIRE_NODE=1`` says that they must be
there.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.contract_schemas import CONTRACT

EXAMPLES = CONTRACT / "examples"


def need_node(program_folder: Path = EXAMPLES) -> str:
    """Return the path of Node.js; skip or fail the test without it or a program's packages."""
    node = shutil.which("node")
    if node is not None and (program_folder / "node_modules").is_dir():
        return node
    reason = (
        f"Node.js or {program_folder.name}'s npm packages are missing; run scripts/check_contract"
    )
    if os.environ.get("EDGE_LPR_REQUIRE_NODE") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def _environment(node: str) -> dict[str, str]:
    """Return the environment in which this Node.js has what jose needs."""
    version = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout
    # Node.js 18, as Debian 12 has it, keeps WebCrypto behind a switch that later ones do not know.
    needs_switch = version.startswith("v18.")
    options = "--experimental-global-webcrypto --no-warnings" if needs_switch else ""
    return {**os.environ, "NODE_OPTIONS": options}


def run_script(script: str, argument: str) -> bytes:
    """Run a script that may import the example's packages, and return what it prints.

    Args:
        script: An ECMAScript module.
        argument: What ``process.argv[1]`` says.
    """
    node = need_node()
    return subprocess.run(
        [node, "--input-type=module", "-e", script, argument],
        cwd=EXAMPLES,  # where names of packages are looked for
        env=_environment(node),
        check=True,
        stdout=subprocess.PIPE,
        timeout=60,
    ).stdout


@contextmanager
def running_example(arguments: list[str], output: Path) -> Iterator[None]:
    """Run the JavaScript consumer, and end it whatever happens.

    Args:
        arguments: What its first line says.
        output: File for what it prints, complaints included.
    """
    node = need_node()
    with output.open("wb") as file:
        process = subprocess.Popen(
            [node, str(EXAMPLES / "consumer.mjs"), *arguments],
            env=_environment(node),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            process.kill()
            process.wait()
