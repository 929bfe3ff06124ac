"""The way of a flashed booth to its first start: read this file to know the order of everything.

1. the installer's answers are read; 2. the time is waited for; 3. what keeps the keys is opened;
4. an answer that came as a file is taken; 5. else keys and a request are made, and the custodian's
approval is waited for, as long as it takes; 6. request and ticket are forgotten.

An enrolled booth has the first and the last step alone. What becomes of the identity is left to
``provisioning/``, and every step may be done again: what was interrupted goes on where it stopped.
Who has come to the end ends well, and the unit's ``OnSuccess=`` starts the three processes: nothing
here may start or stop a unit.
"""

from collections.abc import Callable
from typing import Final

from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.errors import EnrolmentError, InstallationError
from edge_lpr.core.settings import load_settings
from edge_lpr.first_boot.attempt import Answered, Attempts
from edge_lpr.first_boot.file_exchange import FileExchange
from edge_lpr.first_boot.standing import STANDING_FILE, StandingTeller
from edge_lpr.first_boot.world import World
from edge_lpr.installation.keeping import keep_installation
from edge_lpr.installation.model import Installation
from edge_lpr.installation.places import Places
from edge_lpr.installation.reading import read_installation
from edge_lpr.provisioning.enrolling import BoardCustody
from edge_lpr.provisioning.sealing_choice import chosen_custody
from edge_lpr.provisioning.waiting import NotYetError, RefusedBecause

TIME_PATIENCE_S: Final = 120.0
"""So long a booth whose clock goes on waits for the time server, and then tries with what it has:
the authority's service refuses a clock that is wrong, and the ticket stays good."""

SERVICE_PATIENCE_S: Final = 120.0
"""After so long without an answer the request also lies on the boot partition, to be carried."""

_LOOK_EVERY_S: Final = 1.0
_NS_PER_S: Final = 1_000_000_000
_DRAFT_NAME: Final = "request"


class ByFilesError(EnrolmentError):
    """This booth enrols by files alone; nothing more can be done before its next start."""


class FirstBoot:
    """One run of ``edge-lpr first-boot``."""

    def __init__(self, places: Places, world: World) -> None:
        """Look at nothing yet.

        Args:
            places: Where everything of the booth is.
            world: The machine.
        """
        self._places = places
        self._world = world
        self.teller = StandingTeller(places.below(STANDING_FILE), world.say)
        """Says how far it is."""

    def run(self) -> None:
        """Enrol this booth, however long that takes; nothing if it is done.

        Raises:
            InstallationError: There are no answers, they cannot be used, or a disk refuses.
            SettingsError: The settings cannot be used, or do not fit the bundle.
            RefusedBecause: The authority refused for good: another ticket is needed.
            ByFilesError: The request is on the boot partition, and its answer is awaited.
            EnrolmentError: It cannot be done.
            KeyFileError: The TPM does not open the booth's seal, or a key file is damaged.
        """
        installation = read_installation(self._places.installation)
        settings = load_settings(self._places.settings)
        answered = Answered(self._places, installation, settings)
        asking = answered.asking
        exchange = FileExchange(self._places, installation.device)
        if asking.installed_answer() is None or asking.answer() is not None:
            self._enrol(answered, exchange)
        self._if_possible(exchange.discard)
        # Last of all: as long as it is there, the next start comes through here again.
        if installation.ticket is not None:
            without = installation.model_copy(update={"ticket": None})
            keep_installation(self._places.installation, without)
        self.teller.tell("enrolled", "this booth is enrolled")

    def _enrol(self, answered: Answered, exchange: FileExchange) -> None:
        """Go from answers to an identity that is installed (steps 2 to 5)."""
        server = answered.installation.time_server
        self._await_time(answered.installation, 0.0 if server is None else TIME_PATIENCE_S)
        custody = chosen_custody(None, answered.settings)
        self.teller.tell("keys", "keys are being made")
        with self._world.open_seal(custody) as sealing_key:
            board = BoardCustody(custody, sealing_key)
            attempts = Attempts(answered, board, self._world, self.teller)
            if not self._take_answer_file(attempts, exchange):
                self._ask(attempts, exchange, answered.installation)

    def _await_time(
        self, installation: Installation, limit_s: float | None, before: str = ""
    ) -> None:
        """Wait until the clock is set; one that goes on is waited for only so long (step 2)."""
        clock, begin_ns = self._world.clock, self._world.clock.monotonic_ns()
        while (quality := clock.quality()) is not TimeQuality.NTP:
            waited_s = (clock.monotonic_ns() - begin_ns) / _NS_PER_S
            if quality is not TimeQuality.NONE and limit_s is not None and waited_s >= limit_s:
                return
            if installation.time_server is None:
                advice = "write time_server into an installation.toml on the boot partition"
            else:
                advice = f"see that {installation.time_server} answers (NTP, port 123)"
            self.teller.tell("time", f"{before}the clock is not set yet; {advice}")
            self._world.sleep(_LOOK_EVERY_S)

    def _take_answer_file(self, attempts: Attempts, exchange: FileExchange) -> bool:
        """Take an answer that somebody has put onto the boot partition (step 4)."""
        if attempts.asking.request() is None:
            return False
        for path in exchange.answers():
            self.teller.tell("installing", f"{path.name} is taken")
            try:
                attempts.by_answer_file(path)
            except EnrolmentError as error:
                # Another booth's, or to an earlier request: the right one may come by network.
                self._world.say(f"{path.name}: {error}")
            else:
                return True
        return False

    def _ask(self, attempts: Attempts, exchange: FileExchange, installation: Installation) -> None:
        """Ask until the custodian has approved (step 5)."""
        if not attempts.has_service:
            attempts.prepare(self._places.below(STANDING_FILE).with_name(_DRAFT_NAME))
            exchange.hand_out(attempts.asking)
            self.teller.tell("files", exchange.advice)
            raise ByFilesError(exchange.advice)
        while True:
            is_clock_set = self._world.clock.quality() is TimeQuality.NTP
            try:
                attempts.by_service(SERVICE_PATIENCE_S)
            except NotYetError:
                if attempts.is_silent and self._if_possible(
                    lambda: exchange.hand_out(attempts.asking)
                ):
                    attempts.other_way = exchange.advice
            except RefusedBecause as error:
                if is_clock_set or installation.time_server is None:
                    raise
                # By another clock it may be another answer; what was asked is asked anew.
                self._await_time(installation, None, f"{error}; tried again by another clock; ")
            else:
                return

    def _if_possible(self, work: Callable[[], None]) -> bool:
        """Do what the booth can do without, and return whether it could be done."""
        try:
            work()
        except InstallationError as error:
            self._world.say(str(error))
            return False
        return True
