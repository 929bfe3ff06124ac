"""What tests of the ring do to an outbox, and ask of it."""

from edge_lpr.handoff.record_message import GapWish
from edge_lpr.publisher.outbox import Outbox
from tests.support.outboxes import document_of

BOOT = "00112233445566aa"


def add(outbox: Outbox, *numbers: int, boot: str = BOOT) -> None:
    for seq in numbers:
        assert outbox.add_sighting(boot, seq, document_of(boot, seq))


def send(outbox: Outbox, count: int = 100) -> None:
    unsent = outbox.oldest_unsent(count, except_places=(), with_asked_again=False)
    assert outbox.mark_sent([each.place for each in unsent]) == len(unsent)


def numbers(outbox: Outbox, count: int = 2000) -> list[int]:
    """Return the numbers of what is to be sent next."""
    by_document = {document_of(BOOT, seq): seq for seq in range(1, 2000)}
    return [by_document[each.document] for each in outbox.oldest_unsent(count, except_places=())]


def gaps(outbox: Outbox) -> list[GapWish]:
    """Sign all gaps, with a signature that is none, and return what they say."""
    wishes = []
    while (gap := outbox.next_gap()) is not None:
        wishes.append(gap.wish)
        outbox.store_gap(gap.place, b"signed")
    return wishes
