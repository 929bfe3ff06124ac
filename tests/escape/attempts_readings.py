"""Ways out by vision's one legitimate way: the socket on which the tokeniser takes readings."""

import array
import errno
import os
import socket
import struct
import time

from tests.escape.attempt import READINGS_SOCKET, attempt, checked, libc

_READING = struct.Struct(">4sBBBBBBI12s38s")
_REPORT = struct.Struct(">4sBB2s26Q40s")
_TAKEN = b"A"
_PATIENCE_S = 4
_MOST_A_SECOND = 2.5


def reading(plate: bytes, lane: int = 1, padding: bytes = b"") -> bytes:
    """Return a reading with any bytes in the place of the plate's indices."""
    return _READING.pack(
        b"LPRR", 1, lane, 1, 3, 5, len(plate), 0, plate.ljust(12, b"\xff"), padding
    )


def _connected() -> socket.socket:
    """Return a connection to the tokeniser."""
    path = os.environ.get("EDGE_LPR_ESCAPE_READINGS", READINGS_SOCKET)
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.settimeout(_PATIENCE_S)
    client.connect(path)
    return client


def ask(message: bytes) -> str:
    """Send one message over a connection of its own; succeed if it is taken."""
    with _connected() as client:
        client.send(message)
        try:
            answer = client.recv(16)
        except TimeoutError:
            raise PermissionError(errno.EPERM, "no answer: it was not taken") from None
    if answer != _TAKEN:
        raise PermissionError(errno.EPERM, f"the tokeniser refused it ({answer!r})")
    return "taken"


@attempt("An open file with the picture beside a good reading (SCM_RIGHTS)")
def file_beside_reading(picture: bytes) -> str:
    descriptor = checked(libc.memfd_create(b"edge-lpr-picture", 0)) if _has_memfd() else None
    if descriptor is None:
        descriptor, writing = os.pipe()
        os.write(writing, picture)
    else:
        os.write(descriptor, picture)
    files = array.array("i", [descriptor] * 8)
    with _connected() as client:
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files.tobytes())]
        client.sendmsg([reading(b"\1\2\3\4\5\6")], ancillary)
        client.recv(16)
        # The judge looks into the tokeniser's open files now.
        time.sleep(1)
    return ""


def _has_memfd() -> bool:
    """Return whether files in memory can be made."""
    try:
        os.close(os.memfd_create("p", 0))
    except OSError:
        return False
    return True


@attempt("A message as long as a picture")
def oversized_message(picture: bytes) -> str:
    return ask(reading(b"\1\2\3\4\5\6") + picture * 1_000)


@attempt("A message as long as a report, full of the picture")
def picture_as_report(picture: bytes) -> str:
    return ask(picture * 8)


@attempt("The picture in a reading's padding")
def picture_in_padding(picture: bytes) -> str:
    return ask(reading(b"\1\2\3\4\5\6", padding=picture))


@attempt("The picture behind the plate's end")
def picture_behind_plate(picture: bytes) -> str:
    message = bytearray(reading(b"\1\2\3\4"))
    message[18:26] = picture[:8]
    return ask(bytes(message))


@attempt("Bytes outside the alphabet in the place of the plate")
def outside_alphabet(picture: bytes) -> str:
    return ask(reading(bytes(each | 0x80 for each in picture[:12])))


@attempt("A lane that the settings do not have, to be counted by")
def unknown_lane(picture: bytes) -> str:
    del picture
    return ask(reading(b"\1\2\3\4\5\6", lane=16))


@attempt("The picture in the counters of vision's report")
def picture_in_counters(picture: bytes) -> str:
    numbers = struct.unpack(">4Q", picture)
    counters = (numbers * 7)[:26]
    return ask(_REPORT.pack(b"LPRV", 1, 1, b"", *counters, b""))


@attempt("More than two readings a second of one lane")
def too_frequent_readings(picture: bytes) -> str:
    count = 7
    with _connected() as client:
        client.send(reading(b"\1\2\3\4\5\6"))
        client.recv(16)
        began = time.monotonic()
        for number in range(count):
            client.send(reading(bytes(each % 36 for each in picture[number : number + 8])))
            client.recv(16)
        rate = count / (time.monotonic() - began)
    if rate <= _MOST_A_SECOND:
        raise PermissionError(errno.EPERM, "never more than two a second")
    return f"{rate:.0f} a second"


@attempt("A second connection, to be served twice as fast")
def two_connections(picture: bytes) -> str:
    del picture
    with _connected() as first, _connected() as second:
        for client in (first, second):
            client.send(reading(b"\1\2\3\4\5\6"))
        first.recv(16)
        second.settimeout(1)
        try:
            second.recv(16)
        except TimeoutError:
            raise PermissionError(errno.EPERM, "one vision at a time is served") from None
    return "both served"
