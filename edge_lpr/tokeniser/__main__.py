"""The tokeniser process: settings, keys, two threads, an orderly stop.

The main thread receives readings and makes sightings; a second one delivers them.
"""

import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from edge_lpr import __version__
from edge_lpr.core.clock import Clock, SystemClock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import HandoffError, KeyFileError, SettingsError
from edge_lpr.core.log import Log
from edge_lpr.core.notify import ServiceNotifier
from edge_lpr.core.service import StopRequest, run_service
from edge_lpr.core.settings import BoothSettings
from edge_lpr.core.status_words import StatusWords
from edge_lpr.core.told_to_audit import TOLD_FOLDER
from edge_lpr.core.watchdog import Watchdog
from edge_lpr.handoff.diagnosis_desk import open_desk
from edge_lpr.handoff.seqpacket import Listener, user_id
from edge_lpr.tokeniser.answers import TokeniserAnswers
from edge_lpr.tokeniser.audit_board import AuditBoard, Holdings
from edge_lpr.tokeniser.boot import Boot, new_boot_id
from edge_lpr.tokeniser.card_watch import CardDesk
from edge_lpr.tokeniser.checkpoint_desk import KEPT_NAME, CheckpointDesk
from edge_lpr.tokeniser.clock_floor import FlooredClock
from edge_lpr.tokeniser.condition import Condition, HitOnly
from edge_lpr.tokeniser.credentials import Credentials, birth_claims, load_credentials
from edge_lpr.tokeniser.delivery import Delivery
from edge_lpr.tokeniser.funnel import Funnel
from edge_lpr.tokeniser.hit_list import HitList
from edge_lpr.tokeniser.inbox import Inbox
from edge_lpr.tokeniser.key_intake import KeyIntake
from edge_lpr.tokeniser.key_keeper import KeyKeeper
from edge_lpr.tokeniser.receive import ReadingReceiver
from edge_lpr.tokeniser.relay import Relay
from edge_lpr.tokeniser.report_desk import ReportDesk
from edge_lpr.tokeniser.status import keys_status
from edge_lpr.wire.topics import DeviceAddress

FUNNEL_INTERVAL_NS: Final = 60_000_000_000
"""How often the counters are written to the log."""

SAVE_AGAIN_NS: Final = 10_000_000_000
"""How soon a disk that could not be written is tried again; a worn one gets no better by haste."""

FINISH_S: Final = 5.0
"""Longest time an orderly stop spends on delivering; the publisher commits 1000 in one second."""

_KEYS_END: Final = (
    "there are token keys for less than a day; without new ones no passage is published, so see "
    "that the authority issues them and that they reach this booth"
)

_USER_KEY: Final = "tokeniser.vision_user"


class Tokeniser:
    """The parts of the process, put together."""

    def __init__(self, settings: BoothSettings, log: Log, clock: Clock) -> None:
        """Read keys and listen for vision.

        Args:
            settings: The whole settings of the booth.
            log: Log of this process.
            clock: The machine's clock.

        Raises:
            EdgeLprError: A key, certificate, manifest or setting is wrong, or the socket's folder
                does not let us.
        """
        self._log = log
        # First of all: a second process by mistake must end before it touches a key.
        self._listener = Listener(
            settings.tokeniser.readings_socket,
            allowed_user_id=user_id(settings.tokeniser.vision_user, _USER_KEY),
            key=_USER_KEY,
        )
        with ExitStack() as on_failure:
            on_failure.callback(self._listener.close)
            self._assemble(settings, log, clock)
            on_failure.pop_all()

    def _assemble(self, settings: BoothSettings, log: Log, clock: Clock) -> None:
        """Read keys, take those that wait in files, and put the parts together."""
        self._funnel = Funnel()
        self._notifier = ServiceNotifier()
        self._boot_id = new_boot_id()
        credentials = load_credentials(settings, clock)
        if credentials.damage is not None:
            log.warning("keys_lost", detail=f"{credentials.damage}; this start has no keys yet")
        clock = FlooredClock(clock, credentials.key_state.issued_at_s)
        self._clock = clock
        self._watchdog = Watchdog(self._notifier, log, clock)
        self._heart = self._watchdog.heart("receiver")
        hit_list = _hit_list(settings, credentials)
        self._inbox = _inbox(settings, credentials, hit_list, self._funnel, log, clock)
        self._keeper = self._inbox.keeper
        # Before the birth, which says whether the keys are for tests: the first ones may lie there.
        self._inbox.look_around()
        self._keeper.bind_purpose()
        claims = birth_claims(
            settings, credentials, boot=self._boot_id, time_quality=clock.quality()
        )
        self._relay = Relay(settings, self._keeper.ring, clock, hit_list)
        self._counters: Callable[[], Mapping[str, int]] = self._funnel.counters
        hit_only = None
        if hit_list is not None:
            counters, vision = self._funnel.counters, self._relay.vision
            hit_only = HitOnly(vision, counters, hit_list.has_list, clock)
            self._counters = hit_only.counters
        self._condition = Condition(
            self._relay.vision,
            self._funnel.counters,
            # One step of the interpreter, so the thread that forgets past keys may go on meanwhile.
            self._keeper.ring.epochs,
            certificate_ends_s=credentials.certificate_ends_s,
            clock=clock,
            hit_only=hit_only,
        )
        # One set of complaints a thread: they are not locked.
        complaints = Complaints(log, clock)
        boot = Boot(claims, credentials.signing_key, self._condition, complaints)
        self._delivery = Delivery(
            settings.tokeniser.sightings_socket,
            settings.tokeniser.queue_sightings,
            boot=boot,
            funnel=self._funnel,
            complaints=complaints,
            clock=clock,
        )
        self._checkpoints = _checkpoints(settings, credentials, clock)
        self._board = AuditBoard(
            told_folder(settings),
            self._boot_id,
            credentials.certificate_jws,
            Holdings(
                self._keeper.ring.epochs, None if hit_list is None else hit_list.told, boot.gaps
            ),
            clock,
        )
        self._complaints = Complaints(log, clock)
        self._receiver = ReadingReceiver(
            self._listener,
            self._relay,
            self._delivery,
            funnel=self._funnel,
            complaints=self._complaints,
            clock=clock,
        )
        self._diagnosis_socket = settings.tokeniser.diagnosis_socket
        self._answers = TokeniserAnswers(
            lambda: self._keeper.ring,
            self._relay.vision.last_heard_ns,
            self._counters,
            clock,
            certificate_ends_s=credentials.certificate_ends_s,
            is_sealed=credentials.sealing_key is not None,
        )
        self._report_desk = ReportDesk(
            CardDesk(self._answers, self._relay.card),
            credentials.signing_key,
            credentials.certificate_jws,
            clock,
        )
        self._next_funnel_ns = clock.monotonic_ns() + FUNNEL_INTERVAL_NS
        self._next_save_ns = clock.monotonic_ns()

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop, then deliver what is queued.

        Args:
            stop: Set to end.
        """
        self._log.info("started", version=__version__, boot=self._boot_id)
        self._warn_of_keys()
        heart = self._watchdog.heart("delivery")
        self._delivery.start(heart, self._inbox, self._checkpoints, self._board)
        desk = open_desk(
            self._diagnosis_socket, self._report_desk, self._log, self._watchdog.heart("diagnosis")
        )
        self._notifier.ready()
        words, ring = StatusWords(self._notifier, self._clock), self._keeper.ring
        with self._watchdog.watching(lambda: words.say(keys_status(ring, self._clock))):
            try:
                self._receiver.run(stop, self._heartbeat)
            finally:
                self._notifier.stopping()
                self._listener.close()
                if desk is not None:
                    desk.close()
                self._delivery.finish(FINISH_S)
                self._log.info("funnel", counters=self._counters())
        self._log.info("stopped", boot=self._boot_id)

    def _heartbeat(self) -> None:
        """Give a sign of life, wipe past keys, and count for diagnosis and the log."""
        if not self._delivery.is_alive():
            raise HandoffError("the delivering thread has died; the process must start again")
        if self._keeper.must_restart:
            raise HandoffError(
                "keys have come for another purpose than this start has told; the process must "
                "start again to say so in its birth"
            )
        self._heart.beat()
        self._answers.note()
        self._relay.forget_past_keys()
        self._keep_file_up()
        now_ns = self._clock.monotonic_ns()
        if now_ns >= self._next_funnel_ns:
            self._next_funnel_ns = now_ns + FUNNEL_INTERVAL_NS
            self._log.info("funnel", counters=self._counters())
            self._warn_of_keys()

    def _warn_of_keys(self) -> None:
        """Say that keys end, if they do."""
        if self._condition.keys_end():
            self._log.warning("keys_end", detail=_KEYS_END)

    def _keep_file_up(self) -> None:
        """Rewrite the key file where it must change; a disk that is full now is tried again."""
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._next_save_ns:
            return
        try:
            self._keeper.save_if_changed()
            self._keeper.call_for_keys()
        except KeyFileError as error:
            self._next_save_ns = now_ns + SAVE_AGAIN_NS
            self._complaints.about("keys_not_written", error)


def _inbox(
    settings: BoothSettings,
    credentials: Credentials,
    hit_list: HitList | None,
    funnel: Funnel,
    log: Log,
    clock: FlooredClock,
) -> Inbox:
    """Return what takes keys and watch-lists."""
    keeper = KeyKeeper(
        settings,
        credentials.key_state,
        authority=credentials.authority,
        sealing_key=credentials.sealing_key,
        clock=clock,
    )
    folder = settings.tokeniser.incoming_folder
    intake = KeyIntake(keeper, folder, funnel=funnel, log=log, clock=clock)
    return Inbox(keeper, intake, hit_list, log=log, clock=clock)


def told_folder(settings: BoothSettings) -> Path:
    """Return where the audit is told something: in memory, our own, and out of vision's sight.

    Args:
        settings: Of the booth.
    """
    ours = os.environ.get("RUNTIME_DIRECTORY", "").split(":")
    # Without a service manager, in demos and tests, it is beside our socket.
    told = str(TOLD_FOLDER) in ours
    return TOLD_FOLDER if told else settings.tokeniser.readings_socket.parent


def _checkpoints(settings: BoothSettings, credentials: Credentials, clock: Clock) -> CheckpointDesk:
    """Return what signs the root of the audit log."""
    booth, section = settings.booth, settings.tokeniser
    return CheckpointDesk(
        section.audit_head_file,
        section.event_key_file.with_name(KEPT_NAME),
        DeviceAddress(booth.tenant, booth.site, booth.device),
        credentials.signing_key,
        clock,
    )


def _hit_list(settings: BoothSettings, credentials: Credentials) -> HitList | None:
    """Return where watch-lists are kept; ``None`` where every passage is published."""
    if settings.tokeniser.mode == "stream":
        return None
    if credentials.authority is None:
        raise SettingsError(
            "tokeniser.mode is hit-only, which needs tokeniser.authority_file: watch-lists are "
            "taken from nobody else"
        )
    ring, booth = credentials.key_ring, settings.booth
    return HitList(
        booth.tenant,
        booth.site,
        credentials.authority,
        lambda epoch: ring.keys_for(epoch).site_key,
    )


def serve(settings: BoothSettings, log: Log, stop: StopRequest) -> None:
    """Run the process until told to stop."""
    Tokeniser(settings, log, SystemClock()).run(stop.event)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tokeniser until SIGTERM or SIGINT.

    Args:
        arguments: Command line without the program's name; that of the process if left out.

    Returns:
        Exit status, see ``core/service.py``.
    """
    return run_service("tokeniser", "Turns plate readings into signed sightings.", serve, arguments)


if __name__ == "__main__":
    sys.exit(main())
