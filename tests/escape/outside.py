"""Looks for pictures outside of vision: files, journal, keyrings, queues, processes.

It runs as root, and sees what no process of the booth sees. What it finds it removes, so that
the next run starts clean.
"""

import ctypes
import os
import pwd
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.escape.attempt import libc, picture_of, pictures_in, system_call

_KEY = 0x6C7072
_IPC_RMID = 0
_KEYCTL_UNLINK, _KEYCTL_SEARCH = 9, 10
_USER_KEYRING = -4
_UNWRITTEN = {"proc", "sysfs", "squashfs", "cgroup2", "devpts", "bpf", "debugfs", "tracefs", "9p"}
_WRITTEN = ("/var", "/tmp", "/root", "/home", "/srv", "/mnt", "/etc")  # noqa: S108 - where to look
_WRITTEN = ("/var", "/tmp", "/root", "/home", "/srv", "/mnt", "/etc")  # noqa: S108 - where to look
_MOST_BYTES = 4 << 20
_VISION = "edge-lpr-vision"


def clean() -> None:
    """Remove what an earlier run has left, one that was interrupted too."""
    pictures_of_the_living()
    children_that_stayed()
    pictures_in_files()


def pictures_of_the_living() -> set[str]:
    """Return the attempts that have left something in a process or the kernel, and remove it."""
    found: set[str] = set()
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with suppress(OSError):
                named = pictures_in((process / "cmdline").read_bytes())
                named |= pictures_in((process / "comm").read_bytes())
                found |= named
    found |= {name for name, is_there in _in_kernel() if is_there}
    return found


def _in_kernel() -> Iterator[tuple[str, bool]]:
    """Look at what System V, POSIX queues and keyrings hold."""
    memory = libc.shmget(_KEY, 0, 0)
    if memory != -1:
        libc.shmat.restype = ctypes.c_void_p
        place = libc.shmat(memory, None, 0)
        yield "system_v_memory", "system_v_memory" in pictures_in(ctypes.string_at(place, 64))
        libc.shmdt(ctypes.c_void_p(place))
        libc.shmctl(memory, _IPC_RMID, None)
    queue = libc.msgget(_KEY, 0)
    yield "system_v_queue", queue != -1
    libc.msgctl(queue, _IPC_RMID, None)
    posix = Path("/dev/mqueue/edge-lpr-escape")
    yield "posix_message_queue", posix.exists()
    posix.unlink(missing_ok=True)
    users = [0, pwd.getpwnam(_VISION).pw_uid]
    yield "keyring", any(map(_has_key, users))


def _has_key(user: int) -> bool:
    """Return whether another process of a user finds the picture's key."""
    child = os.fork()
    if child == 0:
        with suppress(OSError):
            os.setuid(user)
            name = b"edge-lpr-escape"
            key = system_call("keyctl", _KEYCTL_SEARCH, _USER_KEYRING, b"user", name, 0)
            system_call("keyctl", _KEYCTL_UNLINK, key, _USER_KEYRING)
            os._exit(0)
        os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def pictures_in_journal(since: str) -> set[str]:
    """Return the attempts whose pictures stand in the journal, kernel and audit included.

    Args:
        since: As ``journalctl --cursor`` takes it.
    """
    command = ["journalctl", "--no-pager", "--output=export", f"--after-cursor={since}"]
    said = subprocess.run(command, capture_output=True, check=False).stdout
    return pictures_in(said)


def journal_cursor() -> str:
    """Return where the journal ends now."""
    command = ["journalctl", "--no-pager", "--show-cursor", "--lines=0"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return said.rpartition("-- cursor: ")[2].strip()


def pictures_in_files() -> set[str]:
    """Return the attempts whose pictures lie in any file, or name one; remove those files."""
    found: set[str] = set()
    for path in _files():
        named = pictures_in(path.name.encode())
        if not named and "journal" not in path.parts:
            with suppress(OSError):
                if path.is_file() and path.stat().st_size <= _MOST_BYTES:
                    named = pictures_in(path.read_bytes())
        if named or path.name.startswith("edge-lpr-escape-"):
            with suppress(OSError):
                path.unlink()
        found |= named
    return found


def _files() -> Iterator[Path]:
    """Walk over every file system that can be written."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        first, _, last = line.partition(" - ")
        place, options = first.split()[4:6]
        if last.split()[0] in _UNWRITTEN or "rw" not in options.split(","):
            continue
        if place == "/" or place.startswith(("/proc", "/sys")):
            roots: tuple[str, ...] = _WRITTEN if place == "/" else ()
        else:
            roots = (place,)
        for root in roots:
            for folder, folders, names in os.walk(root):
                folders[:] = [each for each in folders if not os.path.ismount(f"{folder}/{each}")]
                yield from (Path(folder) / name for name in names)
    yield from (each for each in Path("/").iterdir() if each.is_file())


def children_that_stayed() -> set[str]:
    """Return the attempts that live on in a process, and end it."""
    found: set[str] = set()
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with suppress(OSError):
            named = pictures_in((process / "cmdline").read_bytes())
            if named:
                os.kill(int(process.name), signal.SIGKILL)
            found |= named
    return found


def open_files_of(unit: str) -> int:
    """Return how many files the main process of a service has open."""
    show = ["systemctl", "show", "--property=MainPID", "--value", unit]
    process = subprocess.run(show, capture_output=True, text=True, check=True).stdout.strip()
    try:
        return len(list(Path(f"/proc/{process}/fd").iterdir()))
    except OSError:
        return 0


def stored_files(unit: str) -> int:
    """Return how many files systemd keeps for a service."""
    show = ["systemctl", "show", "--property=NFileDescriptorStore", "--value", unit]
    return int(subprocess.run(show, capture_output=True, text=True, check=True).stdout or 0)


def host_name_is_a_picture() -> bool:
    """Return whether the machine was given a picture's name."""
    return Path("/proc/sys/kernel/hostname").read_text().strip() in picture_of("host_name").hex()
