"""One attempt at enrolling after the other, with the installer's answers for a command line."""

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import InstallationError, WireError
from edge_lpr.core.settings import BoothSettings
from edge_lpr.first_boot.service_watch import WatchedLink
from edge_lpr.first_boot.standing import StandingTeller
from edge_lpr.first_boot.world import World
from edge_lpr.installation.model import Installation
from edge_lpr.installation.places import Places
from edge_lpr.provisioning.arguments import EnrolOptions
from edge_lpr.provisioning.asking import Asking, read_public
from edge_lpr.provisioning.booth_files import booth_files
from edge_lpr.provisioning.enrolling import BoardCustody, Enrolment, Surroundings
from edge_lpr.provisioning.service_link import Reply, Silence
from edge_lpr.provisioning.waiting import Link
from edge_lpr.wire.deployment import MAXIMUM_DEPLOYMENT_BYTES, read_deployment
from edge_lpr.wire.enrolment import verify_enrolment
from edge_lpr.wire.ticket import fingerprint, read_ticket_code

_FIRST_ERROR: Final = HTTPStatus.BAD_REQUEST

_NO_TICKET: Final = (
    "there is no ticket: have the key custodian make one for this booth, write it into an "
    "installation.toml on the boot partition, and start the booth again"
)
_NO_BUNDLE: Final = (
    "there is no deployment.lpr: put the key custodian's bundle onto the boot partition, and start "
    "the booth again"
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What the installer has answered, and where it leads."""

    places: Places
    """Where everything of the booth is."""
    installation: Installation
    """The answers."""
    settings: BoothSettings
    """What was made of them."""

    @property
    def asking(self) -> Asking:
        """What is under way with the authority."""
        return Asking(booth_files(self.settings))


class Attempts:
    """Attempts at enrolling one booth; each goes on where the one before stopped."""

    def __init__(
        self, answered: Answered, board: BoardCustody, world: World, teller: StandingTeller
    ) -> None:
        """Look at the bundle; nothing is made yet.

        Args:
            answered: The installer's answers.
            board: How the board keeps keys.
            world: The machine.
            teller: Says what the service says.

        Raises:
            InstallationError: There is no bundle, or it is damaged.
        """
        self._answered = answered
        self._board = board
        self._world = world
        self._teller = teller
        self.asking = answered.asking
        """What is under way with the authority."""
        self.is_silent = False
        """Whether the service did not answer the last time."""
        self.other_way = ""
        """What else can be done while it does not, for the screen."""
        bundle = read_public(answered.places.deployment, MAXIMUM_DEPLOYMENT_BYTES)
        if bundle is None:
            raise InstallationError(_NO_BUNDLE)
        self._bundle = bundle.rstrip(b"\r\n")
        try:
            deployment = read_deployment(self._bundle)
        except WireError as error:
            raise InstallationError(
                f"deployment.lpr is damaged ({error}); bring it again"
            ) from error
        self.has_service = deployment.enrolment_url is not None
        """Whether the authority can be asked over a network at all."""
        teller.know(authority=deployment.fingerprint)

    def by_service(self, wait_s: float) -> None:
        """Ask the authority's service, and install its answer.

        Args:
            wait_s: Longest wait for the custodian.

        Raises:
            NotYetError: He has not approved in that time, or the service does not answer.
            RefusedBecause: The authority said no for good.
            EnrolmentError: Something does not fit.
        """
        self._run(wait_s=wait_s)

    def by_answer_file(self, path: Path) -> None:
        """Take the answer from a file, and install it.

        Args:
            path: The file.

        Raises:
            EnrolmentError: It is not the answer to what is under way, or does not hold.
        """
        self._run(answer_file=path)

    def prepare(self, draft: Path) -> None:
        """Make keys and request, and ask nobody.

        Args:
            draft: Where a copy of the request goes.

        Raises:
            EnrolmentError: Something does not fit.
        """
        self._run(request_file=draft)

    def _run(
        self,
        *,
        wait_s: float | None = None,
        request_file: Path | None = None,
        answer_file: Path | None = None,
    ) -> None:
        """Run ``edge-lpr enrol`` as an installer would."""
        options = EnrolOptions(
            settings=self._answered.places.settings,
            deployment=self._answered.places.deployment,
            ticket=self._answered.installation.ticket,
            custody=self._board.custody,
            renew=False,
            again=self._is_outdated(),
            request_file=request_file,
            answer_file=answer_file,
            wait_s=wait_s,
        )
        surroundings = Surroundings(
            self._world.clock, self._say, _no_ticket, self._world.sleep, self._open_link
        )
        Enrolment(options, self._answered.settings, self._board, surroundings).run()

    def _is_outdated(self) -> bool:
        """Return whether what is under way is for other answers than the installer's last ones."""
        request = self.asking.request()
        if request is None or self.asking.answer() is not None:
            return False
        try:
            claims = verify_enrolment(request)
        except WireError:
            return True
        code = self._answered.installation.ticket
        return (
            self.asking.deployment() != self._bundle
            or claims.address != self.asking.files.address
            or (code is not None and claims.ticket != read_ticket_code(code))
        )

    def _open_link(self, url: str, ca_pem: str) -> Link:
        """Prepare the service, and listen to it."""
        proxy = self._answered.settings.publisher.proxy
        return WatchedLink(self._world.open_link(url, ca_pem, proxy), self._hear)

    def _say(self, sentence: str) -> None:
        """Pass on what enrolment says; the first thing is the fingerprint of its request."""
        request = self.asking.request()
        if request is not None:
            self._teller.know(fingerprint=fingerprint(request))
        self._world.say(sentence)

    def _hear(self, reply: Reply | Silence) -> None:
        """Say what the service says."""
        self.is_silent = isinstance(reply, Silence)
        if isinstance(reply, Silence):
            other_way = f"; or {self.other_way}" if self.other_way else ""
            self._teller.tell("service", f"{reply.reason}{other_way}", is_said=True)
        elif reply.status >= _FIRST_ERROR:
            self._teller.tell("service", reply.sentence(), is_said=True)
        else:
            self._teller.tell(
                "approval",
                "read the fingerprint to the key custodian, who compares it and approves",
                is_said=True,
            )


def _no_ticket() -> str:
    """There is nobody who could type one."""
    raise InstallationError(_NO_TICKET)
