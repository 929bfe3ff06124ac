"""The byte ledger: what each process wrote and sent in a window, by the kernel's own count."""

from collections.abc import Mapping

from edge_lpr.audit.unit_states import UnitState
from edge_lpr.core.sent_account import SentAccount

_ACCOUNT_FIELDS = (
    "connections",
    "greeting_bytes",
    "mqtt_bytes",
    "records",
    "resent_bytes",
)
"""Of the publisher's account, what grows."""


class Ledger:
    """Remembers the counters of the last window."""

    def __init__(self) -> None:
        """Begin without any; the first window has nothing to compare with."""
        self._units: Mapping[str, UnitState] = {}
        self._account: SentAccount | None = None

    def window(
        self, units: Mapping[str, UnitState], account: SentAccount | None
    ) -> dict[str, int | str]:
        """Return what has grown since the last ``close``; what nobody counts is left out.

        The kernel's counters are of one start of a unit. ``anew`` names the units that were started
        again in between: what they sent and wrote between the last ``close`` and their end is lost.

        Args:
            units: How the processes are, the kernel's counters with them.
            account: What the publisher says it has sent.
        """
        details: dict[str, int | str] = {}
        anew = {name for name, now in units.items() if _began_anew(self._units.get(name), now)} | (
            {"publisher"} if self._has_another_start(account) else set()
        )
        if anew:
            details["anew"] = " ".join(sorted(anew))
        for name, now in units.items():
            before = self._units.get(name)
            if before is None or not before.active or not now.active:
                # The service manager did not answer.
                continue
            _add(details, f"{name}_written", _grown(now.written_bytes, before.written_bytes))
            if name == "publisher":
                _add(details, "sent_bytes", _grown(now.sent_bytes, before.sent_bytes))
                _add(details, "packets", _grown(now.sent_packets, before.sent_packets))
            elif not now.has_own_network:
                _add(details, f"{name}_sent", _grown(now.sent_bytes, before.sent_bytes))
        old = self._account_before(account)
        if account is not None and old is not None:
            for name in _ACCOUNT_FIELDS:
                details[name] = max(getattr(account, name) - getattr(old, name), 0)
            details["is_ipv6"] = account.is_ipv6
        return details

    def close(self, units: Mapping[str, UnitState], account: SentAccount | None) -> None:
        """Begin the next window: what the last one had is on the disk.

        Args:
            units: As for ``window``.
            account: As for ``window``.
        """
        self._units, self._account = dict(units), account

    def _account_before(self, account: SentAccount | None) -> SentAccount | None:
        """Return what an account is compared with, ``None`` for nothing."""
        if account is None:
            return None
        if self._account is not None:
            # A publisher that was started anew begins with zeros.
            return self._account if self._account.start == account.start else SentAccount()
        publisher = self._units.get("publisher", UnitState())
        # The first account of a start, if nothing was sent before it. One that was away for a while
        # would explain what was sent before once more.
        return SentAccount() if publisher.active and not publisher.sent_bytes else None

    def _has_another_start(self, account: SentAccount | None) -> bool:
        """Return whether the publisher names another start than before."""
        old = self._account
        return old is not None and account is not None and old.start != account.start


def _began_anew(before: UnitState | None, now: UnitState) -> bool:
    """Return whether a unit was started again, as far as the service manager says."""
    if before is None or not before.active or not now.active or not before.invocation:
        return False
    return before.invocation != now.invocation or before.restarts != now.restarts


def _grown(now: int | None, before: int | None) -> int | None:
    """Return how much a counter has grown; one that is smaller has begun anew."""
    if now is None:
        return None
    return now - before if before is not None and now >= before else now


def _add(details: dict[str, int | str], name: str, number: int | None) -> None:
    """Add a number, if it is known."""
    if number is not None:
        details[name] = number
