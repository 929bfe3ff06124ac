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
    ("wrong", "sentence"),
    [
        pytest.param(
            "[publisher]\nbroker_prot = 1",
            "publisher.broker_prot is no setting; firmware_config/booth.toml shows all",
            id="unknown key",
        ),
        pytest.param(
            "[publisher]\nbroker_port = 0",
            "publisher.broker_port must be at least 1",
            id="too small",
        ),
        pytest.param(
            "[tokeniser]\nqueue_sightings = 1_000_000",
            "tokeniser.queue_sightings must be at most 100000",
            id="too large",
        ),
        pytest.param(
            "[publisher]\nmqtt_version = '4'",
            "publisher.mqtt_version must be '5' or '3.1.1'",
            id="unknown word",
        ),
        pytest.param(
            "[publisher]\nbroker_port = '1883'",
            "publisher.broker_port must be a whole number",
            id="number in quotes",
        ),
        pytest.param(
            "[publisher]\nbroker_port = true",
            "publisher.broker_port must be a whole number",
            id="truth for a number",
        ),
        pytest.param(
            "[publisher]\nbroker_host = 1979-05-27\ndrain_s = '5'",
            "publisher.drain_s must be a number",
            id="text for seconds",
        ),
        pytest.param(
            "[publisher]\ntls_ca_file = 'ca.pem'\ntls_key_file = 'key.pem'",
            "publisher needs tls_certificate_file too: TLS takes all three files, or none",
            id="two of three TLS files",
        ),
        pytest.param("this is no TOML", "is no TOML", id="no TOML"),
    ],
)
def test_wrong_settings_name_file_key_and_range(
    settings_file: Path, wrong: str, sentence: str
) -> None:
    settings_file.write_text(MINIMAL + wrong)
    with pytest.raises(SettingsError) as caught:
        load_settings(settings_file)
    assert str(settings_file) in str(caught.value)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        pytest.param(
            '"tenant-a"', '"Tenant A"', "booth.tenant may hold a to z, 0 to 9 and -", id="name"
        ),
        pytest.param('site = "lane-07"\n', "", "booth.site is missing", id="missing key"),
        pytest.param(
            "number = 1 }", "number = 17 }", "lanes(1).number must be at most 16", id="lane"
        ),
    ],
)
def test_wrong_booth_is_told_in_words(
    settings_file: Path, old: str, new: str, sentence: str
) -> None:
    settings_file.write_text(MINIMAL.replace(old, new))
    with pytest.raises(SettingsError) as caught:
        load_settings(settings_file)
    assert sentence in str(caught.value)
    assert "at least 1 item" not in str(caught.value)
    assert ";" not in str(caught.value)


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
        pytest.param(
            "{ number = 1 }", "{ number = 1 }, { number = 2 }", "have no region", id="no regions"
        ),
        pytest.param(
            "{ number = 1 }", "{ number = 1 }, { number = 1 }", "must differ", id="lane twice"
        ),
        pytest.param(
            "lanes = ",
            "tokeniser.readings_socket = '/run/elsewhere.sock'\nlanes = ",
            "readings_socket stands in two sections",
            id="neighbours that do not meet",
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
