"""A card that loses what was not flushed, as cheap ones do: a disk for QEMU, by its NBD protocol.

A write is done when it is in the card's own memory. It is on the flash for certain only after the
next flush; until then any of it may or may not be there after a power cut, in any order, and the
last one in part. QEMU's own files are kinder: what the guest has written survives QEMU's end.
"""

import random
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from edge_lpr.emulation.disk import run_tool

SECTOR_BYTES: Final = 512
"""What the card writes whole or not at all."""

MEMORY_BYTES: Final = 16 << 20
"""What the card holds back at most; then the oldest goes to the flash."""

_MAGIC: Final = b"NBDMAGICIHAVEOPT"
_OPTION_REPLY_MAGIC: Final = 0x3E889045565A9
_REQUEST: Final = struct.Struct(">IHHQQI")
_REQUEST_MAGIC: Final = 0x25609513
_REPLY: Final = struct.Struct(">IIQ")
_REPLY_MAGIC: Final = 0x67446698
_FIXED_NEWSTYLE_NO_ZEROES: Final = 3
_EXPORT_NAME, _ABORT, _INFO, _GO = 1, 2, 6, 7
_ACKNOWLEDGED, _INFORMATION, _UNSUPPORTED = 1, 3, (1 << 31) + 1
_READ, _WRITE, _HANG_UP, _FLUSH = 0, 1, 2, 3
_CAN_FLUSH: Final = 0b101
"""Flags of the disk: they say something, and a flush is understood."""

_INVALID: Final = 22


@dataclass(frozen=True, slots=True)
class Loss:
    """What a power cut did to a card."""

    waiting: int
    """Writes that were not flushed."""
    lost: int
    """Those of them that are gone, in whole or in part."""
    lost_bytes: int
    """What they held, if nothing else had been written over it."""


class ForgetfulCard:
    """A card, and the socket by which one QEMU at a time uses it."""

    def __init__(self, flash: Path, address: Path) -> None:
        """Put a card into the reader; what is on its flash is what there is.

        Args:
            flash: What is there for certain. Beside it lies, for as long as the card is in use,
                a second file with what the guest sees.
            address: Of the Unix socket; a short path.
        """
        self._view_file = flash.with_name(f"{flash.name}.view")
        run_tool("cp", "--sparse=always", str(flash), str(self._view_file))
        self._flash: BinaryIO = flash.open("r+b", buffering=0)
        self._view: BinaryIO = self._view_file.open("r+b", buffering=0)
        self.size_bytes = flash.stat().st_size
        self.flushes = 0
        """How often the guest has flushed."""
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._waiting_bytes = 0
        address.unlink(missing_ok=True)
        self._address = address
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(address))
        self._door.listen(1)
        self._guest: threading.Thread | None = None

    @property
    def url(self) -> str:
        """What QEMU calls it."""
        return f"nbd+unix:///?socket={self._address}"

    def serve(self) -> None:
        """Wait for the next QEMU, in a thread of its own."""
        self._guest = threading.Thread(target=self._serve_one, daemon=True)
        self._guest.start()

    def lose(self, chance: random.Random) -> Loss:
        """Take the power away, after QEMU has ended: not everything that waits survives.

        Args:
            chance: Draws how much survives, from nothing to all, then for each write.
        """
        self._wait_for_guest()
        share = chance.choice((0.0, chance.random(), chance.random(), 1.0))
        lost = lost_bytes = 0
        for offset, data in self._waiting:
            kept = len(data) if chance.random() < share else 0
            if kept == 0 and chance.random() < share / 4:
                # The flash was at it when the power went.
                kept = chance.randrange(0, len(data) // SECTOR_BYTES + 1) * SECTOR_BYTES
            self._put(self._flash, offset, data[:kept])
            lost += kept < len(data)
            lost_bytes += len(data) - kept
        result = Loss(len(self._waiting), lost, lost_bytes)
        for offset, data in self._waiting:
            self._flash.seek(offset)
            self._put(self._view, offset, self._flash.read(len(data)))
        self._waiting.clear()
        self._waiting_bytes = 0
        return result

    def close(self) -> None:
        """Take the card out; what waits is written, as by a reader that lets go in peace."""
        self._wait_for_guest()
        self._flush()
        self._door.close()
        self._flash.close()
        self._view.close()
        self._view_file.unlink(missing_ok=True)
        self._address.unlink(missing_ok=True)

    def _wait_for_guest(self) -> None:
        if self._guest is not None:
            self._guest.join(60)
            assert not self._guest.is_alive(), "QEMU still uses the card"
            self._guest = None

    def _serve_one(self) -> None:
        link, _ = self._door.accept()
        with link, suppress(ConnectionError), link.makefile("rb") as requests:
            if self._agree(link, requests):
                while self._answer(link, requests):
                    pass

    def _agree(self, link: socket.socket, requests: BinaryIO) -> bool:
        """Tell the size of the disk; return whether the other side wants it."""
        link.sendall(_MAGIC + struct.pack(">H", _FIXED_NEWSTYLE_NO_ZEROES))
        _exactly(requests, 4)
        while True:
            _, option, length = struct.unpack(">QII", _exactly(requests, 16))
            _exactly(requests, length)
            size_and_flags = struct.pack(">QH", self.size_bytes, _CAN_FLUSH)
            if option == _EXPORT_NAME:
                link.sendall(size_and_flags)
                return True
            if option in (_INFO, _GO):
                _reply(link, option, _INFORMATION, struct.pack(">H", 0) + size_and_flags)
            understood = option in (_INFO, _GO, _ABORT)
            _reply(link, option, _ACKNOWLEDGED if understood else _UNSUPPORTED, b"")
            if option in (_GO, _ABORT):
                return bool(option == _GO)

    def _answer(self, link: socket.socket, requests: BinaryIO) -> bool:
        """Do what is asked; return whether more may come."""
        magic, _, kind, handle, offset, length = _REQUEST.unpack(_exactly(requests, _REQUEST.size))
        if magic != _REQUEST_MAGIC or kind == _HANG_UP:
            return False
        data = _exactly(requests, length) if kind == _WRITE else b""
        actions: dict[int, Callable[[], bytes]] = {
            _READ: lambda: self._read(offset, length),
            _WRITE: lambda: self._write(offset, data),
            _FLUSH: self._flush,
        }
        is_understood = kind in actions and offset + length <= self.size_bytes
        answer = actions[kind]() if is_understood else b""
        link.sendall(_REPLY.pack(_REPLY_MAGIC, 0 if is_understood else _INVALID, handle) + answer)
        return True

    def _read(self, offset: int, length: int) -> bytes:
        self._view.seek(offset)
        return self._view.read(length)

    def _write(self, offset: int, data: bytes) -> bytes:
        self._put(self._view, offset, data)
        self._waiting.append((offset, data))
        self._waiting_bytes += len(data)
        while self._waiting_bytes > MEMORY_BYTES:
            self._settle_oldest()
        return b""

    def _flush(self) -> bytes:
        self.flushes += 1
        for offset, data in self._waiting:
            self._put(self._flash, offset, data)
        self._waiting.clear()
        self._waiting_bytes = 0
        return b""

    def _settle_oldest(self) -> None:
        offset, data = self._waiting.popleft()
        self._put(self._flash, offset, data)
        self._waiting_bytes -= len(data)

    @staticmethod
    def _put(file: BinaryIO, offset: int, data: bytes) -> None:
        if data:
            file.seek(offset)
            written = file.write(data)
            assert written == len(data), "the disk of this machine is full"


def _exactly(stream: BinaryIO, length: int) -> bytes:
    """Return so many bytes, or raise ``ConnectionError`` where the other side has ended."""
    data = stream.read(length)
    if len(data) != length:
        raise ConnectionError("the guest is off")
    return data


def _reply(link: socket.socket, option: int, kind: int, data: bytes) -> None:
    head = struct.pack(">QIII", _OPTION_REPLY_MAGIC, option, kind, len(data))
    link.sendall(head + data)
