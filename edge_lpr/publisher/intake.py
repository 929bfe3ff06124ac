"""What the publisher accepts from the tokeniser: rules, no sockets.

The tokeniser is trusted but checked: a document must have the form of the contract and say the
number that it was handed over under. Signatures are left to those who pinned the authority, the
central servers; the publisher could not judge them and need not.
"""

from edge_lpr.core.errors import HandoffError, WireError
from edge_lpr.core.log import Log
from edge_lpr.handoff.sighting_message import BirthMessage, SightingMessage
from edge_lpr.publisher.outbox import Outbox
from edge_lpr.wire.birth import BIRTH_TYP, BirthClaims, parse_birth
from edge_lpr.wire.sighting import SIGHTING_TYP, SightingClaims, parse_sighting


class Intake:
    """Put documents into the outbox. For one thread."""

    def __init__(self, outbox: Outbox, log: Log) -> None:
        """Continue behind the sighting that the outbox took last.

        Args:
            outbox: Where documents go.
            log: Hears of holes in the numbering.
        """
        self.accepted = 0
        """Sightings that were new and are committed."""
        self.duplicates = 0
        """Sightings that were handed over again."""
        self._outbox = outbox
        self._log = log
        last = outbox.last_committed()
        self._last = None if last is None else (last.boot, last.seq)

    def last_document(self) -> bytes | None:
        """Return the sighting that was committed last, ``None`` if none ever was.

        Raises:
            OutboxError: The outbox cannot be read.
        """
        last = self._outbox.last_committed()
        return None if last is None else last.document

    def take_birth(self, message: BirthMessage) -> None:
        """Commit a birth.

        Args:
            message: From the tokeniser.

        Raises:
            WireError: It is no birth of this contract.
            OutboxError: It could not be committed; it may be handed over again.
        """
        document = parse_birth(message.untrusted_jws)
        if document.typ != BIRTH_TYP:
            raise WireError("a document handed over as a birth is none; update both processes")
        claims = BirthClaims.decode(document.untrusted_payload)
        self._outbox.store_birth(claims.boot, message.untrusted_jws)

    def take_sighting(self, message: SightingMessage) -> None:
        """Commit a sighting, or find that it is committed already.

        A hole in the numbering is logged and let pass: what is missing does not come back by
        refusing what is there, and the central server sees the hole too. A number that goes
        back is refused, because nobody could put it in order.

        Args:
            message: From the tokeniser.

        Raises:
            WireError: It is no sighting of this contract.
            HandoffError: Its number is not the one that it says, or contradicts what came before.
            OutboxError: It could not be committed; it may be handed over again.
        """
        boot, seq = _number_of(message.untrusted_jws)
        if seq != message.sequence_number:
            raise HandoffError("a sighting was handed over under another number than its own")
        last_seq = self._last[1] if self._last and self._last[0] == boot else 0
        # Only the last one can come again: the tokeniser waits for each answer.
        if seq < last_seq:
            raise HandoffError("a sighting's number goes back; restart the tokeniser")
        if not self._outbox.add_sighting(boot, seq, message.untrusted_jws):
            self.duplicates += 1
            return
        self.accepted += 1
        self._last = boot, seq
        if seq != last_seq + 1:
            self._log.warning("sequence_gap", boot=boot, seq=seq)


def _number_of(untrusted_jws: bytes) -> tuple[str, int]:
    """Return boot and number of a sighting, after checking that it is one."""
    document = parse_sighting(untrusted_jws)
    if document.typ != SIGHTING_TYP:
        raise WireError("a document handed over as a sighting is none; update both processes")
    claims = SightingClaims.decode(document.untrusted_payload)
    return claims.boot, claims.seq
