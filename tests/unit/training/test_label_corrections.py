"""Corrections of labels: what they change, and that the shipped ones can be used."""

import pytest

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.training.dataset import BoxXywh, KnownPlates, PlateLabel, SceneRow
from edge_lpr.training.label_corrections import LabelCorrections, load_corrections

BOX: BoxXywh = (10.0, 20.0, 80.0, 20.0)


def known(*texts: str | None, image: str = "street/1.jpg") -> KnownPlates:
    return KnownPlates(image, "train", tuple((BOX, text) for text in texts))


def scene(*boxes: BoxXywh) -> SceneRow:
    plates = tuple(PlateLabel(box, None, None) for box in boxes)
    return SceneRow(
        "street/1.jpg", 640, 480, plates, is_low_grade=False, source="somewhere", group=None
    )


def test_wrong_text_is_replaced_by_the_true_one() -> None:
    corrections = LabelCorrections({"street/1.jpg": {"B0AT": "BOAT"}}, {})
    assert corrections.correct_texts(known("B0AT")).plates == ((BOX, "BOAT"),)


def test_other_plates_of_a_corrected_picture_keep_their_texts() -> None:
    corrections = LabelCorrections({"street/1.jpg": {"B0AT": "BOAT"}}, {})
    row = corrections.correct_texts(known("B10XYZ", "B0AT", None))
    assert [text for _, text in row.plates] == ["B10XYZ", "BOAT", None]


def test_text_that_cannot_be_told_is_not_learnt() -> None:
    corrections = LabelCorrections({"street/1.jpg": {"B0AT": None}}, {})
    assert corrections.correct_texts(known("B0AT")).plates == ((BOX, None),)


def test_text_in_a_wrong_box_is_not_learnt() -> None:
    corrections = LabelCorrections({}, {"street/1.jpg": (BOX,)})
    assert corrections.correct_texts(known("B10XYZ")).plates == ((BOX, None),)


def test_audited_photograph_has_what_is_there() -> None:
    other: BoxXywh = (300.0, 200.0, 80.0, 20.0)
    image = "street/1.jpg"
    corrections = LabelCorrections(
        {}, {}, validation_boxes={image: (BOX,)}, validation_plates={image: (other,)}
    )
    assert [plate.box_xywh for plate in corrections.audit_boxes(scene(BOX)).plates] == [other]
    assert corrections.audit_boxes(scene(other)).plates[0] == scene(other).plates[0]


def test_picture_without_corrections_stays_as_it_is() -> None:
    row = known("B0AT")
    assert LabelCorrections({"street/2.jpg": {"B0AT": "BOAT"}}, {}).correct_texts(row) is row


@pytest.mark.parametrize(
    ("boxes", "is_wrong"),
    [
        pytest.param((BOX,), True, id="the-wrong-box"),
        pytest.param(((300.0, 200.0, 80.0, 20.0), BOX), True, id="beside-a-right-one"),
        pytest.param(((10.4, 20.0, 80.0, 19.6),), True, id="rounded-otherwise"),
        pytest.param(((12.0, 20.0, 80.0, 20.0),), False, id="drawn-again"),
        pytest.param((), False, id="none-left"),
    ],
)
def test_photograph_is_left_out_for_a_wrong_box(
    boxes: tuple[BoxXywh, ...], *, is_wrong: bool
) -> None:
    corrections = LabelCorrections({}, {"street/1.jpg": (BOX,)})
    assert corrections.has_wrong_box(scene(*boxes)) is is_wrong


def test_shipped_corrections_change_what_they_name_into_plate_texts() -> None:
    corrections = load_corrections()
    assert corrections.texts
    for image, texts in corrections.texts.items():
        for labelled, true in texts.items():
            (plate,) = corrections.correct_texts(known(labelled, image=image)).plates
            assert plate[1] == true != labelled
            assert true is None or set(true) <= set(PLATE_ALPHABET.decode())
