"""A data set small enough to train on in a test, all of it drawn."""

import json
from pathlib import Path

import cv2
import numpy as np


def write_drawn_data(folder: Path) -> None:
    """Write two drawn photographs with a plate, one without, crops and their labels."""
    (folder / "street").mkdir(parents=True)
    (folder / "eu_crops").mkdir()
    rng = np.random.default_rng(0)
    scenes, crops = [], []
    for number in range(3):
        picture = rng.integers(60, 120, (240, 320, 3)).astype(np.uint8)
        if number < 2:
            picture[100:120, 100:180] = 255
        cv2.imwrite(str(folder / f"street/{number}.png"), picture)  # noqa: TID251 - a drawing
        crop = np.full((30, 120, 3), 220, np.uint8)
        cv2.imwrite(str(folder / f"eu_crops/{number}.png"), crop)  # noqa: TID251 - a drawing
        plates = [{"box": [100, 100, 80, 20], "text": "B10XYZ"}] if number < 2 else []
        scenes.append({"image": f"street/{number}.png", "plates": plates})
        crops.append({"image": f"eu_crops/{number}.png", "text": "B10XYZ", "split": "train"})
    for name, rows in (("scenes-train", scenes), ("crops", crops)):
        (folder / f"{name}.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
