"""A card that writes down what is done to it, in its order: a disk for QEMU, by its NBD protocol.

It is what the guest sees; what may be left of it after a power cut is worked out later, from the
record (``cut_record.py``).
"""

import json
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

from tests.emulated.cut_record import HEAD, Kind

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


class RecordingCard:
    """A card, its record, and the socket by which one QEMU at a time uses it."""

    def __init__(self, flash: Path, address: Path, record: Path) -> None:
        """Put a card into the reader.

        Args:
            flash: What the guest sees; changed in place.
            address: Of the Unix socket; a short path.
            record: Everything that is done from now on; made anew.
        """
        self._flash: BinaryIO = flash.open("r+b", buffering=0)
        self._record = record.open("wb")
        self._writing = threading.Lock()
        self.size_bytes = flash.stat().st_size
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

    def mark(self, **facts: Any) -> None:  # noqa: ANN401 - JSON
        """Write down what somebody outside has just come to know; any thread.

        What it rests on was done before, so a cut behind this place must not undo it.

        Args:
            facts: JSON.
        """
        self._note(Kind.MARK, 0, json.dumps(facts).encode())

    def close(self) -> None:
        """Take the card out, after QEMU has ended."""
        if self._guest is not None:
            self._guest.join(60)
            assert not self._guest.is_alive(), "QEMU still uses the card"
        self._door.close()
        self._flash.close()
        self._record.close()
        self._address.unlink(missing_ok=True)

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
        self._flash.seek(offset)
        return self._flash.read(length)

    def _write(self, offset: int, data: bytes) -> bytes:
        if data != bytes(len(data)):
            self._note(Kind.WRITE, offset, data)
        else:
            self._note(Kind.ZEROS, offset, data)
            self._flash.seek(offset)
            if self._flash.read(len(data)) == data:
                return b""
        self._flash.seek(offset)
        written = self._flash.write(data)
        assert written == len(data), "the disk of this machine is full"
        return b""

    def _flush(self) -> bytes:
        # Noted before the guest hears of it: what it does then comes behind.
        self._note(Kind.FLUSH, 0, b"")
        return b""

    def _note(self, kind: Kind, offset: int, data: bytes) -> None:
        with self._writing:
            self._record.write(HEAD.pack(kind.value, offset, len(data)))
            if kind is not Kind.ZEROS:
                self._record.write(data)
            if kind is Kind.MARK:
                # Whoever looks on while it grows sees whole entries now and then.
                self._record.flush()


def _exactly(stream: BinaryIO, length: int) -> bytes:
    """Return so many bytes, or raise ``ConnectionError`` where the other side has ended."""
    data = stream.read(length)
    if len(data) != length:
        raise ConnectionError("the guest is off")
    return data


def _reply(link: socket.socket, option: int, kind: int, data: bytes) -> None:
    head = struct.pack(">QIII", _OPTION_REPLY_MAGIC, option, kind, len(data))
    link.sendall(head + data)
