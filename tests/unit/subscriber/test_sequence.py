from edge_lpr.subscriber.sequence import RangeList, SequenceRange


def _list(*ranges: tuple[int, int], maximum: int = 8) -> RangeList:
    numbers = RangeList(maximum)
    for first, last in ranges:
        numbers.add(SequenceRange(first, last))
    return numbers


def test_range_holds_both_of_its_ends() -> None:
    numbers = SequenceRange(3, 5)
    assert [seq in numbers for seq in (2, 3, 5, 6)] == [False, True, True, False]
    assert len(numbers) == 3


def test_ranges_that_touch_or_overlap_become_one() -> None:
    assert _list((5, 6), (1, 2), (3, 3), (6, 9)).ranges() == (
        SequenceRange(1, 3),
        SequenceRange(5, 9),
    )


def test_what_is_taken_out_of_the_middle_leaves_both_ends() -> None:
    numbers = _list((1, 9))
    assert numbers.remove(SequenceRange(4, 6)) == (SequenceRange(4, 6),)
    assert numbers.ranges() == (SequenceRange(1, 3), SequenceRange(7, 9))


def test_only_what_was_there_is_taken_out() -> None:
    numbers = _list((1, 3), (7, 9))
    assert numbers.remove(SequenceRange(3, 7)) == (SequenceRange(3, 3), SequenceRange(7, 7))
    assert numbers.remove(SequenceRange(3, 7)) == ()
    assert 3 not in numbers
    assert 8 in numbers


def test_too_many_ranges_are_joined_at_the_old_end() -> None:
    assert _list((1, 1), (5, 5), (9, 9), maximum=2).ranges() == (
        SequenceRange(1, 5),
        SequenceRange(9, 9),
    )


def test_ranges_that_a_removal_makes_are_joined_too() -> None:
    numbers = _list((1, 9), (20, 20), maximum=2)
    numbers.remove(SequenceRange(5, 5))
    assert len(numbers.ranges()) == 2
