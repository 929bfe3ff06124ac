"""A wrong settings file stops the start with a sentence that names file, key and range."""

from pathlib import Path

import pytest

from edge_lpr.core.errors import SettingsError
from edge_lpr.core.settings import MAXIMUM_SETTINGS_BYTES, load_settings

MINIMAL = """
lanes = [{ number = 1 }]
[booth]
tenant = "tenant-a"
site = "lane-07"
device = "booth-1"
[vision.source]
kind = "folder"
address = "frames"
"""


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    return tmp_path / "booth.toml"


def test_minimal_settings_load_with_defaults(settings_file: Path) -> None:
    settings_file.write_text(MINIMAL)
    settings = load_settings(settings_file)
    assert settings.vision.agreeing_readings == 2
    assert not settings.vision.source.is_live


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        pytest.param("[publisher]\nbroker_prot = 1", "publisher.broker_prot", id="unknown key"),
        pytest.param("[publisher]\nbroker_port = 0", "publisher.broker_port", id="out of range"),
        pytest.param("[publisher]\nmqtt_version = '4'", "'5' or '3.1.1'", id="unknown word"),
        pytest.param("[tokeniser]\nqueue_sightings = 'x'", "queue_sightings", id="wrong type"),
        pytest.param("this is no TOML", "is no TOML", id="no TOML"),
    ],
)
def test_wrong_settings_name_file_and_key(settings_file: Path, wrong: str, named: str) -> None:
    settings_file.write_text(MINIMAL + wrong)
    with pytest.raises(SettingsError) as caught:
        load_settings(settings_file)
    assert str(settings_file) in str(caught.value)
    assert named in str(caught.value)


def test_missing_settings_say_where_the_template_is(settings_file: Path) -> None:
    with pytest.raises(SettingsError, match=r"firmware_config/booth\.toml"):
        load_settings(settings_file)


def test_endless_settings_are_refused(settings_file: Path) -> None:
    settings_file.write_text("#" * (MAXIMUM_SETTINGS_BYTES + 1))
    with pytest.raises(SettingsError, match="longer than"):
        load_settings(settings_file)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        pytest.param("number = 1", "number = 2", "lanes are [2]", id="camera on an unknown lane"),
        pytest.param(
            "{ number = 1 }", "{ number = 1 }, { number = 1 }", "must differ", id="lane twice"
        ),
        pytest.param(
            'kind = "folder"\naddress = "frames"',
            'kind = "rtsp"\naddress = "rtsp://user:secret@10.0.0.2/"',
            "credentials_file",
            id="password in the address",
        ),
    ],
)
def test_impossible_combinations_are_refused(
    settings_file: Path, old: str, new: str, named: str
) -> None:
    settings_file.write_text(MINIMAL.replace(old, new))
    with pytest.raises(SettingsError) as caught:
        load_settings(settings_file)
    assert named in str(caught.value)
    assert "secret" not in str(caught.value)
