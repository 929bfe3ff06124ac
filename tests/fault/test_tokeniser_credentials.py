"""Keys and certificates that the tokeniser refuses, each with a sentence that says what to do."""

from pathlib import Path

import pytest

from edge_lpr.core.clock import EPOCH_LENGTH_S, SystemClock, TimeQuality, epoch_of
from edge_lpr.core.errors import EdgeLprError, KeyFileError, ModelError, SettingsError
from edge_lpr.core.settings import load_settings
from edge_lpr.tokeniser.credentials import Credentials, birth_claims, load_credentials
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.topics import DeviceAddress
from tests.support.booth import Booth, lay_out_booth
from tests.support.clock import SetClock

YEAR_S = 365 * EPOCH_LENGTH_S


@pytest.fixture
def booth(tmp_path: Path) -> Booth:
    return lay_out_booth(tmp_path)


def loaded(booth: Booth) -> Credentials:
    return load_credentials(load_settings(booth.settings_file), SystemClock())


def sentence_of_refusal(booth: Booth, kind: type[EdgeLprError] = KeyFileError) -> str:
    """Expect a refusal and return what it says."""
    with pytest.raises(kind) as refusal:
        loaded(booth)
    return str(refusal.value)


def test_sound_files_are_accepted(booth: Booth) -> None:
    assert loaded(booth).certificate_jws == booth.certificate_file.read_bytes()


def test_credentials_have_no_telling_repr(booth: Booth) -> None:
    assert "certificate_jws" not in repr(loaded(booth))


@pytest.mark.parametrize("file_name", ["key-ring", "event-key", "device-certificate"])
def test_missing_file_is_named(booth: Booth, file_name: str) -> None:
    (booth.folder / file_name).unlink()
    sentence = sentence_of_refusal(booth)
    assert str(booth.folder / file_name) in sentence
    key = f"tokeniser.{file_name.replace('-', '_')}_file"
    assert f"there is no such file; {key} names it: the authority issues it" in sentence


@pytest.mark.parametrize("file_name", ["key-ring", "event-key"])
def test_key_that_others_can_read_is_refused(booth: Booth, file_name: str) -> None:
    (booth.folder / file_name).chmod(0o644)
    sentence = sentence_of_refusal(booth)
    assert str(booth.folder / file_name) in sentence
    assert "mode 0600" in sentence


@pytest.mark.parametrize("file_name", ["key-ring", "event-key", "device-certificate"])
@pytest.mark.parametrize("damage", ["truncated", "foreign", "empty", "endless"])
def test_damaged_file_is_named(booth: Booth, file_name: str, damage: str) -> None:
    path = booth.folder / file_name
    content = path.read_bytes()
    damaged = {
        "truncated": content[:-1],
        "foreign": b"something else\n" * 3,
        "empty": b"",
        "endless": content * 1000,
    }
    path.write_bytes(damaged[damage])
    path.chmod(0o600)
    assert str(path) in sentence_of_refusal(booth)


def test_replayed_frames_need_a_test_key(booth: Booth) -> None:
    booth.write_keys(KeyPurpose.LIVE, epoch_of(SystemClock().unix_s()))
    sentence = sentence_of_refusal(booth, SettingsError)
    assert "vision.source.kind is folder" in sentence
    assert "key ring made for tests" in sentence


def test_certificate_of_another_booth_is_refused(booth: Booth) -> None:
    booth.write_certificate(address=DeviceAddress("agency", "north", "booth-2"))
    sentence = sentence_of_refusal(booth)
    assert "is for agency/north/booth-2, but the settings say agency/north/booth-1" in sentence


def test_certificate_of_another_key_is_refused(booth: Booth) -> None:
    booth.write_certificate(event_key=SigningKey.generate())
    assert "names another event key" in sentence_of_refusal(booth)


@pytest.mark.parametrize("offset_s", [-YEAR_S, YEAR_S], ids=["expired", "not yet valid"])
def test_certificate_of_another_time_is_refused(booth: Booth, offset_s: int) -> None:
    booth.write_certificate(valid_from_s=SystemClock().unix_s() + offset_s)
    assert "is not valid today" in sentence_of_refusal(booth)


def test_certificate_that_an_editor_ended_with_a_newline_is_accepted(booth: Booth) -> None:
    certificate = booth.certificate_file.read_bytes()
    booth.certificate_file.write_bytes(certificate + b"\n")
    assert loaded(booth).certificate_jws == certificate


def test_reset_clock_says_nothing_about_the_certificate(booth: Booth) -> None:
    clock = SetClock(now_unix_s=0, now_quality=TimeQuality.NONE)
    settings = load_settings(booth.settings_file)
    assert load_credentials(settings, clock).certificate_jws


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        pytest.param(None, "cannot be read", id="missing"),
        pytest.param(b" " * 65_537, "longer than 65536 bytes", id="endless"),
    ],
)
def test_manifest_that_cannot_be_read_is_named(
    tmp_path: Path, manifest: bytes | None, words: str
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    if manifest is not None:
        (models / "manifest.json").write_bytes(manifest)
    booth = lay_out_booth(tmp_path, more_vision_settings=f'models_folder = "{models}"')
    settings, credentials = load_settings(booth.settings_file), loaded(booth)
    with pytest.raises(ModelError, match=words) as refusal:
        birth_claims(settings, credentials, boot="0" * 16, time_quality=TimeQuality.NTP)
    assert str(models / "manifest.json") in str(refusal.value)
