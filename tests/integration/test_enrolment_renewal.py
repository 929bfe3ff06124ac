"""An enrolled booth renews its certificates, and goes on after whatever came in between."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.certificate_renewals import renew
from edge_lpr.authority.enrolment import EnrolmentDesk
from edge_lpr.core.clock import EPOCH_LENGTH_S
from edge_lpr.core.errors import (
    EnrolmentError,
    WireError,
)
from edge_lpr.provisioning.waiting import RefusedBecause
from edge_lpr.wire.deployment import DEPLOYMENT_FILE_NAME, read_deployment
from tests.support.authority import Folders
from tests.support.clock import SetClock
from tests.support.enrolment import ADDRESS, PLAN, TrialBooth, require_whole

DAY_S = EPOCH_LENGTH_S


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def authority(tmp_path: Path, clock: SetClock) -> Iterator[Authority]:
    with Folders(tmp_path).create(clock, plan=PLAN) as authority:
        yield authority


@pytest.fixture
def booth(tmp_path: Path, authority: Authority, clock: SetClock) -> TrialBooth:
    return TrialBooth(tmp_path / "booth", authority, clock)


def test_certificate_is_renewed_at_half_time_and_not_before(
    booth: TrialBooth, clock: SetClock
) -> None:
    booth.enrol_first()
    first = x509.load_pem_x509_certificate(booth.files.tls_certificate.read_bytes())
    clock.advance_s(14 * DAY_S)
    assert booth.enrol("--renew").startswith("nothing to renew")
    clock.advance_s(DAY_S)
    event_key = booth.files.event_key.read_bytes()
    said = booth.enrol("--renew")
    assert said.startswith("renewed; the certificates are valid for 30 days")
    assert "tokeniser from its next start on" in said
    require_whole(booth)
    second = x509.load_pem_x509_certificate(booth.files.tls_certificate.read_bytes())
    assert second.public_key() != first.public_key()
    assert booth.files.event_key.read_bytes() == event_key


def test_renewal_brings_the_bundle_as_it_is_now(
    booth: TrialBooth, authority: Authority, clock: SetClock
) -> None:
    booth.enrol_first()
    addresses = (("localhost", ("192.0.2.7", "2001:db8::7")),)
    authority.change_bundle(addresses, authority.make_technician_key())
    clock.advance_s(15 * DAY_S)
    booth.enrol("--renew")
    installed = read_deployment((booth.files.state / DEPLOYMENT_FILE_NAME).read_bytes())
    assert installed.encode() == authority.deployment.encode()
    assert installed.addresses == addresses


def test_revoked_booth_is_not_renewed(booth: TrialBooth, clock: SetClock) -> None:
    booth.enrol_first()
    booth.authority.devices.revoke(ADDRESS)
    clock.advance_s(20 * DAY_S)
    with pytest.raises(RefusedBecause, match="is revoked and gets no certificates"):
        booth.enrol("--renew")


def test_booth_that_was_never_enrolled_has_nothing_to_renew(booth: TrialBooth) -> None:
    with pytest.raises(EnrolmentError, match="is not enrolled"):
        booth.enrol("--renew")


def test_booth_whose_key_is_gone_says_so(booth: TrialBooth) -> None:
    booth.enrol_first()
    booth.files.event_key.unlink()
    for words in (["--renew"], []):
        with pytest.raises(EnrolmentError, match="event-key: is gone"):
            booth.enrol(*words)


def test_booth_without_a_network_is_enrolled_and_renewed_by_files(
    booth: TrialBooth, tmp_path: Path, clock: SetClock
) -> None:
    desk = EnrolmentDesk(booth.authority)
    request, answer = tmp_path / "request", tmp_path / "answer"
    words = ("--deployment", str(booth.bundle), "--ticket", booth.ticket())
    assert str(request) in booth.enrol(*words, "--request-file", str(request))
    digest = desk.take_file(request.read_bytes(), "file")
    assert desk.standing(digest).answer is None
    desk.approve(desk.waiting()[0].fingerprint)
    answer.write_bytes((desk.standing(digest).answer or b"") + b"\n")
    booth.enrol("--answer-file", str(answer))
    require_whole(booth)
    clock.advance_s(20 * DAY_S)
    booth.enrol("--renew", "--request-file", str(request))
    digest = desk.take_file(request.read_bytes(), "file")
    answer.write_bytes(desk.standing(digest).answer or b"")
    booth.enrol("--renew", "--answer-file", str(answer))
    require_whole(booth)


def test_answer_to_another_request_is_refused(booth: TrialBooth, tmp_path: Path) -> None:
    answer = tmp_path / "answer"
    booth.enrol_first()
    answer.write_bytes((booth.files.state / "answer").read_bytes())
    booth.authority.devices.revoke(ADDRESS)
    words = ("--again", "--deployment", str(booth.bundle), "--ticket", booth.ticket())
    booth.enrol(*words, "--request-file", str(tmp_path / "request"))
    with pytest.raises(EnrolmentError, match="to another request"):
        booth.enrol("--answer-file", str(answer))
    with pytest.raises(EnrolmentError, match="no such file"):
        booth.enrol("--answer-file", str(tmp_path / "nothing"))


def test_answer_of_another_authority_is_refused(
    booth: TrialBooth, tmp_path: Path, clock: SetClock
) -> None:
    with Folders(tmp_path / "other").create(clock, plan=PLAN) as other:
        impostor = TrialBooth(tmp_path / "elsewhere", other, clock)
        impostor.enrol_first()
        answer = impostor.files.state / "answer"
    words = ("--deployment", str(booth.bundle), "--ticket", booth.ticket())
    booth.enrol(*words, "--request-file", str(tmp_path / "request"))
    with pytest.raises(EnrolmentError, match="none of the authority of this bundle"):
        booth.enrol("--answer-file", str(answer))


def test_answer_that_became_too_old_does_not_hold_the_booth_up_for_ever(
    booth: TrialBooth, clock: SetClock
) -> None:
    booth.enrol_first()
    shutil.copytree(booth.files.state, booth.root / "copy")
    words = ("--again", "--deployment", str(booth.bundle), "--ticket", booth.ticket())
    booth.authority.devices.revoke(ADDRESS)
    booth.enrol(*words, "--request-file", str(booth.root / "request"))
    # The power failed right after the answer was kept, and came back two months later.
    (booth.files.state / "asking" / "answer").write_bytes(
        (booth.root / "copy" / "answer").read_bytes()
    )
    clock.advance_s(60 * DAY_S)
    with pytest.raises(EnrolmentError):
        booth.enrol()
    booth.enrol_first(booth.ticket(), "--again")
    require_whole(booth)


def test_request_under_way_is_not_continued_with_another_bundle(
    booth: TrialBooth, tmp_path: Path, clock: SetClock
) -> None:
    words = ("--deployment", str(booth.bundle), "--ticket", booth.ticket())
    booth.enrol(*words, "--request-file", str(tmp_path / "request"))
    with Folders(tmp_path / "other").create(clock, plan=PLAN) as other:
        bundle = other.folder / "deployment.lpr"
        with pytest.raises(EnrolmentError, match="under way with another bundle"):
            booth.enrol("--deployment", str(bundle))
    booth.enrol("--deployment", str(booth.bundle))
    require_whole(booth)


def test_garbage_does_not_fill_the_journal(booth: TrialBooth) -> None:
    before = list(booth.authority.journal.entries())
    for read in (EnrolmentDesk(booth.authority).submit, partial(renew, booth.authority)):
        with pytest.raises(WireError):
            read(b"a.b.c", "test")
    assert list(booth.authority.journal.entries()) == before


def test_answer_without_a_request_is_refused(booth: TrialBooth, tmp_path: Path) -> None:
    with pytest.raises(EnrolmentError, match="nothing is under way"):
        booth.enrol("--answer-file", str(tmp_path / "answer"))
