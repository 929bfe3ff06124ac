"""The way of a booth into a deployment, and on: read this file to know the order of everything.

1. the bundle and the settings must fit; 2. new keys and a request, kept; 3. the fingerprint is
shown; 4. the request goes out, by network or as a file; 5. the answer is checked; 6. it is kept;
7. it is installed. Interrupted anywhere, it goes on where it stopped.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import EnrolmentError, WireError
from edge_lpr.core.settings import BoothSettings
from edge_lpr.provisioning.arguments import EnrolOptions
from edge_lpr.provisioning.asking import (
    Asking,
    ask_to_enrol,
    ask_to_renew,
    read_public,
    read_tls_public_key,
)
from edge_lpr.provisioning.booth_files import booth_files, require_fitting
from edge_lpr.provisioning.checking import Expected, check_answer
from edge_lpr.provisioning.installing import install, prepare_key_ring, require_identity
from edge_lpr.provisioning.placing import place
from edge_lpr.provisioning.renewal_time import days_left, renewal_is_due
from edge_lpr.provisioning.service_link import ServiceLink
from edge_lpr.provisioning.waiting import (
    Link,
    Patience,
    RefusedBecause,
    fetch_answer,
    fetch_renewal,
)
from edge_lpr.tokens.sealing import SealingKey
from edge_lpr.wire.deployment import MAXIMUM_DEPLOYMENT_BYTES, Deployment, read_deployment
from edge_lpr.wire.enrolment import MAXIMUM_ANSWER_BYTES, verify_enrolment
from edge_lpr.wire.jws import PublicKey, load_signing_key
from edge_lpr.wire.ticket import fingerprint, read_ticket_code

_REQUEST_MODE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What enrolment needs of the machine."""

    clock: Clock
    """The booth's."""
    say: Callable[[str], None]
    """Tells the installer."""
    ask_ticket: Callable[[], str]
    """Asks for the ticket's code."""
    sleep: Callable[[float], None]
    """Waits so many seconds."""
    open_link: Callable[[str, str], Link] = ServiceLink
    """Prepares the service, from its address and the certificates that vouch for it."""


@dataclass(frozen=True, slots=True, repr=False)
class BoardCustody:
    """How the board keeps keys. No ``repr``: it may hold one."""

    custody: str
    """One of ``CUSTODY_KINDS``: what the request says."""
    sealing_key: SealingKey | None
    """What secret files are sealed under, or ``None``."""


class Enrolment:
    """One run of ``edge-lpr enrol``."""

    def __init__(
        self,
        options: EnrolOptions,
        settings: BoothSettings,
        board: BoardCustody,
        surroundings: Surroundings,
    ) -> None:
        """Look at what there is; nothing is written.

        Args:
            options: What the command line says.
            settings: The booth's.
            board: How the board keeps keys.
            surroundings: The machine.

        Raises:
            SettingsError: The settings have no place for what enrolment brings.
        """
        self._options = options
        self._settings = settings
        self._board = board
        self._world = surroundings
        self._asking = Asking(booth_files(settings))

    def run(self) -> str:
        """Do what the command line says, as far as it goes now.

        Returns:
            How it ended.

        Raises:
            EnrolmentError: It cannot be done, or not yet; the message says what to do.
            KeyFileError: A key file of the booth is damaged.
        """
        asking = self._asking
        if asking.answer() is not None and not self._options.again:
            # A power cut came between the answer and its last file.
            return self._install()
        if self._options.renew:
            return self._renew()
        if self._options.again or asking.is_renewal():
            asking.drop()
        if asking.request() is None:
            if asking.installed_answer() is not None and not self._options.again:
                require_identity(asking)
                return self._already()
            self._ask()
        elif self._options.deployment is not None and self._bundle_file() != asking.deployment():
            raise EnrolmentError(
                "a request is under way with another bundle; finish it without --deployment, or "
                "begin anew with --again and a new ticket"
            )
        request = self._request()
        address = asking.files.address
        self._world.say(
            f"{address.tenant}/{address.site}/{address.device}, fingerprint {fingerprint(request)}"
        )
        return self._exchange(request)

    def _already(self) -> str:
        """Say that there is nothing to do."""
        days = days_left(self._asking.files, self._world.clock.unix_s())
        return (
            f"this booth is enrolled already, its certificates are valid for {days} more days; "
            "--renew renews them, --again gives it a new identity"
        )

    def _ask(self) -> None:
        """Make keys and request (steps 1 and 2)."""
        if self._options.answer_file is not None:
            raise EnrolmentError(
                "nothing is under way here that could be answered; write a request first, with "
                "--deployment and --request-file"
            )
        document = self._bundle_file()
        deployment = _read_bundle(document)
        require_fitting(self._settings, deployment)
        if deployment.enrolment_url is None and self._options.request_file is None:
            raise EnrolmentError("the bundle names no enrolment service; use --request-file")
        self._world.say(f"authority {deployment.fingerprint}; compare it with the custodian's note")
        code = self._options.ticket or self._world.ask_ticket()
        ask_to_enrol(
            self._asking,
            document,
            read_ticket_code(code),
            self._board.custody,
            sealing_key=self._board.sealing_key,
            clock=self._world.clock,
        )

    def _renew(self) -> str:
        """Renew the certificates if they are due."""
        asking = self._asking
        document = asking.installed_deployment()
        if asking.installed_answer() is None or document is None:
            raise EnrolmentError("this booth is not enrolled; enrol it with --deployment")
        require_identity(asking)
        if asking.request() is not None and not asking.is_renewal():
            raise EnrolmentError("a new enrolment is under way; finish it, or run it with --again")
        now_s = self._world.clock.unix_s()
        if not asking.is_renewal():
            if not renewal_is_due(asking.files, now_s):
                days = days_left(asking.files, now_s)
                return f"nothing to renew: the certificates are valid for {days} more days"
            with _as_owner_of(asking.files.event_key):
                event_key = load_signing_key(asking.files.event_key, self._board.sealing_key)
            ask_to_renew(asking, document, event_key, self._world.clock)
        return self._exchange(self._request())

    def _exchange(self, request: bytes) -> str:
        """Send the request, and check, keep and install the answer (steps 4 to 7)."""
        if self._options.request_file is not None:
            place(self._options.request_file, request, _REQUEST_MODE)
            return (
                f"bring {self._options.request_file} to the key custodian, and the answer back; "
                "then run this with --answer-file"
            )
        answer = self._answer(request)
        expected = self._expected(request)
        checked = check_answer(answer, expected, self._world.clock.unix_s())
        prepare_key_ring(self._asking, checked, expected, self._board.sealing_key)
        self._asking.keep_answer(answer)
        return self._install()

    def _answer(self, request: bytes) -> bytes:
        """Return the answer, unchecked, from the file or the service."""
        if self._options.answer_file is not None:
            answer = read_public(self._options.answer_file, MAXIMUM_ANSWER_BYTES)
            if answer is None:
                raise EnrolmentError(f"{self._options.answer_file}: there is no such file")
            return answer.rstrip(b"\r\n")
        deployment = self._deployment()
        if deployment.enrolment_url is None:
            raise EnrolmentError("the bundle names no enrolment service; use --answer-file")
        link = self._world.open_link(deployment.enrolment_url, deployment.broker_ca_pem)
        patience = Patience(
            self._world.clock, self._options.wait_s, self._world.say, self._world.sleep
        )
        try:
            if self._asking.is_renewal():
                return fetch_renewal(link, request, patience)
            return fetch_answer(link, request, patience)
        except RefusedBecause:
            # Asked again in the same words it would be refused again.
            self._asking.drop()
            raise

    def _install(self) -> str:
        """Install the answer that was kept (step 7)."""
        request, answer = self._request(), self._asking.answer()
        if answer is None:
            raise EnrolmentError(f"{self._asking.folder}: its answer is gone; run this again")
        is_renewal = self._asking.is_renewal()
        checked = check_answer(answer, self._expected(request), self._world.clock.unix_s())
        install(self._asking, checked, self._settings.publisher.tokeniser_user)
        days = days_left(self._asking.files, self._world.clock.unix_s())
        if is_renewal:
            return (
                f"renewed; the certificates are valid for {days} days, that of the tokeniser from "
                "its next start on (edge-lpr-certificate.path restarts it)"
            )
        tier = checked.certificate.tier.value
        return f"enrolled, custody tier {tier}; the certificates are valid for {days} days"

    def _request(self) -> bytes:
        """Return what is under way."""
        request = self._asking.request()
        if request is None:
            raise EnrolmentError(f"{self._asking.folder}: its request is gone; use --again")
        return request

    def _expected(self, request: bytes) -> Expected:
        """Return what an answer is held against."""
        asking = self._asking
        tls_key = asking.tls_key if asking.tls_key.exists() else None
        return Expected(
            asking.files.address,
            self._deployment(),
            request,
            self._event_key(request),
            None if tls_key is None else read_tls_public_key(tls_key),
        )

    def _event_key(self, request: bytes) -> PublicKey:
        """Return the public event key: a request names it, in a renewal it is the present one."""
        if not self._asking.is_renewal():
            return verify_enrolment(request).event_key
        with _as_owner_of(self._asking.files.event_key):
            return load_signing_key(
                self._asking.files.event_key, self._board.sealing_key
            ).public_key

    def _deployment(self) -> Deployment:
        """Return the bundle that is under way."""
        document = self._asking.deployment()
        if document is None:
            raise EnrolmentError(f"{self._asking.folder}: its bundle is gone; use --again")
        return _read_bundle(document)

    def _bundle_file(self) -> bytes:
        """Return the bundle that the command line names."""
        path = self._options.deployment
        if path is None:
            raise EnrolmentError(
                "this booth is not enrolled yet; give the custodian's bundle with --deployment"
            )
        document = read_public(path, MAXIMUM_DEPLOYMENT_BYTES)
        if document is None:
            raise EnrolmentError(
                f"{path}: there is no such file; it is the bundle that the key custodian gives you"
            )
        return document.rstrip(b"\r\n")


def _read_bundle(document: bytes) -> Deployment:
    """Return what a bundle says."""
    try:
        return read_deployment(document)
    except WireError as error:
        raise EnrolmentError(
            f"the bundle is damaged or none ({error}); ask the key custodian for it again"
        ) from error


@contextlib.contextmanager
def _as_owner_of(path: Path) -> Iterator[None]:
    """Read a secret file as the user that it belongs to; only root can change into somebody."""
    owner = path.stat().st_uid
    if os.geteuid() != 0 or owner == 0:
        yield
        return
    os.seteuid(owner)
    try:
        yield
    finally:
        os.seteuid(0)
