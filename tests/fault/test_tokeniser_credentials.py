"""Keys and certificates that the tokeniser refuses, each with a sentence that says what to do."""

from pathlib import Path

import pytest

from edge_lpr.core.clock import EPOCH_LENGTH_S, SystemClock, TimeQuality, epoch_of
from edge_lpr.core.errors import EdgeLprError, KeyFileError, ModelError, SettingsError
from edge_lpr.core.settings import load_settings
from edge_lpr.tokeniser.credentials import Credentials, birth_claims, load_credentials
from edge_lpr.tokens.key_ring import KeyPurpose, read_key_state, write_key_state
from edge_lpr.tokens.sealing import SealingKey
from edge_lpr.wire.device_certificate import CustodyTier, DeviceCertificate, issue_certificate
from edge_lpr.wire.jws import SigningKey, write_signing_key
from edge_lpr.wire.topics import DeviceAddress
from tests.support.booth import ADDRESS, Booth, lay_out_booth
from tests.support.clock import SetClock
from tests.support.deliveries import settings_with_authority, write_authority

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


@pytest.fixture
def certified(tmp_path: Path) -> Booth:
    """A booth whose settings name the authority."""
    booth = lay_out_booth(tmp_path, more_tokeniser_settings=settings_with_authority(tmp_path))
    write_authority(tmp_path, booth.authority_key)
    return booth


def seal(booth: Booth, sealing_key: SealingKey, *, in_settings: SealingKey | None = None) -> None:
    """Seal both key files, and have the settings name a key, the same unless said otherwise."""
    state = read_key_state(booth.key_ring_file)
    write_key_state(booth.key_ring_file, state, sealing_key)
    write_signing_key(booth.event_key_file, booth.event_key, sealing_key)
    sealing_key_file = booth.folder / "sealing-key"
    sealing_key_file.write_bytes(bytes((in_settings or sealing_key)._octets))
    sealing_key_file.chmod(0o600)
    settings = booth.settings_file.read_text()
    line = f'sealing_key_file = "{sealing_key_file}"'
    booth.settings_file.write_text(settings.replace("[tokeniser]", f"[tokeniser]\n{line}"))


def write_certificate_of(booth: Booth, tier: CustodyTier) -> None:
    """Write a certificate that the authority signed for a custody tier."""
    now_s = SystemClock().unix_s()
    certificate = DeviceCertificate(
        ADDRESS, booth.event_key.public_key, tier, now_s - 3600, now_s + YEAR_S
    )
    booth.certificate_file.write_bytes(issue_certificate(certificate, booth.authority_key))


def test_certificate_of_the_pinned_authority_is_accepted(certified: Booth) -> None:
    credentials = loaded(certified)
    assert credentials.authority is not None
    assert credentials.authority.octets == certified.authority_key.public_key.octets


def test_certificate_of_another_authority_is_refused(certified: Booth) -> None:
    write_authority(certified.folder, SigningKey.generate())
    assert "is not signed by the authority in tokeniser.authority_file" in sentence_of_refusal(
        certified
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(None, "comes with the deployment bundle", id="missing"),
        pytest.param(b"no key", "holds no public key of an authority", id="damaged"),
        pytest.param(b"A" * 1000, "holds no public key of an authority", id="endless"),
    ],
)
def test_authority_that_cannot_be_read_is_named(
    certified: Booth, content: bytes | None, words: str
) -> None:
    path = certified.folder / "authority.pub"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    sentence = sentence_of_refusal(certified)
    assert str(path) in sentence
    assert words in sentence


@pytest.mark.parametrize("tier", CustodyTier)
def test_tier_a_needs_a_sealing_key(booth: Booth, tier: CustodyTier) -> None:
    write_certificate_of(booth, tier)
    if tier is CustodyTier.A:
        assert "promises custody tier A" in sentence_of_refusal(booth)
        seal(booth, SealingKey(b"z" * 32))
    assert loaded(booth).certificate_jws


def test_sealed_files_open_with_their_key(booth: Booth) -> None:
    seal(booth, SealingKey(b"z" * 32))
    assert loaded(booth).key_ring.epochs()


def test_wrong_sealing_key_stops_the_start_and_changes_nothing(certified: Booth) -> None:
    seal(certified, SealingKey(b"z" * 32), in_settings=SealingKey(b"y" * 32))
    before = certified.key_ring_file.read_bytes()
    sentence = sentence_of_refusal(certified)
    assert "cannot be opened with this device's sealing key" in sentence
    assert certified.key_ring_file.read_bytes() == before


def test_missing_sealing_key_is_named(booth: Booth) -> None:
    seal(booth, SealingKey(b"z" * 32))
    (booth.folder / "sealing-key").unlink()
    assert "tokeniser.sealing_key_file names it" in sentence_of_refusal(booth)


@pytest.mark.parametrize("is_sealed", [False, True], ids=["plain", "sealed"])
@pytest.mark.parametrize("length", [0, 20, 70, -1])
def test_damaged_key_ring_is_replaced_by_an_empty_one_where_keys_can_come(
    certified: Booth, length: int, *, is_sealed: bool
) -> None:
    sealing_key = SealingKey(b"z" * 32)
    if is_sealed:
        seal(certified, sealing_key)
    content = certified.key_ring_file.read_bytes()
    certified.key_ring_file.write_bytes(content[:length])
    with certified.key_ring_file.open("rb") as damaged:
        credentials = loaded(certified)
        assert not any(damaged.read())
    assert credentials.damage is not None
    assert credentials.key_ring.epochs() == ()
    assert credentials.key_ring.purpose is KeyPurpose.TEST
    assert credentials.key_state.transport_number >= SystemClock().unix_s() - 60
    # The next start finds what this one has made, and is at ease.
    again = loaded(certified)
    assert again.damage is None
    assert again.key_state.transport_key == credentials.key_state.transport_key
    names = {path.name for path in certified.folder.iterdir()}
    assert not [name for name in names if name.startswith(".key-ring")]


def test_keys_that_others_can_read_are_not_taken_for_damaged(certified: Booth) -> None:
    certified.key_ring_file.chmod(0o644)
    before = certified.key_ring_file.read_bytes()
    assert "mode 0600" in sentence_of_refusal(certified)
    assert certified.key_ring_file.read_bytes() == before


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
