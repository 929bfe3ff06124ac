"""Ways out by files: what outlives vision, or what others can read."""

import ctypes
import errno
import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.escape.attempt import (
    READINGS_SOCKET,
    AbsentError,
    attempt,
    first_success,
    libc,
    other_processes,
    put,
    refuse,
    system_call,
)

_NAME = "edge-lpr-escape-picture"
_NOT_FILES = ("/proc", "/sys", "/dev")


def mount_points() -> list[str]:
    """Return where something is mounted, as this process sees it."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line.split()[4].encode().decode("unicode_escape") for line in lines]


def everything_below(root: str = "/") -> Iterator[os.DirEntry[str]]:
    """Walk over what this process sees of the file system, kernel folders apart."""
    folders = [root]
    while folders:
        try:
            entries = list(os.scandir(folders.pop()))
        except OSError:
            continue
        for entry in entries:
            yield entry
            if entry.is_dir(follow_symlinks=False) and entry.path not in _NOT_FILES:
                folders.append(entry.path)


@attempt("A file below every mount point of /proc/self/mountinfo")
def file_below_every_mount(picture: bytes) -> str:
    return first_success(
        [partial(put, f"{point}/{_NAME}-m", picture, os.O_CREAT) for point in mount_points()]
    )


@attempt("A file in any folder of the whole tree that may be written")
def file_in_any_folder(picture: bytes) -> str:
    folders = (each.path for each in everything_below() if each.is_dir(follow_symlinks=False))
    ways = (partial(put, f"{each}/{_NAME}-f", picture, os.O_CREAT) for each in folders)
    return first_success(ways)


@attempt("Appending to any file of the whole tree that may be written")
def any_file(picture: bytes) -> str:
    files = (each.path for each in everything_below() if each.is_file(follow_symlinks=False))
    writable = (each for each in files if os.access(each, os.W_OK, effective_ids=True))
    # Opened only: the control may write to everything.
    ways = [partial(put, each, b"", os.O_APPEND) for each in writable if picture]
    if not ways:
        refuse_as_read_only()
    return first_success(ways)


def refuse_as_read_only() -> None:
    """Raise what a read-only file would give, where nothing claims to be writable."""
    with Path("/etc/passwd").open("ab"):
        return


@attempt("A file in /tmp that is still there when the service is gone")
def tmp_outlives(picture: bytes) -> str:
    return put(f"/tmp/{_NAME}-t", picture, os.O_CREAT)  # noqa: S108 - that is the attempt


@attempt("A file in /var/tmp, which outlives a restart of the machine")
def var_tmp(picture: bytes) -> str:
    return put(f"/var/tmp/{_NAME}-v", picture, os.O_CREAT)  # noqa: S108 - that is the attempt


@attempt("A file in /dev/shm")
def shared_memory_file(picture: bytes) -> str:
    return put(f"/dev/shm/{_NAME}-s", picture, os.O_CREAT)  # noqa: S108 - that is the attempt


@attempt("A message queue that any user may open (mq_open)")
def posix_message_queue(picture: bytes) -> str:
    queue = system_call("mq_open", b"edge-lpr-escape", os.O_CREAT | os.O_WRONLY, 0o666, None)
    system_call("mq_timedsend", queue, picture, len(picture), 1, None)
    return ""


@attempt("The picture as the name of an empty file in /run or the tokeniser's folder")
def file_name(picture: bytes) -> str:
    folders = ("/run", "/run/edge-lpr", str(Path(READINGS_SOCKET).parent), "/run/lock", "/run/user")
    return first_success(
        [partial(put, f"{each}/{picture.hex()}", b"", os.O_CREAT) for each in folders]
    )


def _tell_by_time(path: str) -> str:
    """Set a file's time."""
    os.utime(path, (1, 1))
    return path


@attempt("Times of files that others see (utimensat)")
def file_times(picture: bytes) -> str:
    del picture
    paths = (READINGS_SOCKET, str(Path(READINGS_SOCKET).parent), "/etc/edge-lpr/booth.toml", "/run")
    return first_success([partial(_tell_by_time, each) for each in paths])


@attempt("Mode, owner or place of the tokeniser's socket")
def socket_mode(picture: bytes) -> str:
    del picture
    ways: list[Callable[[], None]] = [
        # To what it is, so that the control harms nobody.
        partial(os.chmod, READINGS_SOCKET, 0o660),
        partial(os.rename, READINGS_SOCKET, f"{READINGS_SOCKET}.moved"),
    ]
    return first_success([partial(_did, each) for each in ways])


def _did(way: Callable[[], None]) -> str:
    """Do something that gives nothing back."""
    way()
    return "done"


def _write_attribute(path: str, picture: bytes) -> str:
    """Write beside a file's content."""
    os.setxattr(path, "user.picture", picture)
    return path


@attempt("An extended attribute of a file that others read")
def extended_attribute(picture: bytes) -> str:
    paths = ("/etc/edge-lpr/booth.toml", "/etc/edge-lpr", "/var/lib/edge-lpr", "/var/tmp", "/tmp")  # noqa: S108 - that is the attempt
    return first_success([partial(_write_attribute, each, picture) for each in paths])


_KEPT = (
    "/boot/efi/state.key",
    "/state",
    "/state/var-lib-edge-lpr",
    "/state/credstore",
    "/var/lib/edge-lpr",
    "/etc/credstore.encrypted",
)
"""Where a booth keeps its keys, its outbox, its audit and what opens them."""


def _look_into(path: str) -> str:
    """Read a file's first byte, or a folder's names."""
    if Path(path).is_dir():
        next(Path(path).iterdir(), None)
    else:
        with Path(path).open("rb") as file:
            file.read(1)
    return path


@attempt("Reading what the booth keeps: keys, outbox, audit, and what opens their partition")
def what_is_kept(picture: bytes) -> str:
    del picture
    return first_success([partial(_look_into, each) for each in _KEPT])


@attempt("Reading what the tokeniser tells the audit: keys' days, watch-list, gaps")
def what_is_told(picture: bytes) -> str:
    del picture
    return _look_into("/run/edge-lpr-told")


@attempt("The disk below the file systems, by every block device")
def block_device(picture: bytes) -> str:
    disks = [f"/dev/{each.name}" for each in Path("/sys/class/block").iterdir()]
    if not disks:
        raise AbsentError
    # Opened only: to write would destroy the control's machine.
    return first_success([partial(put, each, b"") for each in disks if picture])


@attempt("The disk by a device node of our own (mknod)")
def device_node(picture: bytes) -> str:
    first = next(Path("/sys/class/block").iterdir(), None)
    if first is None or not picture:
        raise AbsentError
    major, minor = map(int, (first / "dev").read_text().split(":"))

    def make(folder: str) -> str:
        path = Path(folder) / _NAME
        os.mknod(path, stat.S_IFBLK | 0o600, os.makedev(major, minor))
        try:
            return put(path, b"")
        finally:
            path.unlink()

    return first_success([partial(make, each) for each in ("/tmp", "/run", "/dev")])  # noqa: S108 - that is the attempt


@attempt("A file in the root folder or working folder of another process (/proc/PID/root)")
def root_of_another(picture: bytes) -> str:
    processes = [1, *other_processes()[:20]]
    ways = [
        partial(put, f"/proc/{each}/root/run/{_NAME}-r", picture, os.O_CREAT) for each in processes
    ]
    return first_success(ways)


@attempt("Settings of the kernel that everybody reads (/proc/sys)")
def kernel_setting(picture: bytes) -> str:
    return put("/proc/sys/kernel/domainname", picture.hex().encode()[:60])


@attempt("LEDs, GPIO, backlight and whatever else may be written below /sys")
def sysfs(picture: bytes) -> str:
    del picture
    paths = [
        str(each)
        for pattern in ("leds/*/brightness", "gpio/export", "backlight/*/brightness", "net/*/mtu")
        for each in Path("/sys/class").glob(pattern)
    ]
    own = Path("/sys/power/pm_freeze_timeout")
    return first_success(
        [partial(_write_again, each) for each in [*paths, str(own)] if Path(each).exists()]
    )


def _write_again(path: str) -> str:
    """Write to a file of the kernel what it says already."""
    return put(path, Path(path).read_bytes() or b"0")


@attempt("The booth as a USB stick of somebody's laptop (configfs gadget)")
def usb_gadget(picture: bytes) -> str:
    del picture
    folder = Path("/sys/kernel/config/usb_gadget")
    mounted = libc.mount(b"none", b"/sys/kernel/config", b"configfs", 0, None)
    if mounted == -1 and ctypes.get_errno() != errno.EBUSY:
        refuse(ctypes.get_errno())
    if not folder.exists():
        raise AbsentError
    (folder / "edge-lpr-escape").mkdir()
    (folder / "edge-lpr-escape").rmdir()
    return str(folder)


@attempt("A control group of our own, whose name others read")
def control_group(picture: bytes) -> str:
    relative = Path("/proc/self/cgroup").read_text().rstrip().rpartition("::")[2]
    places = [Path("/sys/fs/cgroup") / relative.lstrip("/"), Path("/sys/fs/cgroup")]

    def make(place: Path) -> str:
        folder = place / picture.hex()
        folder.mkdir()
        folder.rmdir()
        return str(place)

    return first_success([partial(make, each) for each in places])
