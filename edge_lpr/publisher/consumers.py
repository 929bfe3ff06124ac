"""Who may ask this booth for sightings again: the consumers' names and public request keys.

The file has one line for each: its name, one space, its public Ed25519 key in base64url, as
``edge-lpr broker request-key`` prints it. Empty lines and lines that begin with ``#`` are passed
over. It holds no secret, but whoever writes it decides who is answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import SettingsError, WireError
from edge_lpr.core.file_stamp import file_stamp
from edge_lpr.wire import base64url
from edge_lpr.wire.jws import PublicKey
from edge_lpr.wire.topics import NAME_PATTERN

MAXIMUM_CONSUMERS_BYTES: Final = 65_536
"""Hundreds of lines; anything longer is no such file."""

MAXIMUM_CONSUMERS: Final = 64
"""An agency has a handful of servers that ask."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """A server that may ask."""

    name: str
    """As in the file, for the log."""
    key: PublicKey
    """Its request key's public half."""


Consumers: TypeAlias = Mapping[str, Consumer]
"""By the names of their keys, which requests carry (``kid``)."""


class ConsumersFile:
    """The file, read again when it changes, so that a consumer is added without a restart."""

    def __init__(self, file: Path | None, complaints: Complaints) -> None:
        """Read the file.

        Args:
            file: ``publisher.consumers_file``; ``None`` if nobody may ask.
            complaints: Hears of a later version that is wrong; then the one before stands.

        Raises:
            SettingsError: The file cannot be read, or a line is wrong; the message says which.
        """
        self._file = file
        self._complaints = complaints
        self._stamp = None if file is None else file_stamp(file)
        self._consumers: Consumers = {} if file is None else read_consumers(file)

    def current(self) -> Consumers:
        """Return the consumers that may ask now."""
        if self._file is None:
            return self._consumers
        stamp = file_stamp(self._file)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._consumers = read_consumers(self._file)
            except SettingsError as error:
                self._complaints.failure(error)
        return self._consumers


def read_consumers(file: Path) -> Consumers:
    """Read who may ask.

    Args:
        file: ``publisher.consumers_file``.

    Returns:
        The consumers by the names of their keys.

    Raises:
        SettingsError: The file cannot be read, or a line is wrong; the message says which.
    """
    try:
        with file.open("rb") as opened:
            untrusted = opened.read(MAXIMUM_CONSUMERS_BYTES + 1)
    except OSError as error:
        raise SettingsError(
            f"{file}: cannot be read ({error.strerror}); write the consumers there, or leave "
            "publisher.consumers_file out (of the fleet: --consumers)"
        ) from error
    if len(untrusted) > MAXIMUM_CONSUMERS_BYTES:
        raise SettingsError(f"{file}: longer than {MAXIMUM_CONSUMERS_BYTES} bytes")
    consumers: dict[str, Consumer] = {}
    for number, line in enumerate(untrusted.splitlines(), start=1):
        if not line.strip() or line.startswith(b"#"):
            continue
        consumer = _consumer_of(line, f"{file}: line {number}")
        if consumer.key.kid in consumers:
            raise SettingsError(f"{file}: line {number} names a key that stands there already")
        consumers[consumer.key.kid] = consumer
    if len(consumers) > MAXIMUM_CONSUMERS:
        raise SettingsError(f"{file}: names more than {MAXIMUM_CONSUMERS} consumers")
    return consumers


def _consumer_of(line: bytes, place: str) -> Consumer:
    """Return the consumer of one line."""
    name, _, key = line.rstrip().partition(b" ")
    try:
        if not NAME_PATTERN.fullmatch(name.decode("ascii")):
            raise SettingsError(f"{place} must begin with a name of a to z, 0 to 9 and -")
        return Consumer(name.decode("ascii"), PublicKey(base64url.decode(key)))
    except (UnicodeDecodeError, WireError) as error:
        raise SettingsError(
            f"{place} must be a name, one space and a public key in base64url; let the consumer "
            "send it again"
        ) from error
