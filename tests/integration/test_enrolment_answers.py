"""What the enrolment service answers, asked without a network."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_lpr.authority import enrolment_service
from edge_lpr.authority.authority import Authority
from edge_lpr.authority.enrolment import EnrolmentDesk, EnrolmentState
from edge_lpr.authority.enrolment_service import EnrolmentService
from edge_lpr.authority.https_server import _renew, listening_place
from edge_lpr.authority.renewal import purpose_for
from edge_lpr.core.errors import InputRefusedError, NotAllowedError
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire import base64url
from edge_lpr.wire.enrolment import RenewalClaims, document_digest, sign_renewal
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.ticket import ticket_code
from tests.support.authority import Folders
from tests.support.clock import SetClock
from tests.support.enrolment import ADDRESS, LIVE_TICKET, PLAN, TrialBooth


class Asker:
    """Asks the service as a web server would."""

    def __init__(self, authority: Authority) -> None:
        self.told: list[str] = []
        self._app: Any = EnrolmentService(authority, self.told.append).app()

    def ask(self, method: str, path: str, body: bytes | None = b"") -> tuple[int, bytes]:
        """Return status and body; a body of ``None`` never comes."""
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if body is None:
                await asyncio.sleep(60)
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [],
        }
        asyncio.run(self._app(scope, receive, send))
        text = b"".join(message.get("body", b"") for message in sent[1:])
        return int(sent[0]["status"]), text


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    with Folders(tmp_path).create(SetClock(), plan=PLAN) as authority:
        yield authority


@pytest.fixture
def booth(tmp_path: Path, authority: Authority) -> TrialBooth:
    return TrialBooth(tmp_path / "booth", authority, SetClock())


def written(booth: TrialBooth, *words: str) -> bytes:
    """Return what the booth would ask."""
    path = booth.root / "request"
    booth.enrol(*words, "--request-file", str(path))
    return path.read_bytes()


def test_request_waits_and_is_answered_once_it_is_approved(
    authority: Authority, booth: TrialBooth
) -> None:
    asker, desk = Asker(authority), EnrolmentDesk(authority)
    request = written(booth, "--deployment", str(booth.bundle), "--ticket", booth.ticket())
    address = f"/v1/enrolments/{base64url.encode(document_digest(request)).decode()}"
    assert asker.ask("GET", address)[0] == 404
    for _ in range(2):
        status, body = asker.ask("POST", "/v1/enrolments", request)
        assert (status, json.loads(body)["id"]) == (202, address.rpartition("/")[2])
    assert asker.told == ["a booth asks to be enrolled, from unknown: see requests"]
    assert asker.ask("GET", address)[0] == 202
    desk.approve(desk.waiting()[0].fingerprint)
    status, answer = asker.ask("GET", address)
    assert status == 200
    # Asked again, after a lost connection, it is the same answer.
    assert asker.ask("GET", address) == (200, answer)
    assert authority.store.rows("SELECT count(*) FROM delivery WHERE sent_at IS NOT NULL") == [(4,)]


def test_refused_request_stays_refused(authority: Authority, booth: TrialBooth) -> None:
    asker, desk = Asker(authority), EnrolmentDesk(authority)
    request = written(booth, "--deployment", str(booth.bundle), "--ticket", booth.ticket())
    _, body = asker.ask("POST", "/v1/enrolments", request)
    desk.refuse(desk.waiting()[0].fingerprint, "nobody is there")
    status, refusal = asker.ask("GET", f"/v1/enrolments/{json.loads(body)['id']}")
    assert status == 403
    assert json.loads(refusal)["error"].endswith("nobody is there")


def test_booth_that_was_revoked_before_it_asked_gets_no_keys(
    authority: Authority, booth: TrialBooth
) -> None:
    # The custodian approved the wrong one, sees it, and revokes it at once.
    asker, desk = Asker(authority), EnrolmentDesk(authority)
    words = ("--deployment", str(booth.bundle), "--ticket")
    thief = written(booth, *words, booth.ticket())
    digest = desk.submit(thief, "test")
    desk.approve(desk.waiting()[0].fingerprint)
    authority.devices.revoke(ADDRESS)
    address = f"/v1/enrolments/{base64url.encode(digest).decode()}"
    status, body = asker.ask("GET", address)
    assert status == 403
    assert b"revoked" in body
    # Nor does it once the right one has its place.
    right = written(booth, "--again", *words, booth.ticket())
    digest = desk.submit(right, "test")
    desk.approve(desk.waiting()[0].fingerprint)
    assert asker.ask("GET", address)[0] == 403
    address = f"/v1/enrolments/{base64url.encode(digest).decode()}"
    assert asker.ask("GET", address)[0] == 200


def test_what_keys_a_ticket_was_for_is_known_for_good(
    authority: Authority, booth: TrialBooth, tmp_path: Path
) -> None:
    ticket = replace(LIVE_TICKET, purpose=KeyPurpose.TEST)
    booth.enrol_first(booth.ticket(ticket), "--custody", "pi-otp")
    row = authority.devices.get(ADDRESS.site, ADDRESS.device)
    assert purpose_for(row) is KeyPurpose.TEST
    # A data base from before this was kept finds it in the ticket.
    with authority.store.transaction() as session:
        session.execute("ALTER TABLE device DROP COLUMN purpose")
        session.execute("DELETE FROM migration WHERE number = 30")
    with Folders(tmp_path).open() as migrated:
        again = migrated.devices.get(ADDRESS.site, ADDRESS.device)
    assert again.purpose is KeyPurpose.TEST


def test_of_two_custodians_the_first_decides(
    authority: Authority, booth: TrialBooth, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = EnrolmentDesk(authority)
    words = ("--deployment", str(booth.bundle), "--ticket", booth.ticket())
    digest = desk.submit(written(booth, *words), "test")
    (request,) = desk.waiting()
    transaction = authority.store.transaction

    def after_the_other() -> AbstractContextManager[object]:
        monkeypatch.undo()
        desk.refuse(request.fingerprint, "nobody is there")
        return transaction()

    monkeypatch.setattr(authority.store, "transaction", after_the_other)
    with pytest.raises(InputRefusedError, match="was refused already"):
        desk.approve(request.fingerprint)
    assert desk.standing(digest).state is EnrolmentState.REFUSED


def test_wrong_ticket_is_forbidden(authority: Authority, booth: TrialBooth) -> None:
    request = written(booth, "--deployment", str(booth.bundle), "--ticket", booth.ticket())
    with authority.store.transaction() as session:
        session.execute("DELETE FROM ticket")
    status, body = Asker(authority).ask("POST", "/v1/enrolments", request)
    assert status == 403
    assert "has not made this ticket" in json.loads(body)["error"]


def test_nobody_without_a_ticket_can_fill_the_journal(
    authority: Authority, booth: TrialBooth
) -> None:
    desk = EnrolmentDesk(authority)
    words = ("--again", "--deployment", str(booth.bundle), "--ticket")
    entries = authority.journal.verify().entries
    for number in range(12):
        request = written(booth, *words, ticket_code(bytes([number] * 16)))
        with pytest.raises(NotAllowedError, match="not made this ticket"):
            desk.submit(request, "test")
    assert authority.journal.verify().entries == entries + 5
    # Who has one is written down always: it was lost, or is tried a second time.
    used = booth.ticket()
    desk.submit(written(booth, *words, used), "test")
    with pytest.raises(NotAllowedError, match="used already"):
        desk.submit(written(booth, *words, used), "test")
    assert authority.journal.verify().entries == entries + 7


def test_renewal_of_a_stranger_is_not_written_down(authority: Authority, booth: TrialBooth) -> None:
    booth.enrol_first()
    entries = authority.journal.verify().entries
    stranger = SigningKey.generate()
    for address, status in ((ADDRESS, 403), (replace(ADDRESS, device="booth-9"), 400)):
        document = sign_renewal(RenewalClaims(address, b"csr", 0), stranger)
        assert Asker(authority).ask("POST", "/v1/renewals", document)[0] == status
    assert authority.journal.verify().entries == entries


def test_renewal_is_answered_at_once_and_the_same_again(
    authority: Authority, booth: TrialBooth
) -> None:
    booth.enrol_first()
    clocks = [authority.clock, booth.clock]
    for clock in clocks:
        assert isinstance(clock, SetClock)
        clock.advance_s(20 * 86_400)
    asker = Asker(authority)
    renewal = written(booth, "--renew")
    status, answer = asker.ask("POST", "/v1/renewals", renewal)
    assert status == 200
    assert asker.ask("POST", "/v1/renewals", renewal) == (200, answer)
    assert "renewed" in [entry.call for entry in authority.journal.entries()]


def test_renewal_signed_by_another_key_is_forbidden(
    authority: Authority, booth: TrialBooth, tmp_path: Path
) -> None:
    booth.enrol_first()
    with Folders(tmp_path / "other").create(SetClock(), plan=PLAN) as other:
        thief = TrialBooth(tmp_path / "thief", other, SetClock())
        thief.enrol_first()
        assert isinstance(thief.clock, SetClock)
        thief.clock.advance_s(20 * 86_400)
        renewal = written(thief, "--renew")
    assert isinstance(authority.clock, SetClock)
    authority.clock.advance_s(20 * 86_400)
    status, body = Asker(authority).ask("POST", "/v1/renewals", renewal)
    assert status == 403
    assert "not signed by the event key that is enrolled" in json.loads(body)["error"]


def test_booth_asks_for_certificates_so_often_a_day(
    authority: Authority, booth: TrialBooth
) -> None:
    booth.enrol_first()
    clocks = [authority.clock, booth.clock]
    statuses = []
    for clock in clocks:
        assert isinstance(clock, SetClock)
        clock.advance_s(20 * 86_400)
    for _ in range(12):
        (booth.files.state / "asking" / "request").unlink(missing_ok=True)
        renewal = written(booth, "--renew")
        # A web server of its own each time: this is not about questions a minute.
        statuses.append(Asker(authority).ask("POST", "/v1/renewals", renewal)[0])
    assert statuses == [200] * 11 + [403]


def test_body_that_does_not_come_is_not_waited_for(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolment_service, "_BODY_PATIENCE_S", 0.05)
    status, body = Asker(authority).ask("POST", "/v1/enrolments", None)
    assert status == 400
    assert "did not come in time" in json.loads(body)["error"]


def test_authority_in_trouble_tells_its_custodian_and_not_the_booth(
    authority: Authority, booth: TrialBooth
) -> None:
    booth.enrol_first()
    (authority.folder / "deployment.lpr").unlink()
    for clock in (authority.clock, booth.clock):
        assert isinstance(clock, SetClock)
        clock.advance_s(20 * 86_400)
    asker = Asker(authority)
    status, body = asker.ask("POST", "/v1/renewals", written(booth, "--renew"))
    assert status == 503
    assert "deployment.lpr" not in json.loads(body)["error"]
    assert "deployment.lpr" in asker.told[0]
    assert ADDRESS.device not in json.loads(body)["error"]


def test_port_of_https_is_meant_where_none_is_named() -> None:
    place = listening_place("https://authority.example", "0.0.0.0")  # noqa: S104 - not listening
    assert (place.host, place.port) == ("authority.example", 443)


def test_services_certificate_is_renewed_at_half_time() -> None:
    slept: list[float] = []
    renewed_after: list[int] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if sum(slept) > 31 * 86_400:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(_renew(lambda: renewed_after.append(len(slept)), sleep))
    assert renewed_after == [15 * 24, 30 * 24]
