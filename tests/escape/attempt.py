"""What an attempt is: a sentence, a function, and the picture that it tries to get out.

Every attempt has its own picture: a mark that nothing else in the world begins with, and what
tells the attempts apart. Whoever finds the mark where vision cannot have written it knows that
a wall has a hole, and which one. The mark is computed, so that no copy of this program holds it.
"""

import ctypes
import errno
import hashlib
import os
import platform
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

MARK: Final = hashlib.sha256(b"a picture that must not leave the booth").digest()[:24]
"""How each picture of this suite begins."""

MARK_TEXT: Final = MARK.hex().encode()
"""The same where only text passes."""

SINK: Final = "edge-lpr-escape"
"""Name of the helper outside, who takes whatever comes: the abstract socket of this name."""

SINK_PORT: Final = 47_611
"""Its TCP and UDP port on every address of the machine."""

SUITE_FOLDER: Final = Path("/run/edge-lpr-escape")
"""Where the suite lies in the booth, and its helper's socket file."""

READINGS_SOCKET: Final = "/run/edge-lpr/tokeniser/readings.sock"
"""Vision's one legitimate way out; the control's leads to the helper."""


class AbsentError(Exception):
    """This machine has nothing to try it on."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way out."""

    name: str
    """Name of its function."""
    sentence: str
    """What is tried, for the reader of the table."""
    run: Callable[[bytes], str]
    """Tries it with a picture. Returns what was reached; raises ``OSError`` if the system refuses
    and ``AbsentError`` if there is nothing to try it on."""
    in_main: bool
    """Whether the service's first process must do it: systemd listens to nobody else."""


ATTEMPTS: Final[dict[str, Attempt]] = {}
"""All of them by name, in the order of their files."""


def attempt(
    sentence: str, *, in_main: bool = False
) -> Callable[[Callable[[bytes], str]], Callable[[bytes], str]]:
    """Enter a function into the list."""

    def enter(function: Callable[[bytes], str]) -> Callable[[bytes], str]:
        name = function.__name__
        ATTEMPTS[name] = Attempt(name, sentence, function, in_main)
        return function

    return enter


def picture_of(name: str) -> bytes:
    """Return the 32 bytes that one attempt tries to get out."""
    return MARK + hashlib.sha256(name.encode()).digest()[:8]


def pictures_in(data: bytes) -> set[str]:
    """Return the attempts whose pictures are in what was found, as bytes or in hexadecimal."""
    if MARK not in data and MARK_TEXT not in data:
        return set()
    return {
        name
        for name in ATTEMPTS
        if picture_of(name) in data or picture_of(name).hex().encode() in data
    }


libc: Final = ctypes.CDLL(None, use_errno=True)

_NUMBERS: Final = {  # of x86-64 and of arm64
    "add_key": (248, 217),
    "keyctl": (250, 219),
    "mq_open": (240, 180),
    "mq_timedsend": (242, 182),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "pivot_root": (155, 41),
    "io_uring_setup": (425, 425),
    "fsopen": (430, 430),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "memfd_secret": (447, 447),
}


def system_call(name: str, *arguments: object) -> int:
    """Make a system call that the C library has no word for."""
    number = _NUMBERS[name][platform.machine() == "aarch64"]
    return checked(libc.syscall(ctypes.c_long(number), *arguments))


def checked(result: int) -> int:
    """Return what a C function gave, or raise what it complains about."""
    if result == -1:
        refuse(ctypes.get_errno())
    return result


def refuse(number: int) -> NoReturn:
    """Raise an error of the system by its number."""
    raise OSError(number, os.strerror(number))


def first_success(ways: Iterable[Callable[[], str]]) -> str:
    """Try ways of the same kind; return what the first that works reached.

    Raises:
        OSError: None works; the first one's error.
        AbsentError: There are none.
    """
    first: OSError | None = None
    for way in ways:
        try:
            return way()
        except OSError as error:  # noqa: PERF203 - that is what it is for
            if error.errno not in (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ESRCH):
                first = first or error
    if first is not None:
        raise first
    raise AbsentError


@contextmanager
def opened(path: str | Path, flags: int) -> Iterator[int]:
    """Open a file without Python's layers, and close it."""
    descriptor = os.open(path, flags | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def put(path: str | Path, picture: bytes, flags: int = 0) -> str:
    """Write a picture to a file, or only open it for writing; return the path."""
    with opened(path, os.O_WRONLY | flags) as descriptor:
        if picture:
            os.write(descriptor, picture)
    return str(path)


def other_processes() -> list[int]:
    """Return the processes that are not ours: by their folders, else by asking for each number."""
    own = {os.getpid(), os.getppid()}
    shown = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]
    strangers = [number for number in shown if number not in own and not _is_ours(number)]
    if strangers:
        return strangers
    alive: list[int] = []
    for number in range(1, 5_000):
        if number in own or number in shown:
            continue
        try:
            os.kill(number, 0)
        except PermissionError:
            alive.append(number)
        except ProcessLookupError:
            continue
        else:
            alive.append(number)
    return alive


def _is_ours(number: int) -> bool:
    """Return whether a process is another one of this program."""
    with suppress(OSError):
        return b"hostile" in Path(f"/proc/{number}/cmdline").read_bytes()
    return False
