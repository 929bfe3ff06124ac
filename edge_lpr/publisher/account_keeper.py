"""Keeps the publisher's account of what it has sent, for the booth's audit to compare."""

from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import OutboxError
from edge_lpr.core.sent_account import SentAccount, write_account
from edge_lpr.publisher.mqtt_client import MqttClient

KEEP_EVERY_NS: Final = 1_000_000_000
"""What is sent in between is explained in the audit's next window."""

_NS_PER_MS: Final = 1_000_000


class AccountKeeper:
    """Writes the account when it has changed. For the session's thread."""

    def __init__(
        self, path: Path, client: MqttClient, clock: Clock, complaints: Complaints
    ) -> None:
        """Begin an account.

        Args:
            path: In a folder in memory.
            client: Knows what was sent.
            clock: Names the start, and says when to write again.
            complaints: Hears if the folder takes no file; nothing else depends on it.
        """
        self._path = path
        self._client = client
        self._clock = clock
        self._complaints = complaints
        self._start = clock.monotonic_ns() // _NS_PER_MS
        self._next_ns = clock.monotonic_ns()
        self._written: SentAccount | None = None

    def keep(self) -> None:
        """Write the account, if it has changed and was not written a moment ago."""
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._next_ns:
            return
        self._next_ns = now_ns + KEEP_EVERY_NS
        account = self._client.account(self._start)
        if account == self._written:
            return
        try:
            write_account(self._path, account)
        except OSError as error:
            self._complaints.about(
                "account_not_written",
                OutboxError(f"{self._path}: cannot be written ({error.strerror})"),
            )
            return
        self._written = account
