"""Token keys are made once, come back the same, and once destroyed come back from nowhere."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.file_wrapping import FileWrappingKeys
from edge_lpr.authority.journal import Journal
from edge_lpr.authority.places import open_store
from edge_lpr.authority.wrapping import ROOT, epoch_name
from edge_lpr.core.errors import AuthorityError, DestroyedError, NoValidKeyError
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire.key_delivery import EpochKeys
from tests.support.authority import PLAN, Folders, memory_folder, no_pin, today
from tests.support.clock import SetClock

DAY_S = 86_400


class PowerCut(Exception):  # noqa: N818 - it is none of the program's errors
    """Ends the process, as far as a test can."""


def cut_off(*_arguments: object, **_details: object) -> None:
    raise PowerCut


def as_bytes(keys: EpochKeys) -> tuple[bytes, bytes]:
    return bytes(keys.stretch), bytes(keys.site)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def folders() -> Iterator[Folders]:
    with memory_folder() as folder:
        yield Folders(folder / "base")


def test_keys_are_the_same_after_everything_was_closed(folders: Folders) -> None:
    with folders.create() as authority:
        first = as_bytes(authority.epoch_keys("north", today(authority)))
    with folders.open() as authority:
        assert as_bytes(authority.epoch_keys("north", today(authority))) == first


def test_sites_share_the_stretch_key_of_a_day_and_nothing_else(folders: Folders) -> None:
    with folders.create() as authority:
        day = today(authority)
        north, south = (as_bytes(authority.epoch_keys(site, day)) for site in ("north", "south"))
        other = as_bytes(authority.epoch_keys("north", day + 1))
    assert north[0] == south[0]
    assert len({north[1], south[1], other[0], other[1], north[0]}) == 5


def test_test_keys_have_nothing_in_common_with_live_ones(folders: Folders) -> None:
    with folders.create() as authority:
        day = today(authority)
        live = as_bytes(authority.epoch_keys("north", day))
        test = as_bytes(authority.epoch_keys("north", day, KeyPurpose.TEST))
    assert not set(live) & set(test)


def test_no_key_is_made_for_a_day_that_is_past(folders: Folders) -> None:
    with folders.create() as authority, pytest.raises(NoValidKeyError, match="none is made"):
        authority.epoch_keys("north", today(authority) - 1)


def test_clock_that_is_a_year_ahead_makes_no_keys_for_the_days_until_then(
    folders: Folders,
) -> None:
    with folders.create() as authority, pytest.raises(NoValidKeyError, match="check this machine"):
        authority.epoch_keys("north", today(authority) + 365)


def test_name_that_is_no_site_is_refused(folders: Folders) -> None:
    with folders.create() as authority, pytest.raises(AuthorityError, match="site"):
        authority.epoch_keys("North Crossing", today(authority))


def test_destroyed_keys_are_refused_and_the_days_around_are_not(folders: Folders) -> None:
    with folders.create() as authority:
        day = today(authority)
        kept = as_bytes(authority.epoch_keys("north", day + 1))
        authority.epoch_keys("north", day)
        authority.vault.destroy([day])
        with pytest.raises(DestroyedError, match="by anybody"):
            authority.epoch_keys("north", day)
        with pytest.raises(DestroyedError):
            authority.epoch_keys("a-site-that-is-new", day)
        assert as_bytes(authority.epoch_keys("north", day + 1)) == kept
        assert authority.vault.held() == (day + 1,)


def test_destroyed_rows_leave_no_byte_in_the_data_base(folders: Folders) -> None:
    with folders.create() as authority:
        day = today(authority)
        authority.epoch_keys("north", day)
        wrapped = [row[0] for row in authority.store.rows("SELECT wrapped FROM epoch_key")]
        authority.vault.destroy([day])
        files = b"".join(file.read_bytes() for file in folders.folder.glob("authority.sqlite3*"))
    assert len(wrapped) == 2
    assert not any(secret[13:] in files for secret in wrapped)


def test_no_backup_brings_destroyed_keys_back(folders: Folders, clock: SetClock) -> None:
    with folders.create(clock) as authority:
        day = today(authority)
        authority.epoch_keys("north", day)
    backup = folders.base / "backup"
    shutil.copytree(folders.folder, backup)
    with folders.open(clock) as authority:
        authority.vault.destroy([day])
    shutil.rmtree(folders.folder)
    shutil.copytree(backup, folders.folder)
    with folders.open(clock) as authority, pytest.raises(DestroyedError):
        authority.epoch_keys("north", day)
    clock.advance_s(DAY_S)
    with folders.open(clock) as authority, pytest.raises(DestroyedError):
        authority.epoch_keys("north", day)


def test_backup_with_its_wrapping_key_would_bring_them_back(folders: Folders) -> None:
    """The control: what the test above relies on is the wrapping key and nothing else."""
    with folders.create() as authority:
        day = today(authority)
        first = as_bytes(authority.epoch_keys("north", day))
    shutil.copytree(folders.base, folders.base.parent / "copy-of-both")
    with folders.open() as authority:
        authority.vault.destroy([day])
    shutil.rmtree(folders.base)
    shutil.copytree(folders.base.parent / "copy-of-both", folders.base)
    shutil.rmtree(folders.base.parent / "copy-of-both")
    with folders.open() as authority:
        assert as_bytes(authority.epoch_keys("north", day)) == first


@pytest.mark.parametrize("steps", ["intent", "key", "key-overwritten"])
def test_destruction_that_was_cut_off_is_completed_when_opened(
    folders: Folders, steps: str
) -> None:
    with folders.create() as authority:
        day = today(authority)
        authority.epoch_keys("north", day)
        with authority.store.transaction() as session:
            session.execute("UPDATE epoch SET state = 'destroying'")
        file = folders.wrapping / f"{epoch_name(day)}.key"
        if steps == "key":
            authority.wrapping.destroy(epoch_name(day))
        if steps == "key-overwritten":
            file.write_bytes(bytes(32))
    with folders.open() as authority:
        assert not file.exists()
        assert authority.store.rows("SELECT 1 FROM epoch_key") == []
        assert authority.store.rows("SELECT state FROM epoch") == [("destroyed",)]


def test_wrapping_key_without_a_row_is_used_by_the_next_making(folders: Folders) -> None:
    with folders.create() as authority:
        authority.wrapping.make(epoch_name(today(authority)))
        first = as_bytes(authority.epoch_keys("north", today(authority)))
    with folders.open() as authority:
        assert as_bytes(authority.epoch_keys("north", today(authority))) == first


def test_rows_of_two_sites_cannot_be_exchanged(folders: Folders) -> None:
    with folders.create() as authority:
        day = today(authority)
        for site in ("north", "south"):
            authority.epoch_keys(site, day)
        with authority.store.transaction() as session:
            session.execute(
                "UPDATE epoch_key SET wrapped = (SELECT wrapped FROM epoch_key WHERE site = "
                "'south') WHERE site = 'north'"
            )
        with pytest.raises(AuthorityError):
            authority.epoch_keys("north", day)


def test_another_authoritys_wrapping_keys_are_told(tmp_path: Path) -> None:
    one, other = Folders(tmp_path / "one"), Folders(tmp_path / "other")
    one.create().close()
    other.create().close()
    with pytest.raises(AuthorityError, match="do not open this data base"):
        Authority.open(one.folder, no_pin, SetClock(), wrapping_folder=other.wrapping)


def test_empty_wrapping_folder_is_told_from_a_destroyed_key(folders: Folders) -> None:
    folders.create().close()
    (folders.wrapping / f"{ROOT}.key").unlink()
    with pytest.raises(DestroyedError, match="not the place of its wrapping keys"):
        folders.open()


def test_truncated_data_base_is_refused_in_a_sentence(folders: Folders) -> None:
    folders.create().close()
    file = folders.folder / "authority.sqlite3"
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(AuthorityError, match=r"authority\.sqlite3"):
        folders.open()


def test_missing_data_base_is_not_made_anew(folders: Folders) -> None:
    folders.create().close()
    (folders.folder / "authority.sqlite3").unlink()
    with pytest.raises(AuthorityError, match="restore the newest backup"):
        folders.open()


def test_data_base_of_a_later_version_is_refused(folders: Folders) -> None:
    folders.create().close()
    with sqlite3.connect(folders.folder / "authority.sqlite3") as session:
        session.execute("INSERT INTO migration VALUES (9999)")
    session.close()
    with pytest.raises(AuthorityError, match="later version"):
        folders.open()


def test_bundle_of_another_authority_is_refused(tmp_path: Path) -> None:
    one, other = Folders(tmp_path / "one"), Folders(tmp_path / "other")
    one.create().close()
    other.create().close()
    shutil.copy(other.folder / "deployment.lpr", one.folder)
    with pytest.raises(AuthorityError, match="belongs to another authority"):
        one.open()


def test_second_authority_in_the_same_folder_is_refused(folders: Folders) -> None:
    folders.create().close()
    with pytest.raises(AuthorityError, match="holds an authority already"):
        folders.create()


def test_wrapping_keys_in_use_are_refused_to_a_second_authority(folders: Folders) -> None:
    folders.create().close()
    shutil.rmtree(folders.folder)
    with pytest.raises(AuthorityError, match="another authority"):
        folders.create()


@pytest.mark.parametrize("lost", [(), ("authority.toml",), ("authority.toml", "deployment.lpr")])
def test_authority_whose_making_was_cut_off_is_made_anew(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, lost: tuple[str, ...]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "begin", cut_off)
        with pytest.raises(PowerCut):
            folders.create()
    for name in lost:
        (folders.folder / name).unlink()
    if not lost:
        with pytest.raises(AuthorityError, match="init again"):
            folders.open()
    with folders.create() as authority:
        assert authority.journal.verify().fault is None
        assert authority.deployment.tenant == PLAN.tenant
    folders.open().close()


@pytest.mark.parametrize("is_journal_emptied", [False, True])
def test_authority_whose_settings_file_is_lost_is_never_made_anew(
    folders: Folders, *, is_journal_emptied: bool
) -> None:
    with folders.create() as authority:
        keys = as_bytes(authority.epoch_keys("north", today(authority)))
        if is_journal_emptied:
            with authority.store.transaction() as session:
                session.execute("DELETE FROM journal")
    settings = (folders.folder / "authority.toml").read_text()
    (folders.folder / "authority.toml").unlink()
    with pytest.raises(AuthorityError, match=r"authority\.toml is lost; restore"):
        folders.create()
    (folders.folder / "authority.toml").write_text(settings)
    with folders.open() as again:
        assert as_bytes(again.epoch_keys("north", today(again))) == keys


def test_half_made_authority_takes_over_no_keys_of_another(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "begin", cut_off)
        with pytest.raises(PowerCut):
            folders.create()
    FileWrappingKeys(folders.wrapping).make("epoch-20000")
    with pytest.raises(AuthorityError, match="another authority"):
        folders.create()


def test_no_secret_lies_open_in_the_folder(folders: Folders) -> None:
    with folders.create() as authority:
        keys = as_bytes(authority.epoch_keys("north", today(authority)))
        secrets = [*keys, authority.signing_key().private_octets(), b"PRIVATE KEY"]
    everything = b"".join(file.read_bytes() for file in folders.folder.iterdir())
    assert not any(secret in everything for secret in secrets)


def test_what_a_certificate_authority_revokes_is_kept(folders: Folders) -> None:
    from cryptography import x509  # noqa: PLC0415

    from edge_lpr.certificates.certificate_authority import Validity  # noqa: PLC0415

    with folders.create() as authority:
        devices = authority.certificate_authority("devices")
        now = authority.clock.unix_s()
        certified = devices.certify_client("booth-1", Validity.days_from(now, 9))
        devices.revoke(certified.certificate, now)
        authority.save_certificate_authority("devices", devices)
    with folders.open() as authority:
        again = authority.certificate_authority("devices")
    revoked = x509.load_pem_x509_crl(again.revocation_list_pem())
    assert [entry.serial_number for entry in revoked] == [certified.certificate.serial_number]
    assert again.certificate_pem == devices.certificate_pem


def test_another_user_than_the_owner_is_told_how_to_do_it(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders.create().close()
    monkeypatch.setattr("os.geteuid", lambda: 12_345)
    with pytest.raises(AuthorityError, match=r"do this as that user: sudo -u"):
        open_store(folders.folder)
