"""Laws of the installer's answers."""

import contextlib
import json
from pathlib import Path

import tomli
from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.core.errors import InstallationError
from edge_lpr.core.settings import BoothSettings
from edge_lpr.installation.dumping import dump_installation
from edge_lpr.installation.model import Installation
from edge_lpr.installation.places import Board, Machine
from edge_lpr.installation.reading import parse_installation
from edge_lpr.installation.settings_file import decided_settings, edited
from tests.support.answers import installations

TEMPLATE = (Path(__file__).parents[2] / "firmware_config/booth.toml").read_text()


@given(answers=installations())
def test_what_is_written_is_read_as_the_same(answers: Installation) -> None:
    text = dump_installation(answers)
    assert parse_installation(text.encode(), "file") == answers
    assert parse_installation(text.replace("\n", "\r\n").encode("utf-8-sig"), "file") == answers


@given(untrusted_bytes=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_garbage_is_refused_in_words(untrusted_bytes: bytes) -> None:
    with contextlib.suppress(InstallationError):
        parse_installation(untrusted_bytes, "file")


@given(answers=installations(), is_sealed=st.booleans(), board=st.sampled_from(["rpi", "jetson"]))
def test_settings_are_kept_in_step_and_nothing_else_is_touched(
    answers: Installation, board: Board, *, is_sealed: bool
) -> None:
    decided = decided_settings(answers, None, Machine(board, has_tpm=True), is_sealed=is_sealed)
    text = edited(TEMPLATE, decided)
    settings = BoothSettings.model_validate_json(json.dumps(tomli.loads(text)))
    assert (settings.booth.site, settings.booth.device) == (answers.site, answers.device)
    assert (settings.tokeniser.sealing_key_file is not None) == is_sealed
    assert edited(text, decided) == text
    # Each changed line is one that the answers decide.
    changed = set(text.splitlines()) ^ set(TEMPLATE.splitlines())
    keys = {key for _, key in decided}
    assert {line.removeprefix("# ").partition(" =")[0] for line in changed} <= keys
    # What is taken back leaves what a technician would have found.
    nothing = {place: None for place, value in decided.items() if place[1] == "proxy"}
    assert "proxy" not in tomli.loads(edited(text, nothing))["publisher"]
