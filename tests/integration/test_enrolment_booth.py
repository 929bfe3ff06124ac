"""A booth becomes one of a deployment, or says in one sentence why not and what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.enrolment import EnrolmentDesk
from edge_lpr.authority.tickets import Ticket
from edge_lpr.core.clock import EPOCH_LENGTH_S, epoch_of
from edge_lpr.core.errors import (
    EnrolmentError,
    InputRefusedError,
    NotAllowedError,
    SettingsError,
)
from edge_lpr.core.settings import load_settings
from edge_lpr.provisioning.booth_files import booth_files
from edge_lpr.provisioning.service_link import Silence
from edge_lpr.provisioning.waiting import RefusedBecause
from edge_lpr.tokens.key_ring import KeyPurpose, read_key_state
from edge_lpr.tokens.sealing import SealingKey
from edge_lpr.wire.device_certificate import CustodyTier
from edge_lpr.wire.enrolment import sign_enrolment, verify_enrolment
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.key_delivery import open_delivery
from tests.support.authority import Folders
from tests.support.clock import SetClock
from tests.support.enrolment import ADDRESS, LIVE_TICKET, PLAN, TrialBooth, require_whole

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


def test_enrolled_booth_has_all_that_its_processes_need(booth: TrialBooth) -> None:
    said = booth.enrol_first(booth.ticket(LIVE_TICKET), "--custody", "pi-otp")
    assert said == "enrolled, custody tier B; the certificates are valid for 30 days"
    require_whole(booth)
    state = read_key_state(booth.files.key_ring)
    assert state.ring.epochs() == ()
    assert state.ring.purpose is KeyPurpose.LIVE
    (delivery_file,) = booth.files.incoming.glob("*.lprkeys")
    transport_key = TransportKey.from_octets(state.transport_key)
    authority = booth.authority.deployment.authority
    delivery = open_delivery(delivery_file.read_bytes(), authority, transport_key)
    today = epoch_of(booth.clock.unix_s())
    assert [keys.epoch for keys in delivery.keys] == [today, today + 1, today + 2, today + 3]
    assert delivery.address == ADDRESS


def test_ticket_for_test_keys_makes_a_key_ring_for_tests(booth: TrialBooth) -> None:
    booth.enrol_first()
    assert read_key_state(booth.files.key_ring).ring.purpose is KeyPurpose.TEST


def test_booth_shows_the_fingerprint_that_the_custodian_sees(booth: TrialBooth) -> None:
    seen: list[str] = []

    def look_and_approve(desk: EnrolmentDesk) -> None:
        for request in desk.waiting():
            seen.append(request.fingerprint)
            assert request.custody == "plain"
            desk.approve(request.fingerprint.lower().replace("-", " "))

    code = booth.ticket()
    booth.enrol("--deployment", str(booth.bundle), "--ticket", code, decide=look_and_approve)
    assert booth.said[1] == f"agency/north/booth-1, fingerprint {seen[0]}"


def test_ticket_is_asked_for_and_may_be_typed_in_any_way(booth: TrialBooth) -> None:
    code = booth.ticket().lower().replace("-", " ") + "\n"
    booth.enrol("--deployment", str(booth.bundle), typed_ticket=code)
    require_whole(booth)


def test_secret_files_can_be_sealed(tmp_path: Path, authority: Authority, clock: SetClock) -> None:
    booth = TrialBooth(tmp_path / "sealed", authority, clock, sealing_key=SealingKey(bytes(32)))
    booth.enrol_first()
    require_whole(booth)
    assert read_key_state(booth.files.key_ring, booth.sealing_key).ring.epochs() == ()
    assert booth.files.key_ring.read_bytes().startswith(b"EDGE-LPR-SEALED")
    assert booth.files.event_key.read_bytes().startswith(b"EDGE-LPR-SEALED")


def test_enrolled_booth_is_left_alone(booth: TrialBooth) -> None:
    booth.enrol_first()
    before = booth.files.event_key.read_bytes()
    assert "is enrolled already" in booth.enrol("--deployment", str(booth.bundle))
    assert booth.files.event_key.read_bytes() == before


def test_booth_keeps_its_identity_until_a_new_one_is_whole(booth: TrialBooth) -> None:
    booth.enrol_first()
    before = booth.files.event_key.read_bytes()
    words = ("--again", "--deployment", str(booth.bundle), "--ticket", booth.ticket())
    with pytest.raises(EnrolmentError, match="not approved yet"):
        booth.enrol(*words, "--wait", "3", decide=None)
    assert booth.files.event_key.read_bytes() == before
    EnrolmentDesk(booth.authority)
    booth.authority.devices.revoke(ADDRESS)
    booth.enrol("--wait", "60")
    assert booth.files.event_key.read_bytes() != before
    require_whole(booth)


def test_name_that_is_at_work_is_not_given_twice(booth: TrialBooth) -> None:
    booth.enrol_first()
    with pytest.raises(NotAllowedError, match="revoke that one first"):
        booth.enrol_first(booth.ticket(), "--again")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("0000-0000-0000-0000-0000-0000-0000", "mistyped"),
        ("0000", "28 letters and digits"),
    ],
    ids=["typo", "half"],
)
def test_mistyped_ticket_never_leaves_the_booth(
    booth: TrialBooth, code: str, sentence: str
) -> None:
    with pytest.raises(InputRefusedError, match=sentence):
        booth.enrol_first(code)
    assert not booth.files.event_key.exists()
    assert EnrolmentDesk(booth.authority).waiting() == []


def test_ticket_of_another_authority_is_refused_and_written_down(
    booth: TrialBooth, tmp_path: Path, clock: SetClock
) -> None:
    with Folders(tmp_path / "other").create(clock, plan=PLAN) as other:
        code = TrialBooth(tmp_path / "elsewhere", other, clock).ticket()
    with pytest.raises(RefusedBecause, match="has not made this ticket"):
        booth.enrol_first(code)
    assert booth.authority.journal.verify().fault is None
    entries = [each for each in booth.authority.journal.entries() if "refused" in each.call]
    assert [each.details["came_from"] for each in entries] == ["test"]
    assert not (booth.files.state / "asking").exists()


def test_used_ticket_is_refused(booth: TrialBooth, tmp_path: Path, clock: SetClock) -> None:
    code = booth.ticket()
    booth.enrol_first(code)
    thief = TrialBooth(tmp_path / "thief", booth.authority, clock)
    with pytest.raises(RefusedBecause, match="used already"):
        thief.enrol_first(code)


def test_expired_ticket_is_refused(booth: TrialBooth, clock: SetClock) -> None:
    code = booth.ticket(hours=2)
    clock.advance_s(2 * 3600 + 1)
    with pytest.raises(RefusedBecause, match="expired"):
        booth.enrol_first(code)


def test_ticket_of_another_booth_is_refused_and_stays_good(booth: TrialBooth) -> None:
    code = booth.ticket()
    text = booth.settings_file.read_text()
    booth.settings_file.write_text(text.replace('"booth-1"', '"booth-2"'))
    with pytest.raises(RefusedBecause, match="settings say north/booth-2"):
        booth.enrol_first(code)
    booth.settings_file.write_text(text)
    booth.enrol_first(code)
    require_whole(booth)


def test_refused_request_says_the_custodians_reason(booth: TrialBooth) -> None:
    def refuse(desk: EnrolmentDesk) -> None:
        for request in desk.waiting():
            desk.refuse(request.fingerprint, "nobody is at that booth")

    words = ("--deployment", str(booth.bundle), "--ticket", booth.ticket())
    with pytest.raises(RefusedBecause, match="nobody is at that booth"):
        booth.enrol(*words, decide=refuse)
    booth.enrol_first()
    require_whole(booth)


@pytest.mark.parametrize("days", [-365, 365], ids=["a year behind", "a year ahead"])
def test_booth_with_a_wrong_clock_is_told_so_and_keeps_its_ticket(
    booth: TrialBooth, clock: SetClock, days: int
) -> None:
    code = booth.ticket()
    booth.clock = SetClock(clock.now_unix_s + days * DAY_S)
    with pytest.raises(RefusedBecause, match=r"clock is 365 days .*timedatectl"):
        booth.enrol_first(code)
    booth.clock = clock
    booth.enrol_first(code)
    require_whole(booth)


def test_answer_that_the_booths_clock_does_not_believe_is_not_installed(
    booth: TrialBooth, clock: SetClock
) -> None:
    words = ("--deployment", str(booth.bundle), "--ticket", booth.ticket())
    with pytest.raises(EnrolmentError, match="not approved yet"):
        booth.enrol(*words, "--wait", "1", decide=None)
    booth.clock = SetClock(clock.now_unix_s - 365 * DAY_S)
    with pytest.raises(EnrolmentError, match="not now by this booth's clock"):
        booth.enrol()
    assert not booth.files.certificate.exists()
    booth.clock = clock
    booth.enrol()
    require_whole(booth)


@pytest.mark.parametrize("tier", [CustodyTier.A, CustodyTier.B], ids=["A", "B"])
def test_tiers_a_and_b_are_for_booths_that_keep_their_keys(
    booth: TrialBooth, tmp_path: Path, clock: SetClock, tier: CustodyTier
) -> None:
    code = booth.ticket(Ticket(ADDRESS, tier, None, KeyPurpose.LIVE))
    with pytest.raises(RefusedBecause, match="--custody tpm"):
        booth.enrol_first(code)
    sealed = TrialBooth(
        tmp_path / "sealed", booth.authority, clock, sealing_key=SealingKey(bytes(32))
    )
    sealed.enrol_first(code, "--custody", "tpm")
    require_whole(sealed)


def test_tier_c_gets_live_keys_only_for_a_reason(booth: TrialBooth) -> None:
    ticket = Ticket(ADDRESS, CustodyTier.C, None, KeyPurpose.LIVE)
    with pytest.raises(NotAllowedError, match="--allow-tier-c"):
        booth.ticket(ticket)
    allowed = Ticket(ADDRESS, CustodyTier.C, "a trial of a week", KeyPurpose.LIVE)
    booth.enrol_first(booth.ticket(allowed))
    assert booth.authority.devices.get("north", "booth-1").tier_c_reason == "a trial of a week"


@pytest.mark.parametrize("hours", [0, 745])
def test_ticket_is_not_valid_for_ever(booth: TrialBooth, hours: int) -> None:
    with pytest.raises(InputRefusedError, match="1 to 744 hours"):
        booth.ticket(hours=hours)


@pytest.mark.parametrize(
    ("custody", "is_sealed", "sentence"),
    [("plain", True, "--custody tpm"), ("tpm", False, "sealing_key_file = ")],
    ids=["plain", "tpm"],
)
def test_custody_that_the_settings_deny_is_refused(
    booth: TrialBooth, custody: str, sentence: str, *, is_sealed: bool
) -> None:
    if is_sealed:
        booth.sealing_key = SealingKey(bytes(32))
        booth.__post_init__()
    with pytest.raises(SettingsError, match=sentence):
        booth.enrol_first(booth.ticket(), "--custody", custody)


def test_bundle_of_another_tenant_is_refused_before_any_key_is_made(booth: TrialBooth) -> None:
    text = booth.settings_file.read_text()
    booth.settings_file.write_text(text.replace('tenant = "agency"', 'tenant = "other"'))
    with pytest.raises(EnrolmentError, match=r"booth\.tenant is 'other'"):
        booth.enrol_first(booth.ticket())
    assert not booth.files.state.exists()


def test_settings_with_another_broker_are_refused_with_the_lines_to_write(
    tmp_path: Path, authority: Authority, clock: SetClock
) -> None:
    booth = TrialBooth(tmp_path / "booth", authority, clock, port=1883)
    with pytest.raises(EnrolmentError, match=r'broker_host = "localhost" and broker_port = 8883'):
        booth.enrol_first()


def test_settings_without_a_place_are_refused_with_the_lines_to_write() -> None:
    template = Path(__file__).parents[2] / "firmware_config" / "booth.toml"
    with pytest.raises(SettingsError, match=r'tls_key_file = "/var/lib/edge-lpr/publisher'):
        booth_files(load_settings(template))


@pytest.mark.parametrize("content", [b"", b"not a bundle", b"a.b.c"])
def test_damaged_bundle_is_refused(booth: TrialBooth, tmp_path: Path, content: bytes) -> None:
    bundle = tmp_path / "damaged.lpr"
    bundle.write_bytes(content)
    with pytest.raises(EnrolmentError, match="ask the key custodian for it again"):
        booth.enrol("--deployment", str(bundle), "--ticket", booth.ticket())


def test_booth_without_a_bundle_is_told_to_get_one(booth: TrialBooth, tmp_path: Path) -> None:
    with pytest.raises(EnrolmentError, match="with --deployment"):
        booth.enrol()
    with pytest.raises(EnrolmentError, match="there is no such file"):
        booth.enrol("--deployment", str(tmp_path / "nothing"))


def test_service_that_is_away_is_waited_for_and_said_once(booth: TrialBooth) -> None:
    words = ("--deployment", str(booth.bundle), "--ticket", booth.ticket())
    with pytest.raises(EnrolmentError, match="is away"):
        booth.enrol(*words, "--wait", "60", link=Silence("it is away"))
    assert booth.said.count("it is away") == 1
    booth.enrol()
    require_whole(booth)


def test_request_whose_signing_request_is_broken_is_refused(booth: TrialBooth) -> None:
    desk = EnrolmentDesk(booth.authority)
    words = ("--deployment", str(booth.bundle), "--ticket", booth.ticket())
    request = booth.root / "request"
    booth.enrol(*words, "--request-file", str(request))
    claims = verify_enrolment(request.read_bytes())
    key = SigningKey.generate()
    other_name = _request_of_another_name()
    for signing_request, sentence in ((b"\x30\x00", "no sound"), (other_name, "another name")):
        forged = type(claims)(
            claims.address,
            claims.ticket,
            key.public_key,
            claims.transport_key,
            signing_request,
            claims.custody,
            claims.at,
        )
        with pytest.raises(InputRefusedError, match=sentence):
            desk.submit(sign_enrolment(forged, key), "test")
    # The ticket is still good for the booth.
    booth.enrol()
    require_whole(booth)


def _request_of_another_name() -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    from edge_lpr.certificates.signing_request import make_signing_request  # noqa: PLC0415

    return make_signing_request(ec.generate_private_key(ec.SECP256R1()), "booth-2")
