import pytest

from edge_lpr.subscriber import continuity
from edge_lpr.subscriber.continuity import BootRecord, Fit
from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.wire.sighting import FIRST_PREV


def _link(seq: int) -> bytes:
    return bytes([seq]) * 16 if seq else FIRST_PREV


def _admit(record: BootRecord, *numbers: int) -> list[tuple[Fit, SequenceRange | None]]:
    return [record.admit(seq, _link(seq), _link(seq - 1)) for seq in numbers]


def test_sightings_in_order_are_linked() -> None:
    assert _admit(BootRecord(), 1, 2, 3) == [(Fit.LINKED, None)] * 3


def test_sighting_received_again_is_a_duplicate() -> None:
    record = BootRecord()
    _admit(record, 1, 2)
    assert _admit(record, 1, 2) == [(Fit.DUPLICATE, None)] * 2


def test_gap_is_named_once_and_closed_by_what_arrives_late() -> None:
    record = BootRecord()
    assert _admit(record, 1, 5) == [(Fit.LINKED, None), (Fit.UNLINKED, SequenceRange(2, 4))]
    assert _admit(record, 3) == [(Fit.UNLINKED, None)]
    assert record.gaps() == (SequenceRange(2, 2), SequenceRange(4, 4))
    assert _admit(record, 2, 4) == [(Fit.LINKED, None)] * 2
    assert record.gaps() == ()
    assert record.highest == 5


def test_consumer_that_comes_late_misses_the_beginning() -> None:
    assert _admit(BootRecord(), 4) == [(Fit.UNLINKED, SequenceRange(1, 3))]


def test_two_sightings_with_one_number_conflict() -> None:
    record = BootRecord()
    _admit(record, 1)
    assert record.admit(1, b"another" * 2 + b"..", FIRST_PREV) == (Fit.CONFLICT, None)
    assert record.link_of(1) == _link(1)


def test_first_sighting_begins_the_chain() -> None:
    assert BootRecord().admit(1, _link(1), b"x" * 16) == (Fit.BROKEN, None)


def test_sighting_that_names_another_predecessor_is_not_recorded() -> None:
    record = BootRecord()
    _admit(record, 1)
    assert record.admit(2, _link(2), b"x" * 16) == (Fit.BROKEN, None)
    assert record.highest == 1


def test_late_sighting_that_its_successor_does_not_name_is_not_recorded() -> None:
    record = BootRecord()
    _admit(record, 1, 3)
    assert record.admit(2, b"x" * 16, _link(1)) == (Fit.BROKEN, None)
    assert record.gaps() == (SequenceRange(2, 2),)


def test_forgotten_sighting_is_still_a_duplicate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuity, "_MAXIMUM_LINKS", 2)
    record = BootRecord()
    _admit(record, 1, 2, 3, 4)
    assert record.link_of(1) is None
    assert _admit(record, 1) == [(Fit.DUPLICATE, None)]


def test_too_many_gaps_err_on_the_side_of_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuity, "_MAXIMUM_GAPS", 2)
    record = BootRecord()
    _admit(record, 2, 4, 6)
    assert record.gaps() == (SequenceRange(1, 3), SequenceRange(5, 5))
    assert _admit(record, 1, 3, 5)[-1] == (Fit.LINKED, None)


def test_what_a_device_says_to_have_signed_is_missing_until_it_arrives() -> None:
    record = BootRecord()
    _admit(record, 1)
    assert record.expect(3, _link(3))
    assert record.gaps() == (SequenceRange(2, 3),)
    assert record.missing_before(4) == SequenceRange(2, 3)
    assert _admit(record, 2, 3) == [(Fit.LINKED, None)] * 2
    assert record.gaps() == ()


def test_device_that_says_the_same_again_opens_no_second_gap() -> None:
    record = BootRecord()
    assert record.expect(2, _link(2))
    assert record.expect(2, _link(2))
    assert record.expect(1, _link(1))
    assert record.gaps() == (SequenceRange(1, 2),)


def test_sighting_that_is_not_the_promised_one_is_broken() -> None:
    record = BootRecord()
    record.expect(1, _link(1))
    assert record.admit(1, b"x" * 16, FIRST_PREV) == (Fit.BROKEN, None)


def test_sighting_after_a_promised_one_is_linked_to_it() -> None:
    record = BootRecord()
    record.expect(1, _link(1))
    assert record.admit(2, b"x" * 16, b"y" * 16) == (Fit.BROKEN, None)
    assert _admit(record, 2) == [(Fit.LINKED, None)]


@pytest.mark.parametrize("seq", [2, 3], ids=["received", "named by the next"])
def test_device_that_contradicts_what_was_received_is_found_out(seq: int) -> None:
    record = BootRecord()
    _admit(record, 1, 2, 4)
    assert not record.expect(seq, b"x" * 16)
    assert record.expect(seq, _link(seq))


def test_device_that_contradicts_itself_is_found_out() -> None:
    record = BootRecord()
    record.expect(5, _link(5))
    assert not record.expect(5, b"x" * 16)


def test_device_that_has_signed_nothing_misses_nothing() -> None:
    record = BootRecord()
    assert record.expect(0, FIRST_PREV)
    assert not record.expect(0, _link(1))
    assert record.gaps() == ()


def test_only_so_many_promises_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuity, "_MAXIMUM_PROMISES", 2)
    record = BootRecord()
    for seq in (1, 2, 3):
        record.expect(seq, _link(seq))
    assert record.admit(1, b"x" * 16, FIRST_PREV)[0] is Fit.LINKED
    assert record.admit(3, b"x" * 16, _link(2))[0] is Fit.BROKEN


def test_given_up_numbers_are_no_gap_and_still_new_if_they_come() -> None:
    record = BootRecord()
    _admit(record, 1, 5)
    assert record.give_up(SequenceRange(1, 3)) == 2
    assert record.give_up(SequenceRange(1, 3)) == 0
    assert record.gaps() == (SequenceRange(4, 4),)
    assert _admit(record, 2) == [(Fit.LINKED, None)]
    assert _admit(record, 2) == [(Fit.DUPLICATE, None)]


def test_gap_beyond_what_was_received_shows_what_is_missing_before_it() -> None:
    record = BootRecord()
    _admit(record, 1)
    assert record.give_up(SequenceRange(5, 6)) == 2
    assert record.missing_before(5) == SequenceRange(2, 4)
    assert record.highest == 6


def test_consumer_that_joins_late_misses_only_what_comes_after() -> None:
    record = BootRecord(joins_late=True)
    assert _admit(record, 4, 7) == [(Fit.UNLINKED, None), (Fit.UNLINKED, SequenceRange(5, 6))]
    assert _admit(record, 2, 2) == [(Fit.UNLINKED, None), (Fit.DUPLICATE, None)]


def test_consumer_that_joins_before_the_first_sighting_misses_it() -> None:
    record = BootRecord(joins_late=True)
    record.expect(0, FIRST_PREV)
    assert _admit(record, 2) == [(Fit.UNLINKED, SequenceRange(1, 1))]


def test_consumer_that_joins_late_counts_from_the_first_health_record() -> None:
    record = BootRecord(joins_late=True)
    assert record.expect(9, _link(9))
    assert record.gaps() == ()
    assert _admit(record, 11) == [(Fit.UNLINKED, SequenceRange(10, 10))]


def test_record_goes_on_where_its_summary_ended() -> None:
    before = BootRecord()
    _admit(before, 1, 2, 5)
    before.give_up(SequenceRange(3, 3))
    record = BootRecord.resume(before.summarise(undone=[]))
    assert (record.highest, record.delivered) == (5, 5)
    assert record.gaps() == (SequenceRange(4, 4),)
    assert _admit(record, 5, 1) == [(Fit.DUPLICATE, None)] * 2
    assert _admit(record, 4, 3) == [(Fit.UNLINKED, None)] * 2
    assert record.admit(6, _link(6), b"x" * 16) == (Fit.BROKEN, None)
    assert _admit(record, 6) == [(Fit.LINKED, None)]


def test_what_was_not_done_with_is_missing_in_the_summary() -> None:
    before = BootRecord()
    _admit(before, 1, 2, 3)
    record = BootRecord.resume(before.summarise(undone=[2, 3]))
    assert record.gaps() == (SequenceRange(2, 3),)
    assert _admit(record, 2, 3) == [(Fit.UNLINKED, None), (Fit.LINKED, None)]


def test_summary_of_nothing_is_nothing() -> None:
    record = BootRecord.resume(BootRecord().summarise(undone=[]))
    assert _admit(record, 1) == [(Fit.LINKED, None)]
