import numpy as np
import pytest

pytest.importorskip("PIL")
pytest.importorskip("matplotlib")
from edge_lpr.training.confusion import (
    ReadPlate,
    false_folds,
    folded,
    measure_recovery,
    misread,
    state_plates,
)

READ = [
    *[ReadPlate("ABO1234", "AB01234")] * 90,
    *[ReadPlate("ABC1834", "ABC1034")] * 20,
    ReadPlate("ABC1234", "ABG1234"),
    ReadPlate("ABC1234", "ABC123"),
    ReadPlate("ABC1234", "ABC1234"),
]


def test_wrong_readings_are_counted_by_what_is_wrong_with_them() -> None:
    recovery = measure_recovery(READ)
    assert (recovery.of_all.hits, recovery.of_all.total) == (90, 112)
    assert (recovery.of_replaced.hits, recovery.of_replaced.total) == (90, 111)
    # C and G were confused once, an accident; 0 and 8 often, though folding does not join them.
    assert (recovery.of_confusable.hits, recovery.of_confusable.total) == (90, 110)
    assert recovery.pairs == {"0O": 90, "08": 20, "CG": 1}


def test_a_larger_measurement_may_say_what_is_confusable() -> None:
    recovery = measure_recovery(READ, {"CG": 50, "0O": 50, "08": 0})
    assert (recovery.of_confusable.hits, recovery.of_confusable.total) == (90, 91)


def test_a_plate_that_only_folds_to_a_listed_one_is_a_false_fold() -> None:
    listed = np.array([b"ABO1234", b"XYZ9999"])
    passing = np.array([b"AB01234", b"ABO1234", b"ABC1234", b"XY29999"])
    share = false_folds(listed, passing)
    # The listed plate itself is a hit, and no vehicle that is not listed.
    assert (share.hits, share.total) == (2, 3)


def test_readings_follow_the_matrix() -> None:
    plates = state_plates(2000, np.random.default_rng(1))
    perfect = [ReadPlate(text.decode(), text.decode()) for text in plates]
    assert np.array_equal(misread(plates, perfect, np.random.default_rng(2)), plates)
    blind = [ReadPlate(each.truth, "A" * 7) for each in perfect]
    assert set(misread(plates, blind, np.random.default_rng(2))) == {b"AAAAAAA"}


@pytest.mark.parametrize(
    ("text", "form"), [("ODQ0", "0000"), ("I1Z2S5B8G6", "1122558866"), ("XYZ", "XY2")]
)
def test_folding_is_the_tokens_own(text: str, form: str) -> None:
    assert folded(text) == form
