import pytest

from tests.support.frame_reading import Findings, faults

CORNERS = [[10.0, 10.0], [90.0, 10.0], [90.0, 30.0], [10.0, 30.0]]
HERE: Findings = {
    "machine": "x86_64",
    "truth": "ABC123",
    "text": "ABC123",
    "corners_px": CORNERS,
    "confidence": 0.99,
    "pixel_difference": 0,
    "tokens": ["aa", "bb"],
    "signature": "e30.e30.cc",
}
THERE = HERE | {"machine": "aarch64"}


def moved(x: float) -> list[list[float]]:
    return [[10.0 + x, 10.0], *CORNERS[1:]]


def test_roundings_are_no_fault() -> None:
    there = THERE | {"corners_px": moved(0.01), "confidence": 0.9901, "pixel_difference": 1}
    assert faults(HERE, there) == []


@pytest.mark.parametrize(
    ("different", "sentence"),
    [
        pytest.param({"text": "ABC124"}, "texts differ", id="text"),
        pytest.param({"text": None}, "not read right on aarch64", id="unread"),
        pytest.param({"tokens": ["aa", "bc"]}, "tokens of the pipeline differ", id="tokens"),
        pytest.param({"tokens": []}, "published nothing on aarch64", id="silent"),
        pytest.param({"signature": "e30.e30.cd"}, "signed documents differ", id="signature"),
        pytest.param({"corners_px": moved(0.2)}, "corners lie 0.2000 px apart", id="corners"),
        pytest.param({"corners_px": []}, "corners lie inf px apart", id="no corners"),
        pytest.param({"corners_px": moved(float("nan"))}, "corners lie nan px", id="broken"),
        pytest.param({"confidence": 0.97}, "confidences differ by 2.0e-02", id="confidence"),
        pytest.param({"pixel_difference": 40}, "differ by 40 of 255", id="drawing"),
        pytest.param({"machine": "x86_64"}, "nothing was compared", id="one processor"),
    ],
)
def test_every_difference_is_a_fault(different: Findings, sentence: str) -> None:
    assert any(sentence in fault for fault in faults(HERE, THERE | different))


def test_fault_does_not_name_the_plate() -> None:
    assert all("ABC12" not in fault for fault in faults(HERE, THERE | {"text": "ABC124"}))
