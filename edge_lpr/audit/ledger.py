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

    def window(self, units: Mapping[str, UnitState], account: SentAccount | None) -> dict[str, int]:
        """Return what has grown since the last call; what nobody counts is left out.

        Args:
            units: How the processes are, the kernel's counters with them.
            account: What the publisher says it has sent.
        """
        details: dict[str, int] = {}
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
        if account is not None and self._account is not None:
            # A publisher that was started anew begins with zeros.
            old = self._account if self._account.start == account.start else SentAccount()
            for name in _ACCOUNT_FIELDS:
                details[name] = max(getattr(account, name) - getattr(old, name), 0)
            details["is_ipv6"] = account.is_ipv6
        self._units, self._account = dict(units), account
        return details


def _grown(now: int | None, before: int | None) -> int | None:
    """Return how much a counter has grown; one that is smaller has begun anew."""
    if now is None:
        return None
    return now - before if before is not None and now >= before else now


def _add(details: dict[str, int], name: str, number: int | None) -> None:
    """Add a number, if it is known."""
    if number is not None:
        details[name] = number
