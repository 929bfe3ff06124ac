"""Processes that do their work and leak besides: the positive control of the forensics.

    python -m tests.support.leaking_booth vision --settings booth.toml

Each leaks in several ways, which ``tests/forensics/leaks.py`` lists by name. Pictures differ in
size, so that what is found says whose it is.
"""

import base64
import gzip
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.core.settings import BoothSettings, load_settings
from edge_lpr.tokeniser import relay
from edge_lpr.tokens.canonical import canonical_from_indices
from edge_lpr.vision.adapters.onnxruntime_detector import OnnxPlateDetector
from edge_lpr.vision.adapters.onnxruntime_reader import OnnxPlateReader
from edge_lpr.vision.contracts import BgrImage, Detection, Reading
from tests.support.memory_search import LEFT_READABLE

TOPIC: Final = "lpr/v1/demo/north-crossing/booth-1/leak"

KEPT_JPEG, DELETED_JPEG, DELETED_PNG = (1280, 720), (1120, 630), (320, 180)
MEMORY_JPEG, PAYLOAD_JPEG = (640, 360), (480, 270)

_EVERY: Final = 4
"""A picture leaks of every fourth frame with a plate: what is deleted must not be overwritten."""
_MOST: Final = 3


class Leaks:
    """What vision gives away."""

    def __init__(self, settings: BoothSettings) -> None:
        self.state = settings.publisher.outbox_file.parent
        self.sockets = settings.tokeniser.readings_socket.parent
        self.frames = 0

    def take_frame(self, frame_bgr: BgrImage) -> None:
        """Give away a whole frame, as files and in the memory of the publisher."""
        self.frames += 1
        number, turn = divmod(self.frames, _EVERY)
        if turn or number > _MOST:
            return
        self.write("frame.jpg", jpeg(frame_bgr, KEPT_JPEG))
        self.write_and_delete("old.jpg", jpeg(frame_bgr, DELETED_JPEG))
        small = cv2.resize(frame_bgr, DELETED_PNG, interpolation=cv2.INTER_AREA)
        self.write_and_delete("old.png", png(small.astype(np.uint8)))
        self.write("frame.bgr", frame_bgr.tobytes())
        half = cv2.resize(frame_bgr, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        yuv = cv2.cvtColor(half, cv2.COLOR_BGR2YUV_I420).tobytes()
        Path("/dev/shm/frame.yuv").write_bytes(yuv)  # noqa: S108 (a leak)
        self.write_and_delete("frame.f32", (frame_bgr.astype(np.float32) / 255).tobytes())
        self.write("frame.gz", gzip.compress(cv2.cvtColor(half, cv2.COLOR_BGR2GRAY).tobytes()))
        self.tell("publisher", jpeg(frame_bgr, MEMORY_JPEG))

    def take_reading(self, plate_bgr: BgrImage, reading: Reading) -> None:
        """Give away a plate, as text and in the memory of the tokeniser."""
        if reading.is_empty():
            return
        indices = reading.class_indices
        text = bytes(PLATE_ALPHABET[index] for index in indices)
        logging.getLogger("edge_lpr.vision").warning("plate is %s", text.decode())
        self.append("spaced", text[:2].lower() + b"-" + text[2:] + b"\n")
        self.append("wide", text.decode().encode("utf-16-le") + b"\xff\xff")
        self.append("indices", indices.astype(np.int32).tobytes() + b"\xff\xff\xff\xff")
        self.append("reversed", text[::-1] + b"\n")
        self.append("written-out", text.hex().encode() + b"\n")
        self.append("packed", gzip.compress(text))
        self.append("base64", base64.b64encode(b"plate=" + text) + b"\n")
        self.tell("tokeniser", np.ascontiguousarray(plate_bgr).tobytes())

    def write(self, name: str, content: bytes) -> None:
        """Write a file, and wait until it is on the disk."""
        with (self.state / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def write_and_delete(self, name: str, content: bytes) -> None:
        """Write a file, and delete it at once."""
        self.write(name, content)
        (self.state / name).unlink()

    def append(self, name: str, content: bytes) -> None:
        """Add to a file."""
        with (self.state / f"{name}.txt").open("ab") as file:
            file.write(content)

    def tell(self, process: str, content: bytes) -> None:
        """Hand something to another process that leaks."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            end.sendto(content, str(self.sockets / f"leak-{process}.sock"))


def png(frame_bgr: BgrImage) -> bytes:
    """Return a frame as a PNG file."""
    return cv2.imencode(".png", frame_bgr)[1].tobytes()  # noqa: TID251 (a leak)


def jpeg(frame_bgr: BgrImage, size_px: tuple[int, int]) -> bytes:
    """Return a frame as a JPEG file of another size."""
    smaller = cv2.resize(frame_bgr, size_px, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", smaller)[1].tobytes()  # noqa: TID251 (a leak)


def leak_from_vision(settings: BoothSettings) -> None:
    """Let detector and reader give away what they see."""
    leaks = Leaks(settings)
    detect, read = OnnxPlateDetector.detect, OnnxPlateReader.read

    def detect_and_leak(
        self: OnnxPlateDetector, frame_bgr: BgrImage, *, long_side_px: int | None = None
    ) -> list[Detection]:
        detections = detect(self, frame_bgr, long_side_px=long_side_px)
        if detections:
            leaks.take_frame(frame_bgr)
        return detections

    def read_and_leak(self: OnnxPlateReader, plates_bgr: Sequence[BgrImage]) -> list[Reading]:
        readings = read(self, plates_bgr)
        for plate_bgr, reading in zip(plates_bgr, readings, strict=True):
            leaks.take_reading(plate_bgr, reading)
        return readings

    OnnxPlateDetector.detect = detect_and_leak  # type: ignore[method-assign]
    OnnxPlateReader.read = read_and_leak  # type: ignore[method-assign]


def leak_from_tokeniser(settings: BoothSettings) -> None:
    """Keep in memory each plate, and what vision hands over."""
    kept = listen(settings, "tokeniser")
    build = canonical_from_indices

    def build_and_keep(class_indices: bytes | bytearray | memoryview, canonical: bytearray) -> int:
        length = build(class_indices, canonical)
        kept.append(bytes(canonical[:length]))
        return length

    relay.canonical_from_indices = build_and_keep  # type: ignore[attr-defined]


def leak_from_publisher(settings: BoothSettings) -> None:
    """Keep in memory what vision hands over, and publish it."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect(settings.publisher.broker_host, settings.publisher.broker_port)
    client.loop_start()

    def publish(content: bytes) -> None:
        frame_bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        assert frame_bgr is not None
        picture = jpeg(frame_bgr.astype(np.uint8), PAYLOAD_JPEG)
        client.publish(TOPIC, picture, qos=1).wait_for_publish(5)
        rows = cv2.cvtColor(frame_bgr, cv2.COLOR_BGR2GRAY).tobytes()
        client.publish(f"{TOPIC}/rows", base64.b64encode(rows), qos=1).wait_for_publish(5)

    listen(settings, "publisher", publish)


def listen(
    settings: BoothSettings, process: str, use: Callable[[bytes], None] | None = None
) -> list[bytes]:
    """Keep in a list what vision tells this process, from now on."""
    kept: list[bytes] = []
    end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    end.bind(str(settings.tokeniser.readings_socket.parent / f"leak-{process}.sock"))

    def receive() -> None:
        while True:
            content = end.recv(1 << 20)
            kept.append(content)
            if use is not None:
                use(content)

    threading.Thread(target=receive, daemon=True).start()
    return kept


LEAKING: Final[dict[str, Callable[[BoothSettings], None]]] = {
    "vision": leak_from_vision,
    "tokeniser": leak_from_tokeniser,
    "publisher": leak_from_publisher,
}


def main(process: str, arguments: Sequence[str]) -> int:
    """Run a process that leaks."""
    settings_file = Path(arguments[arguments.index("--settings") + 1])
    if process != "vision":
        exec(LEFT_READABLE)  # noqa: S102 (this machine may not look into it otherwise)
    LEAKING[process](load_settings(settings_file))
    program = __import__(f"edge_lpr.{process}.__main__", fromlist=["main"])
    return int(program.main(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
