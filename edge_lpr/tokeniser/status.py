"""What the tokeniser tells the service manager: until when it has keys, and whether for tests."""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from edge_lpr.core.clock import Clock, epoch_of
from edge_lpr.core.status_words import Saying
from edge_lpr.tokens.key_ring import KeyPurpose, KeyRing

_FIRST_EPOCH: Final = dt.date(1970, 1, 1)
_LAST_EPOCH: Final = (dt.date.max - _FIRST_EPOCH).days


def keys_status(ring: KeyRing, clock: Clock) -> Mapping[Saying, str]:
    """Return until when there are keys without a hole, and what they are for.

    Args:
        ring: The tokeniser's; may be changed by another thread meanwhile.
        clock: Tells today.
    """
    epochs, today = ring.epochs(), epoch_of(clock.unix_s())
    if today not in epochs:
        return {"keys_absent": ""}
    last = today
    while last + 1 in epochs and last < _LAST_EPOCH:
        last += 1
    until = (_FIRST_EPOCH + dt.timedelta(days=last)).isoformat()
    if ring.purpose is KeyPurpose.TEST:
        return {"keys_until": until, "keys_for_tests": ""}
    return {"keys_until": until}
