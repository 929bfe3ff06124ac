"""Signs the root of the audit log, and never takes back what it has signed.

The audit, which is root's, writes size and root of its log into a file; this process alone has the
event key. What is signed has a fixed form, a number and a hash. The checkpoint that was signed last
is kept across restarts: a smaller size after it, or another root at the same size, is another log,
and is refused until the log has grown beyond it.

Who is root can take the kept checkpoint away; those that have left the booth he cannot.
"""

import os
import re
import stat
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import AuditError, KeyFileError, KeyFileMissingError, WireError
from edge_lpr.core.file_stamp import FileStamp, file_stamp
from edge_lpr.core.secret_file import read_secret_file, write_secret_file
from edge_lpr.wire.checkpoint import (
    MAXIMUM_CHECKPOINT_BYTES,
    Checkpoint,
    parse_checkpoint,
    sign_checkpoint,
)
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.topics import DeviceAddress

KEPT_NAME: Final = "checkpoint"
"""File of the last checkpoint, beside the event key."""

LOOK_EVERY_S: Final = 5.0
"""How often the audit's file is looked at."""

_MAXIMUM_HEAD_BYTES: Final = 128
_HEAD: Final = re.compile(rb"([1-9][0-9]{0,14}) ([0-9a-f]{64})\n")
_WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
_NS: Final = 1_000_000_000


class CheckpointDesk:
    """Knows the newest checkpoint. For the delivering thread."""

    def __init__(
        self,
        head_file: Path,
        kept_file: Path,
        address: DeviceAddress,
        event_key: SigningKey,
        clock: Clock,
    ) -> None:
        """Go on with the checkpoint that was signed last, if there is one.

        Args:
            head_file: Where the audit says size and root; need not exist.
            kept_file: Where the last checkpoint is kept.
            address: Whose log it is.
            event_key: Signs.
            clock: Its monotonic time says when to look again.
        """
        self._head_file = head_file
        self._kept_file = kept_file
        self._address = address
        self._event_key = event_key
        self._clock = clock
        self._stamp: FileStamp | None = None
        self._next_look_ns = clock.monotonic_ns()
        self._last: Checkpoint | None = None
        self._has_read_kept = False
        self.newest: bytes | None = None
        """The checkpoint that was signed last, ``None`` before the first."""

    def look_around(self) -> None:
        """Sign what the audit says, if that is new; at most every few seconds.

        Raises:
            AuditError: The audit says what must not be signed, or its file is somebody else's.
            KeyFileError: The checkpoint could not be kept, so it was not given out; or the kept one
                is damaged, and counts as missing from now on.
        """
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._next_look_ns:
            return
        self._next_look_ns = now_ns + round(LOOK_EVERY_S * _NS)
        if not self._has_read_kept:
            self._has_read_kept = True
            self._read_kept()
        stamp = file_stamp(self._head_file)
        if stamp is None or stamp == self._stamp:
            return
        said = self._said()
        if said is not None and self._is_news(said):
            self._sign(said)
        self._stamp = stamp

    def _read_kept(self) -> None:
        """Remember what was signed before this start, if our own signature says so."""
        try:
            document = bytes(read_secret_file(self._kept_file, MAXIMUM_CHECKPOINT_BYTES))
            last = parse_checkpoint(document).verified(self._event_key.public_key)
        except KeyFileMissingError:
            return
        except WireError as error:
            # A booth that was enrolled anew has another event key, and its log goes on.
            raise KeyFileError(
                f"{self._kept_file}: holds no checkpoint of this booth's key ({error}); the next "
                "one takes its place"
            ) from error
        if last.address == self._address:
            self._last, self.newest = last, document

    def _said(self) -> Checkpoint | None:
        """Return what the audit says; ``None`` if it has taken its file away."""
        try:
            descriptor = os.open(self._head_file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AuditError(
                f"{self._head_file}: cannot be read ({error.strerror}); see edge-lpr-audit.service"
            ) from error
        try:
            status = os.fstat(descriptor)
            untrusted_head = os.read(descriptor, _MAXIMUM_HEAD_BYTES)
        finally:
            os.close(descriptor)
        if status.st_uid not in {0, os.geteuid()} or status.st_mode & _WRITABLE_BY_OTHERS:
            raise AuditError(f"{self._head_file}: others than root can write it, so it counts not")
        found = _HEAD.fullmatch(untrusted_head)
        if found is None:
            raise AuditError(f"{self._head_file}: must be size and root of the audit log")
        return Checkpoint(self._address, int(found[1]), bytes.fromhex(found[2].decode("ascii")))

    def _is_news(self, said: Checkpoint) -> bool:
        """Return whether this is to be signed, or refuse it."""
        last = self._last
        if last is None or said.size > last.size:
            return True
        if said.size < last.size:
            raise AuditError(
                f"the audit log had {last.size} entries when its root was signed last, and has "
                f"{said.size}: it was cut or put back, so nothing is signed; keep the booth as it "
                "is and tell the auditor"
            )
        if said.root != last.root:
            raise AuditError(
                f"the audit log has another root at {said.size} entries than was signed: it is "
                "another log, so nothing is signed; keep the booth as it is and tell the auditor"
            )
        return False

    def _sign(self, said: Checkpoint) -> None:
        """Sign, keep, and only then give out."""
        document = sign_checkpoint(said, self._event_key)
        write_secret_file(self._kept_file, document)
        self._last, self.newest = said, document
