"""What ``scripts/emulate_booth`` makes of its words."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/emulate_booth"


@pytest.mark.parametrize(
    ("words", "passed_on"),
    [
        (["a.img", "--folder", "booth"], "emulate a.img --folder booth"),
        (["--folder", "booth", "a.img"], "emulate a.img --folder booth"),
        (["--sightings", "3"], "emulate build/edge-lpr-generic-amd64-0.1.0+2.img --sightings 3"),
    ],
    ids=["image first", "image last", "no image"],
)
def test_the_image_may_stand_anywhere(words: list[str], passed_on: str, tmp_path: Path) -> None:
    scripts, program = tmp_path / "scripts", tmp_path / "bin/edge-lpr"
    for folder in (scripts, program.parent, tmp_path / "build"):
        folder.mkdir()
    (tmp_path / "build/edge-lpr-generic-amd64-0.1.0+2.img").touch()
    shutil.copy(SCRIPT, scripts)
    (scripts / "setup_environment").write_text(
        f"project={tmp_path} venv={tmp_path}\n"
        "use_environment() { :; }\nneed_program() { :; }\ninstall_packages() { :; }\n"
    )
    program.write_text('#!/bin/sh\necho "$*"\n')
    program.chmod(0o755)
    command = ["bash", str(scripts / SCRIPT.name), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == passed_on
