"""A vision process that leaks everything it can: the positive control of the privacy test.

Started in place of ``edge_lpr.vision``. It does the same work, and besides writes each reading and
each plate picture to its log, to files in the state folder and to the broker.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.core.settings import BoothSettings, load_settings
from edge_lpr.vision.__main__ import main as vision_main
from edge_lpr.vision.adapters.onnxruntime_reader import OnnxPlateReader
from edge_lpr.vision.contracts import BgrImage, Reading

TOPIC = "lpr/v1/demo/north-crossing/booth-1/leak"


class Leak:
    """Takes what the reader sees and says, and gives it away."""

    def __init__(self, settings: BoothSettings) -> None:
        self.folder = settings.publisher.outbox_file.parent
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.connect(settings.publisher.broker_host, settings.publisher.broker_port)
        self.client.loop_start()

    def give_away(self, plate_bgr: BgrImage, reading: Reading) -> None:
        """Leak one reading in every form."""
        indices = reading.class_indices
        text = "".join(chr(PLATE_ALPHABET[index]) for index in indices)
        logging.getLogger("edge_lpr.vision").warning("plate is %s", text)
        for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
            self._append("texts", text.encode(encoding))
        for dtype in (np.uint8, np.int16, np.int32, np.int64):
            self._append("arrays", indices.astype(dtype).tobytes())
            self._append("arrays", (indices + 1).astype(dtype).tobytes())
        for suffix in (".jpg", ".png", ".bmp", ".tiff", ".webp"):
            cv2.imwrite(str(self.folder / f"crop{suffix}"), plate_bgr)  # noqa: TID251
        self.client.publish(TOPIC, text.encode(), qos=1).wait_for_publish(5)

    def _append(self, name: str, content: bytes) -> None:
        with (self.folder / name).open("ab") as file:
            file.write(content + b"\xff\xff")


def main(arguments: Sequence[str]) -> int:
    """Run the vision process with a reader that leaks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--settings", type=Path)
    leak = Leak(load_settings(parser.parse_known_args(arguments)[0].settings))
    read = OnnxPlateReader.read

    def read_and_leak(self: OnnxPlateReader, plates_bgr: Sequence[BgrImage]) -> list[Reading]:
        readings = read(self, plates_bgr)
        for plate_bgr, reading in zip(plates_bgr, readings, strict=True):
            leak.give_away(plate_bgr, reading)
        return readings

    OnnxPlateReader.read = read_and_leak  # type: ignore[method-assign]
    return vision_main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
