"""The checkpoints that one device has signed: does its audit log only ever grow, and stay the same?

Two signed roots at one size prove that there are two logs. A smaller size than before may also be
an old message that somebody plays again; which of the two, the auditor finds out at the booth.
"""

from enum import Enum
from typing import Final

from edge_lpr.wire.checkpoint import Checkpoint

_MAXIMUM_KEPT: Final = 256
"""Checkpoints remembered a key, the latest: twenty-one hours of one every five minutes."""

_MAXIMUM_KEYS: Final = 2
"""Keys remembered a device, the latest: a booth that was enrolled anew begins another log."""


class Growth(Enum):
    """How a checkpoint fits the ones before."""

    GROWN = "grown"
    """The log is larger than ever before, or this is the first one."""
    REPEATED = "repeated"
    """Received before."""
    FORKED = "forked"
    """Another root was signed at the same size: there are two logs."""
    SHRUNK = "shrunk"
    """The log is smaller than it was, or an old message was played again."""


class CheckpointRecords:
    """What was received of one device, by the key that has signed it."""

    def __init__(self) -> None:
        """Begin with nothing received."""
        self._records: dict[bytes, CheckpointRecord] = {}

    def admit(self, event_key: bytes, checkpoint: Checkpoint) -> Growth:
        """Take in a checkpoint whose signature holds.

        Args:
            event_key: The public key that has signed it; another key has another log.
            checkpoint: What it says.
        """
        record = self._records.pop(event_key, None) or CheckpointRecord()
        self._records[event_key] = record
        if len(self._records) > _MAXIMUM_KEYS:
            # The one that was heard of longest ago.
            del self._records[next(iter(self._records))]
        return record.admit(checkpoint)


class CheckpointRecord:
    """What was received of one log, by size."""

    def __init__(self) -> None:
        """Begin with nothing received."""
        self._roots: dict[int, bytes] = {}
        self._largest = 0

    def admit(self, checkpoint: Checkpoint) -> Growth:
        """Take in a checkpoint whose signature holds.

        Args:
            checkpoint: What it says; one that has shrunk or forked is not remembered.
        """
        known = self._roots.get(checkpoint.size)
        if known is not None:
            return Growth.REPEATED if known == checkpoint.root else Growth.FORKED
        if checkpoint.size < self._largest:
            return Growth.SHRUNK
        self._largest = checkpoint.size
        self._roots[checkpoint.size] = checkpoint.root
        if len(self._roots) > _MAXIMUM_KEPT:
            del self._roots[next(iter(self._roots))]
        return Growth.GROWN
