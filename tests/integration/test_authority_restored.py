"""A data base out of a backup has forgotten who was revoked: it gives out nothing by itself."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.issuing import make_delivery
from edge_lpr.core.errors import AuthorityError, NotAllowedError
from edge_lpr.provisioning.waiting import RefusedBecause
from tests.support.authority import Folders, today
from tests.support.clock import SetClock
from tests.support.enrolment import ADDRESS, PLAN, TrialBooth

DAY_S = 86_400


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


@pytest.fixture
def booth(folders: Folders, clock: SetClock) -> Iterator[TrialBooth]:
    with folders.create(clock, plan=PLAN) as authority:
        booth = TrialBooth(folders.base / "booth", authority, clock)
        booth.enrol_first()
        yield booth


@pytest.fixture
def restored(folders: Folders, booth: TrialBooth, clock: SetClock) -> Iterator[Authority]:
    """The backup of an authority that has revoked its booth since."""
    booth.authority.store.close()
    shutil.copytree(folders.folder, folders.base / "backup")
    with folders.open(clock) as later:
        later.devices.revoke(ADDRESS)
        later.journal.record("revoked", device="north/booth-1")
    shutil.rmtree(folders.folder)
    (folders.base / "backup").rename(folders.folder)
    with folders.open(clock) as authority:
        booth.authority = authority
        yield authority


def issue(authority: Authority) -> bytes:
    row = authority.devices.get(ADDRESS.site, ADDRESS.device)
    return make_delivery(authority, row, [today(authority)], purpose=row.purpose)


def test_keys_are_issued_once_somebody_says_that_all_was_done_again(restored: Authority) -> None:
    before = restored.store.rows("SELECT count(*) FROM delivery")
    with pytest.raises(AuthorityError, match="above all revoke"):
        issue(restored)
    assert restored.store.rows("SELECT count(*) FROM delivery") == before
    restored.journal.accept_restored("the disk died")
    issue(restored)


def test_booth_that_is_revoked_again_first_gets_no_keys(restored: Authority) -> None:
    restored.devices.revoke(ADDRESS)
    restored.journal.accept_restored("the disk died")
    with pytest.raises(NotAllowedError, match="revoked"):
        issue(restored)


def test_certificates_are_not_renewed_either(
    booth: TrialBooth, restored: Authority, clock: SetClock
) -> None:
    clock.advance_s(15 * DAY_S)
    with pytest.raises(RefusedBecause, match="above all revoke"):
        booth.enrol("--renew")
    restored.journal.accept_restored("the disk died")
    assert booth.enrol("--renew").startswith("renewed")


def test_missing_head_is_no_way_around(folders: Folders, booth: TrialBooth) -> None:
    (folders.wrapping / "journal-head").unlink()
    with pytest.raises(AuthorityError, match="above all revoke"):
        issue(booth.authority)
