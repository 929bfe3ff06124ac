"""What the demo's command line says."""

import argparse
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from edge_lpr.core.errors import SettingsError
from edge_lpr.synthesis.lane import MAXIMUM_PASSES

BrokerChoice: TypeAlias = Literal["auto", "mosquitto", "amqtt"]

EngineChoice: TypeAlias = Literal["onnx", "torch"]

DEFAULT_PASSES: Final = 12
"""Cars of the rendered lane: about half a minute on two cores."""

_MAXIMUM_SIGHTINGS: Final = 1_000_000
"""A year of a quiet lane; whoever wants more leaves the limit out."""

_ACCEPTED: Final = (
    "a video file, a folder of pictures in order of their names, an rtsp:// address or the index "
    "of a camera (0)"
)
"""What --source may be."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the demo's frames come from."""

    kind: Literal["camera", "rtsp", "video", "folder"]
    """As in ``vision.source.kind`` of the settings."""
    address: str
    """As in ``vision.source.address``: without a password."""
    credentials: str | None = None
    """``user:password`` of an RTSP camera."""

    def __repr__(self) -> str:
        """Leave the password out."""
        return f"Source(kind={self.kind!r})"


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Everything that the command line decides."""

    source: Source | None
    """None: a rendered lane."""
    passes: int | None
    """Stop after this many sightings; for the rendered lane, cars to draw."""
    seconds: float | None
    """Stop after this time, counted from the start of the vision process."""
    is_json: bool
    """JSON lines instead of a table."""
    keep: Path | None
    """Folder that stays, with settings, keys, logs and the outbox."""
    broker: BrokerChoice
    """Which broker to embed."""
    engine: EngineChoice = "onnx"
    """As ``vision.engine`` of the settings."""


def parse_arguments(arguments: Sequence[str]) -> DemoOptions:
    """Read the command line; ends the program with a sentence where it makes no sense.

    Args:
        arguments: The words after ``edge-lpr demo``.

    Returns:
        The options.

    Raises:
        SettingsError: The source does not exist or is of no known kind.
    """
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.source is None and (chosen.passes or 0) > MAXIMUM_PASSES:
        parser.error(f"argument --passes: at most {MAXIMUM_PASSES} cars can be rendered")
    return DemoOptions(
        source=None if chosen.source is None else infer_source(chosen.source),
        passes=chosen.passes,
        seconds=chosen.seconds,
        is_json=chosen.json,
        keep=chosen.keep,
        broker=chosen.broker,
        engine=chosen.engine,
    )


def infer_source(text: str) -> Source:
    """Tell from its form what kind of source is meant.

    Args:
        text: Index of a camera, RTSP address, video file or folder of pictures.

    Returns:
        The source; a password in an address is taken out of the address.

    Raises:
        SettingsError: Nothing of that name exists; the message says what is accepted.
    """
    if not text.strip():
        raise SettingsError(f"--source is empty; give {_ACCEPTED}, or leave it out")
    if text.isascii() and text.isdecimal():
        return Source("camera", text)
    if text.lower().startswith(("rtsp://", "rtsps://")):
        return _rtsp_source(text)
    path = Path(text).expanduser()
    if path.is_dir():
        return Source("folder", str(path.resolve()))
    if path.is_file():
        return Source("video", str(path.resolve()))
    raise SettingsError(f"{path}: there is no such file or folder; give {_ACCEPTED}")


def _rtsp_source(text: str) -> Source:
    """Split user and password off an address."""
    try:
        parts = urllib.parse.urlsplit(text)
        has_host = bool(parts.hostname)
    except ValueError as error:
        raise SettingsError("the rtsp:// address is malformed; check its brackets") from error
    if not has_host:
        raise SettingsError("the rtsp:// address has no host: write rtsp://HOST[:PORT]/PATH")
    user_part, at, host_part = parts.netloc.rpartition("@")
    user, _, password = (urllib.parse.unquote(part) for part in user_part.partition(":"))
    address = urllib.parse.urlunsplit(parts._replace(netloc=host_part))
    return Source("rtsp", address, f"{user}:{password}" if at else None)


def _parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="edge-lpr demo",
        description=(
            "Watch live plate tokens: makes throw-away keys, starts a broker on this machine and "
            "the three processes of a booth, and verifies what arrives as a central server would."
        ),
        epilog="Nothing is left behind without --keep. Ctrl-C stops in order.",
    )
    parser.add_argument(
        "--source",
        metavar="PATH|URL|INDEX",
        help="video file, folder of pictures, rtsp:// address or camera index; "
        "left out: a lane is rendered",
    )
    parser.add_argument(
        "--passes",
        type=_passes,
        metavar="N",
        help="with --source: stop after N sightings; without: render N cars "
        f"({DEFAULT_PASSES} if left out, at most {MAXIMUM_PASSES})",
    )
    parser.add_argument("--seconds", type=_seconds, metavar="S", help="stop after S seconds")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object a sighting, the funnel last"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="keep settings, keys, logs at DEBUG and outbox in DIR; "
        "another run with DIR uses the same keys, so it makes the same tokens",
    )
    parser.add_argument(
        "--broker",
        choices=("auto", "mosquitto", "amqtt"),
        default="auto",
        help="auto: mosquitto where it is installed, else amqtt",
    )
    parser.add_argument(
        "--engine",
        choices=("onnx", "torch"),
        default="onnx",
        help="what runs the models: onnx as on a booth, or torch, the stock ultralytics and "
        "EasyOCR (several gigabytes of packages)",
    )
    return parser


def _passes(text: str) -> int:
    """Check a number of passes."""
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= _MAXIMUM_SIGHTINGS:
        return int(text)
    raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {_MAXIMUM_SIGHTINGS}")


def _seconds(text: str) -> float:
    """Check a number of seconds."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if 0 < seconds < float("inf"):
        return seconds
    raise argparse.ArgumentTypeError("must be a number above 0")
