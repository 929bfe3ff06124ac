import pytest

from edge_lpr.subscriber import continuity
from edge_lpr.subscriber.continuity import BootRecord, Fit, SequenceRange
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
