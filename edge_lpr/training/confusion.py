"""What the fold token is worth: which characters the reader confuses, and whom a fold hits besides.

``python -m edge_lpr.training.confusion [--plates N] [--list N] [--passages N] [--crops DIR]
[--seed N] [--json]``. Plates of United States series are drawn by the simulator's generator in
typefaces that training has never seen, spoilt as a camera does, and read one by one, without
voting. What is read wrong gives the confusion matrix. Then passages of unlisted vehicles are
compared with a watch-list by their folded forms, which is what their fold tokens compare.
``--crops`` adds the validation split's cut-out plates, by audited labels.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.core.errors import EdgeLprError
from edge_lpr.synthesis.formats import FORMATS, draw_printed_text
from edge_lpr.synthesis.marks import plate_text
from edge_lpr.synthesis.pictures import BgrImage
from edge_lpr.synthesis.simulator.plates import CAR_ISSUES, draw_plate
from edge_lpr.tokens.canonical import fold_into
from edge_lpr.training.dataset import load_known_plates
from edge_lpr.training.held_out_typefaces import load_held_out
from edge_lpr.training.label_corrections import load_corrections
from edge_lpr.training.laboratory_engine import add_engine_arguments, open_engine
from edge_lpr.training.measures import Proportion
from edge_lpr.training.reader_augment import RENDERED, photograph
from edge_lpr.training.scene_evaluation import evaluate_known_plates
from edge_lpr.vision.contracts import PlateReader
from edge_lpr.vision.engine import Engine

_PIXELS_A_METRE: Final = 420.0
"""A plate of the United States is 128 px wide then: sharp, before the camera spoils it."""

_BATCH: Final = 64
_LEAST_SHARE: Final = 0.01
"""Share of all replaced characters from which on a pair counts as confusable; rarer ones are
accidents of single pictures. Whether folding joins the pair does not matter here."""

STATE_PATTERN: Final = ("@@@", "####")
"""The commonest shape of a state: three letters, four digits, 1.8e8 plates."""

Plates: TypeAlias = NDArray[np.bytes_]
"""Plates as bytes strings of one width, shape (N,)."""

_LETTERS: Final = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", np.uint8)
_DIGITS: Final = np.frombuffer(b"0123456789", np.uint8)


@dataclass(frozen=True, slots=True, repr=False)
class ReadPlate:
    """A plate and what was read of it. No ``repr``: it holds plates."""

    truth: str
    """What it says."""
    reading: str
    """What was read; empty if nothing was."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What folding recovers of wrong readings."""

    of_all: Proportion
    """Of all that are wrong, also in their length."""
    of_replaced: Proportion
    """Of those in which characters are only replaced."""
    of_confusable: Proportion
    """Of those in which all replaced pairs are confusable: the reader's own, not the suite's."""
    pairs: dict[str, int]
    """How often which two characters were confused, in either direction."""


def measure_recovery(
    plates: Sequence[ReadPlate], matrix: Mapping[str, int] | None = None
) -> Recovery:
    """Count which wrong readings have the true folded form all the same.

    Args:
        plates: Plates with their readings, right ones too. Not modified.
        matrix: ``pairs`` of a larger measurement, which say what is confusable; these plates' own
            if left out.

    Returns:
        Shares, and the confused pairs.
    """
    wrong = [plate for plate in plates if plate.reading != plate.truth]
    replaced = [plate for plate in wrong if len(plate.reading) == len(plate.truth)]
    pairs = Counter(pair for plate in replaced for pair in _pairs(plate))
    known = pairs if matrix is None else matrix
    least = _LEAST_SHARE * sum(known.values())
    confusable = [
        plate for plate in replaced if all(known.get(p, 0) >= least for p in _pairs(plate))
    ]
    of_all, of_replaced, of_confusable = (
        Proportion(sum(folded(p.truth) == folded(p.reading) for p in group), len(group))
        for group in (wrong, replaced, confusable)
    )
    return Recovery(of_all, of_replaced, of_confusable, dict(pairs.most_common()))


def read_drawn_plates(engine: Engine, number: int, seed: int) -> list[ReadPlate]:
    """Draw plates of the United States, spoil them, and read them.

    Args:
        engine: Whose reader is asked.
        number: How many.
        seed: Decides everything that is random.

    Returns:
        The plates.

    Raises:
        ReaderError: The reader failed.
        DataSetError: The held-out typefaces are missing.
    """
    rng = np.random.default_rng(seed)
    typefaces = list(load_held_out("bundled").values())
    issues = [issue for issue in CAR_ISSUES if issue.group == "us"]
    read: list[ReadPlate] = []
    while len(read) < number:
        texts, pictures = [], []
        for _ in range(min(_BATCH, number - len(read))):
            plate = draw_plate(
                issues[int(rng.integers(len(issues)))],
                typefaces[int(rng.integers(len(typefaces)))],
                rng,
                pixels_a_metre=_PIXELS_A_METRE,
                dirt=float(rng.uniform(0, 0.5)),
            )
            texts.append(plate.text)
            pictures.append(_spoilt(plate.picture_bgr, rng))
        readings = _read(engine.reader, pictures)
        read += [ReadPlate(*pair) for pair in zip(texts, readings, strict=True)]
    return read


def read_crops(engine: Engine, data: Path) -> list[ReadPlate]:
    """Read the cut-out plates of the validation split.

    Args:
        engine: Whose reader is asked.
        data: Folder of ``crops.jsonl`` and of the pictures.

    Returns:
        The plates, with labels that are known to be wrong put right.

    Raises:
        DataSetError: Labels or pictures are missing.
        ReaderError: The reader failed.
    """
    known = load_known_plates(data / "crops.jsonl", split="val")
    corrected = load_corrections().validation_texts
    plates = []
    for outcome in evaluate_known_plates(known, data, engine).outcomes:
        label = outcome.label
        if label is not None:
            label = corrected.get(outcome.image, {}).get(label, label)
        if label is not None:
            plates.append(ReadPlate(label, outcome.reading))
    return plates


def false_folds(listed: Plates, passing: Plates) -> Proportion:
    """Count passages that match a list by their folded form and not exactly.

    Args:
        listed: Plates of the list, bytes strings. Not modified.
        passing: Plates that pass, as they were read. Not modified.

    Returns:
        So many of so many passages of vehicles that are not listed.
    """
    unlisted = passing[~np.isin(passing, listed)]
    hits = np.isin(_folded(unlisted), np.unique(_folded(listed)))
    return Proportion(int(hits.sum()), len(unlisted))


def state_plates(number: int, rng: np.random.Generator) -> Plates:
    """Draw plates of one state, three letters and four digits, all equally likely.

    Args:
        number: How many; some may be equal.
        rng: Where the randomness comes from.

    Returns:
        Bytes strings of seven characters.
    """
    letters = rng.choice(_LETTERS, (number, len(STATE_PATTERN[0])))
    digits = rng.choice(_DIGITS, (number, len(STATE_PATTERN[1])))
    plates: Plates = np.hstack([letters, digits]).view("S7").ravel()
    return plates


def mixed_plates(number: int, rng: np.random.Generator) -> Plates:
    """Draw plates of the passenger series of all states as the generator has them.

    Args:
        number: How many; some may be equal.
        rng: Where the randomness comes from.

    Returns:
        Bytes strings of up to 12 characters.
    """
    series = next(each for each in FORMATS["us"] if each.name == "us_passenger")
    texts = (plate_text(draw_printed_text(series, rng)) for _ in range(number))
    return np.array([text.encode() for text in texts], "S12")


def misread(plates: Plates, read: Sequence[ReadPlate], rng: np.random.Generator) -> Plates:
    """Read plates as the reader does, character by character after its confusion matrix.

    Args:
        plates: Bytes strings of equal length. Not modified.
        read: What the matrix is made of.
        rng: Where the randomness comes from.

    Returns:
        The readings, of the same lengths.
    """
    matrix = np.zeros((256, 256))
    for plate in read:
        if len(plate.truth) == len(plate.reading):
            for truth, reading in zip(plate.truth.encode(), plate.reading.encode(), strict=True):
                matrix[truth, reading] += 1
    octets = plates.view(np.uint8).reshape(len(plates), -1).copy()
    for character in PLATE_ALPHABET:
        places = octets == character
        shares = matrix[character]
        if shares.sum():
            drawn = rng.choice(256, int(places.sum()), p=shares / shares.sum())
            octets[places] = drawn.astype(np.uint8)
    readings: Plates = octets.view(plates.dtype).ravel()
    return readings


def folded(text: str) -> str:
    """Return the folded form of a plate.

    Args:
        text: A-Z and 0-9.
    """
    octets = bytearray(len(text))
    fold_into(text.encode(), octets)
    return octets.decode()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        Exit status: 0, or 2 where something is missing or wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m edge_lpr.training.confusion")
    parser.add_argument("--plates", type=int, default=20_000, help="plates that are drawn and read")
    parser.add_argument("--list", type=int, default=100_000, help="entries of the watch-list")
    parser.add_argument("--passages", type=int, default=1_000_000, help="vehicles that pass")
    parser.add_argument("--crops", type=Path, help="folder of crops.jsonl and its pictures")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    add_engine_arguments(parser)
    arguments = parser.parse_args(argv)
    try:
        report = dict(_report(arguments))
    except (EdgeLprError, OSError) as error:
        print(f"confusion: {error}", file=sys.stderr)
        return 2
    if arguments.json:
        print(json.dumps(report))
    return 0


def _report(arguments: argparse.Namespace) -> Iterator[tuple[str, Any]]:
    """Measure, print and yield everything."""
    engine = open_engine(arguments)
    drawn = read_drawn_plates(engine, arguments.plates, arguments.seed)
    recovery = measure_recovery(drawn)
    yield "drawn", _print_recovery("drawn plates, United States", len(drawn), recovery)
    if arguments.crops is not None:
        crops = read_crops(engine, arguments.crops)
        # So few are wrong that only the drawn ones can say which characters are confusable.
        of_crops = measure_recovery(crops, recovery.pairs)
        title = "cut-out plates of the validation split"
        yield "crops", _print_recovery(title, len(crops), of_crops)
    rng = np.random.default_rng(arguments.seed)
    for name, draw in {"one state": state_plates, "all states": mixed_plates}.items():
        listed, passing = draw(arguments.list, rng), draw(arguments.passages, rng)
        for how, seen in {"right": passing, "misread": misread(passing, drawn, rng)}.items():
            share = false_folds(listed, seen)
            a_million = 1e6 * share.share
            print(f"{name}, passages {how}: {a_million:.0f} false folds in 10^6 ({share.hits})")
            yield f"false folds, {name}, {how}", round(a_million, 1)


def _print_recovery(title: str, plates: int, recovery: Recovery) -> dict[str, Any]:
    """Print what folding recovers of so many plates, and return it."""
    print(f"{title}: {plates}, {recovery.of_all.total} read wrong; by folding recovered:")
    shares = {
        "of all wrong readings": recovery.of_all,
        "of those with replaced characters only": recovery.of_replaced,
        "of those with confusable characters only": recovery.of_confusable,
    }
    for name, share in shares.items():
        low, high = share.interval
        counts = f"{share.hits:5} of {share.total:5}"
        print(f"  {name:42} {counts}  {share.share:6.1%} [{low:.1%}, {high:.1%}]")
    print("  confused:", ", ".join(f"{pair} {n}" for pair, n in [*recovery.pairs.items()][:24]))
    return {
        "plates": plates,
        **{name: [share.hits, share.total] for name, share in shares.items()},
        "pairs": recovery.pairs,
    }


def _pairs(plate: ReadPlate) -> list[str]:
    """Return the pairs of characters that were taken for one another, each in one order."""
    return [
        "".join(sorted(pair))
        for pair in zip(plate.truth, plate.reading, strict=True)
        if pair[0] != pair[1]
    ]


def _spoilt(picture_bgr: BgrImage, rng: np.random.Generator) -> BgrImage:
    """Return a plate as the reader gets it from a camera."""
    height, width = picture_bgr.shape[:2]
    around = cv2.copyMakeBorder(picture_bgr, *(height // 4,) * 4, cv2.BORDER_REPLICATE)
    grey = cv2.cvtColor(around, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) + height // 4
    seen = photograph(grey, corners.astype(np.float32), RENDERED, rng)
    return cv2.cvtColor(seen, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)


def _read(reader: PlateReader, pictures: Sequence[BgrImage]) -> list[str]:
    """Return the texts of flat plates."""
    return [
        bytes(PLATE_ALPHABET[index] for index in reading.class_indices).decode()
        for reading in reader.read(pictures)
    ]


def _folded(plates: Plates) -> Plates:
    """Return the folded forms of many plates."""
    table = np.arange(256, dtype=np.uint8)
    fold_into_table = bytearray(len(PLATE_ALPHABET))
    fold_into(PLATE_ALPHABET, fold_into_table)
    table[list(PLATE_ALPHABET)] = list(fold_into_table)
    octets = plates.view(np.uint8).reshape(len(plates), -1)
    forms: Plates = table[octets].view(plates.dtype).ravel()
    return forms


if __name__ == "__main__":
    sys.exit(main())
