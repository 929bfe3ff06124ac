"""What status finds worth a person's time, and that it finds nothing else."""

import shutil
from collections.abc import Iterator

import pytest

from edge_lpr.authority.authority import Authority, CertificateKind
from edge_lpr.authority.condition import condition_of
from edge_lpr.authority.renewal import missing_epochs, take_announcements, wanted_epochs
from edge_lpr.authority.tls_records import record_certificate
from edge_lpr.authority.wrapping import ROOT
from edge_lpr.certificates.certificate_authority import Validity
from edge_lpr.core.errors import DestroyedError
from edge_lpr.wire.topics import TopicKind, topic
from tests.support.authority import Booth, Folders, memory_folder, today
from tests.support.clock import SetClock

DAY_S = 86_400


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def folders() -> Iterator[Folders]:
    with memory_folder() as folder:
        yield Folders(folder)


@pytest.fixture
def authority(folders: Folders, clock: SetClock) -> Iterator[Authority]:
    with folders.create(clock) as made:
        yield made


def announce(authority: Authority, booth: Booth, *epochs: int) -> None:
    document = booth.announcement(authority.clock.unix_s(), epochs)
    assert (
        take_announcements(authority, {topic(booth.address, TopicKind.TRANSPORT): document}) == []
    )


def troubles(authority: Authority) -> tuple[str, ...]:
    return condition_of(authority).troubles


def test_booth_with_all_its_keys_is_no_trouble(authority: Authority) -> None:
    announce(authority, Booth(authority), *wanted_epochs(authority))
    assert troubles(authority) == ()
    (device,) = condition_of(authority).devices
    assert (device.name, device.days, device.state) == ("north/booth-1", 4, "active")


def test_booth_that_says_nothing_runs_out_of_keys(authority: Authority, clock: SetClock) -> None:
    announce(authority, Booth(authority), *wanted_epochs(authority))
    clock.advance_s(3 * DAY_S + 60)
    assert troubles(authority) == (
        "north/booth-1 has keys for 1 more day only",
        "north/booth-1 has said nothing for 3 days",
    )
    clock.advance_s(DAY_S)
    assert "north/booth-1 has keys for 0 more days only" in troubles(authority)


def test_certificate_that_ends_soon_is_told(authority: Authority, clock: SetClock) -> None:
    booth = Booth(authority)
    clock.advance_s(360 * DAY_S)
    announce(authority, booth, *wanted_epochs(authority))
    assert troubles(authority) == ("north/booth-1 has a certificate that ends in 5 days",)


def test_certificate_that_makes_no_sense_is_told(authority: Authority) -> None:
    booth = Booth(authority)
    announce(authority, booth, *wanted_epochs(authority))
    authority.devices.renew_certificate(booth.address, b"nonsense")
    assert troubles(authority) == (
        "north/booth-1 has a certificate that cannot be read; enrol it again",
    )


@pytest.mark.parametrize("end", ["revoke", "decommission"])
def test_booth_out_of_service_is_no_trouble(authority: Authority, end: str) -> None:
    getattr(authority.devices, end)(Booth(authority).address)
    assert troubles(authority) == ()


def test_certificate_authorities_that_end_are_told_a_year_before(
    authority: Authority, clock: SetClock
) -> None:
    clock.advance_s((3650 - 300) * DAY_S)
    told = [trouble for trouble in troubles(authority) if "certificate authority" in trouble]
    assert len(told) == 3
    assert "for broker ends in 300 days" in told[0]


def test_keys_that_should_be_destroyed_are_told(authority: Authority, clock: SetClock) -> None:
    authority.epoch_keys("north", today(authority))
    clock.advance_s(30 * DAY_S)
    assert troubles(authority) == ()
    clock.advance_s(DAY_S)
    (trouble,) = troubles(authority)
    assert trouble.startswith("keys of 1 day should have been destroyed")


@pytest.mark.parametrize(
    ("kind", "days", "said"),
    [
        ("broker", 21, None),
        ("broker", 20, "ends in 20 days: edge-lpr authority certify-broker"),
        ("consumers", 1, "ends in 1 day: edge-lpr authority certify-consumer"),
        ("devices", 7, None),
        ("devices", 6, "ends in 6 days: it should have renewed by itself"),
        ("broker", -3, "ended 3 days ago: edge-lpr authority certify-broker"),
        ("consumers", -31, None),
    ],
)
def test_tls_certificate_is_told_before_it_ends(
    authority: Authority, kind: CertificateKind, days: int, said: str | None
) -> None:
    validity = Validity.days_from(authority.clock.unix_s() + days * DAY_S - DAY_S, 1)
    issuer = authority.certificate_authority(kind)
    record_certificate(
        authority, kind, "somebody", issuer.certify_client("x", validity).certificate
    )
    assert len(troubles(authority)) == int(said is not None)
    assert (said or "") in "".join(troubles(authority))


def test_renewed_and_revoked_certificates_are_no_trouble(authority: Authority) -> None:
    now = authority.clock.unix_s()
    issuer = authority.certificate_authority("broker")
    for days in (3, 60):
        made = issuer.certify_client("x", Validity.days_from(now, days)).certificate
        record_certificate(authority, "broker", "renewed", made)
    made = issuer.certify_client("x", Validity.days_from(now, 3)).certificate
    record_certificate(authority, "consumers", "revoked", made)
    with authority.store.transaction() as session:
        session.execute("UPDATE tls_certificate SET revoked_at = 1 WHERE name = 'revoked'")
    assert troubles(authority) == ()


def test_booth_that_waits_for_approval_is_told(authority: Authority) -> None:
    with authority.store.transaction() as session:
        session.execute(
            "INSERT INTO enrolment VALUES (x'00', 'F', 'request', 'north', 'booth-1', NULL, x'00', "
            "'here', 0, 'waiting', NULL, NULL, NULL)"
        )
    (trouble,) = troubles(authority)
    assert trouble.startswith("booths wait for your approval: 1")


def test_two_persons_who_are_missing_are_told(folders: Folders) -> None:
    with folders.create(two_person=True) as authority:
        (trouble,) = troubles(authority)
    assert "two persons must agree" in trouble


def test_lost_wrapping_keys_cost_four_days_and_the_look_back_and_no_more(
    folders: Folders, authority: Authority, clock: SetClock
) -> None:
    booth = Booth(authority)
    for epoch in wanted_epochs(authority):
        authority.epoch_keys("north", epoch)
    held = wanted_epochs(authority)
    announce(authority, booth, *held)
    root = (folders.wrapping / f"{ROOT}.key").read_bytes()
    authority.close()
    shutil.rmtree(folders.wrapping)
    # The custodian's page: the root comes back out of the safe, into a new folder.
    folders.wrapping.mkdir(mode=0o700)
    (folders.wrapping / f"{ROOT}.key").write_bytes(root)
    (folders.wrapping / f"{ROOT}.key").chmod(0o600)
    with folders.open(clock) as again:
        assert any("head is missing" in trouble for trouble in troubles(again))
        again.journal.accept_restored("the disk of the wrapping keys died")
        assert troubles(again) == ()
        with pytest.raises(DestroyedError):
            again.epoch_keys("north", held[0])
        assert missing_epochs(again, booth.row(again)) == ()
        clock.advance_s(DAY_S)
        assert missing_epochs(again, booth.row(again)) == (held[-1] + 1,)
        again.epoch_keys("north", held[-1] + 1)
