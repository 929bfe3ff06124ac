"""A booth of the drill at the real cost: the tokeniser and the publisher as processes.

Only the camera is missing: readings are handed over at the tokeniser's socket, as vision does. The
tokeniser's clock is the drill's (``dated_tokeniser.py``); everything else is the shipped program.
"""

import json
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.core.errors import NeighbourAwayError
from edge_lpr.core.secret_file import write_secret_file
from edge_lpr.demo.children import Child, booth_command
from edge_lpr.drill.broker_side import HOST
from edge_lpr.drill.crowd import LANES, Crossing
from edge_lpr.drill.dated_clock import DatedClock
from edge_lpr.drill.waiting import DrillError, wait_until
from edge_lpr.drill.world import EPOCHS_HELD, Identity
from edge_lpr.handoff.reading_message import READING_BYTES, READING_TAKEN, ReadingMessage
from edge_lpr.handoff.seqpacket import Connection, connect
from edge_lpr.tokens.key_ring import KeyPurpose, KeyRing, KeyState, write_key_state
from edge_lpr.tokens.sealing import SEALING_KEY_BYTES, SealingKey
from edge_lpr.wire import base64url
from edge_lpr.wire.device_certificate import CustodyTier
from edge_lpr.wire.jws import PublicKey, write_signing_key

_START_S: Final = 60.0
_ANSWER_S: Final = 120.0
_PATIENCE_S: Final = 20.0
_SURE: Final = 3
_READS: Final = 6
_PUBLISHERS_CLOCK: Final = "publishers-clock"


class RealBooth:
    """One booth, its files and its two processes."""

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        authority: PublicKey,
        port: int,
        *,
        secret: bytes,
        is_hit_only: bool = False,
    ) -> None:
        """Lay out the files of a booth that has just been enrolled.

        Args:
            folder: Empty; its path short enough for a local socket.
            identity: Who the booth is.
            authority: Whose deliveries it takes.
            port: The broker's.
            secret: What the board keeps for it, 32 bytes: the sealing key of tiers A and B.
            is_hit_only: Whether it publishes only who is on a watch-list; then it says how it is
                every second, because the drill waits for that.
        """
        self.identity = identity
        self._is_hit_only = is_hit_only
        self.card = folder / "card"
        """What a thief finds who takes the booth away: everything that is on its memory card."""
        self.board = folder / "board"
        """What only the running booth has: what the TPM or the encrypted disk gives it."""
        self.logs = folder / "logs"
        for each in (self.card, self.board, self.logs, self.card / "incoming"):
            each.mkdir(mode=0o700, parents=True)
        self.clock = DatedClock(folder / "clock")
        self.publishers_clock = DatedClock(folder / _PUBLISHERS_CLOCK)
        """Of a booth in hit-only mode; only its time of day is set, since it talks to a broker."""
        self._folder = folder
        self._parts = ExitStack()
        self._vision: Connection | None = None
        self.tokeniser: Child | None = None
        self.handed_over: list[Crossing] = []
        self._write_secrets(authority, secret)
        self._settings_file = folder / "booth.toml"
        self._settings_file.write_text(self._settings(port), encoding="utf-8")

    @property
    def sealing_key(self) -> SealingKey | None:
        """What root finds while the booth runs; ``None`` for tier C, where nothing is sealed."""
        file = self.board / "sealing-key"
        return SealingKey(file.read_bytes()) if file.exists() else None

    @property
    def key_ring_file(self) -> Path:
        """The tokeniser's state."""
        return self.card / "key-ring"

    @property
    def outbox_file(self) -> Path:
        """The publisher's sightings."""
        return self.card / "outbox.sqlite3"

    def start(self) -> None:
        """Start both processes; to be called by the main thread."""
        self.tokeniser = Child(
            "tokeniser", self._dated("tokeniser", "clock"), self.logs / "tokeniser.log"
        )
        self._parts.callback(self.tokeniser.stop, _PATIENCE_S)
        publisher = Child(
            "publisher",
            self._dated("publisher", _PUBLISHERS_CLOCK)
            if self._is_hit_only
            else booth_command("publisher", self._settings_file, "DEBUG"),
            self.logs / "publisher.log",
        )
        self._parts.callback(publisher.stop, _PATIENCE_S)
        self._children = (self.tokeniser, publisher)

    def connect(self) -> None:
        """Connect as vision does, once the tokeniser listens."""
        wait_until(self._is_connected, "the tokeniser does not listen", within_s=_START_S)

    def boot(self) -> str:
        """Return the boot id of the tokeniser, as it stands in every sighting."""
        for line in (self.logs / "tokeniser.log").read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if entry.get("event") == "started":
                return str(entry["boot"])
        raise DrillError("the tokeniser has not started")

    def hand_over(self, crossing: Crossing, at: int) -> None:
        """Let a vehicle pass; returns when its token is made.

        Args:
            crossing: Who passes.
            at: When, UTC in seconds since 1970.

        Raises:
            DrillError: The tokeniser does not take it.
        """
        if self._vision is None:
            raise DrillError("the tokeniser was not connected to")
        self.clock.set(at)
        reading = ReadingMessage(
            lane=crossing.lane,
            direction=crossing.direction,
            confidence_bucket=_SURE,
            agreeing_readings=_READS,
            class_indices=bytearray(PLATE_ALPHABET.index(each) for each in crossing.plate),
            age_ms=0,
        )
        message = bytearray(READING_BYTES)
        reading.pack_into(message)
        self._vision.send(message)
        answer = self._vision.receive(READING_BYTES, timeout_s=_ANSWER_S)
        if answer != READING_TAKEN:
            raise DrillError("the tokeniser did not take a reading; its log says why")
        self.handed_over.append(crossing)

    def check(self) -> None:
        """Make sure that both processes run."""
        for child in self._children:
            child.check()

    def copy_card(self, folder: Path) -> Path:
        """Copy everything that is on the card, as a thief would.

        Args:
            folder: Where the copy goes; not there yet.
        """
        shutil.copytree(self.card, folder)
        return folder

    def stop(self) -> None:
        """Stop both processes; may be called twice."""
        if self._vision is not None:
            self._vision.close()
            self._vision = None
        self._parts.close()

    def _dated(self, process: str, clock: str) -> tuple[str, ...]:
        """Return the command line of a process on a set clock."""
        return (
            *(sys.executable, "-m", f"edge_lpr.drill.dated_{process}", str(self._folder / clock)),
            *("--settings", str(self._settings_file), "--log-level", "DEBUG"),
        )

    def _is_connected(self) -> bool:
        """Try to connect."""
        self.check()
        try:
            self._vision = connect(self._folder / "readings.sock")
        except NeighbourAwayError:
            return False
        return True

    def _write_secrets(self, authority: PublicKey, secret: bytes) -> None:
        """Write keys and certificate, sealed where the tier has something to seal them under."""
        identity = self.identity
        if identity.tier is not CustodyTier.C:
            write_secret_file(self.board / "sealing-key", secret[:SEALING_KEY_BYTES])
        state = KeyState(
            ring=KeyRing(KeyPurpose.LIVE, {}),
            transport_key=bytearray(identity.transport_key.private_octets()),
            transport_number=1,
        )
        write_key_state(self.key_ring_file, state, self.sealing_key)
        write_signing_key(self.card / "event-key", identity.event_key, self.sealing_key)
        (self.card / "device-certificate").write_bytes(identity.certificate)
        (self.card / "authority.pub").write_bytes(base64url.encode(authority.octets) + b"\n")

    def _settings(self, port: int) -> str:
        """Return the settings of the booth."""
        address, card = self.identity.address, self.card
        lanes = "".join(
            f'[[lanes]]\nnumber = {number}\ndirection = "{direction}"\n'
            f"region = [[{left}, 0.0], [{left + 0.2}, 0.0], [{left}, 1.0]]\n"
            for (number, direction), left in zip(LANES, (0.0, 0.2, 0.4, 0.6), strict=True)
        )
        sealing = (
            ""
            if self.identity.tier is CustodyTier.C
            else f'sealing_key_file = "{self.board / "sealing-key"}"\n'
        )
        mode = 'mode = "hit-only"\n' if self._is_hit_only else ""
        health = "health_interval_s = 1\n" if self._is_hit_only else ""
        return (
            f'[booth]\ntenant = "{address.tenant}"\nsite = "{address.site}"\n'
            f'device = "{address.device}"\n{lanes}'
            f'[vision]\nreadings_socket = "{self._folder}/readings.sock"\n'
            '[vision.source]\nkind = "camera"\naddress = "0"\n'
            f'[tokeniser]\nreadings_socket = "{self._folder}/readings.sock"\n'
            f'sightings_socket = "{self._folder}/sightings.sock"\n'
            f'key_ring_file = "{self.key_ring_file}"\nevent_key_file = "{card}/event-key"\n'
            f'device_certificate_file = "{card}/device-certificate"\n'
            f'authority_file = "{card}/authority.pub"\nepochs_held = {EPOCHS_HELD}\n'
            f"{sealing}{mode}"
            f'[publisher]\nsightings_socket = "{self._folder}/sightings.sock"\n'
            f'outbox_file = "{self.outbox_file}"\nbroker_host = "{HOST}"\nbroker_port = {port}\n'
            f"{health}"
        )
