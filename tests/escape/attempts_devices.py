"""Ways out by devices and terminals: screens, sound, serial lines, the kernel's log."""

import fcntl
import os
import stat
import termios
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.escape.attempt import (
    AbsentError,
    attempt,
    checked,
    first_success,
    libc,
    opened,
    put,
)

_HARMLESS = {"null", "zero", "full", "random", "urandom"}
_DANGEROUS = ("watchdog", "sda", "vda", "sr0", "sg", "nvram", "port", "mem")
"""The control would restart or harm the machine by opening these."""

_SYSLOG_READ_ALL = 3


def _open(path: str) -> str:
    """Open for writing."""
    return put(path, b"")


def _open_any(*patterns: str) -> str:
    """Open the first device of a kind that lets itself be opened."""
    found = [str(each) for pattern in patterns for each in Path("/dev").glob(pattern)]
    return first_success([partial(_open, each) for each in found])


@attempt("The kernel's log (/dev/kmsg), which goes to the journal past every filter")
def kernel_log(picture: bytes) -> str:
    return put("/dev/kmsg", b"edge-lpr-escape " + picture.hex().encode() + b"\n")


@attempt("Reading the kernel's log (syslog(2)), where others' pictures might stand")
def kernel_log_reading(picture: bytes) -> str:
    del picture
    return f"{checked(libc.klogctl(_SYSLOG_READ_ALL, bytes(4096), 4096))} bytes"


@attempt("The screen as text (/dev/console, /dev/tty0, /dev/tty1)")
def console(picture: bytes) -> str:
    paths = ("/dev/console", "/dev/tty0", "/dev/tty1")
    return first_success([partial(put, each, picture.hex().encode()) for each in paths])


@attempt("Typing into somebody's terminal (ioctl TIOCSTI)")
def terminal_typing(picture: bytes) -> str:
    del picture

    def type_into(path: str) -> str:
        with opened(path, os.O_RDWR) as descriptor:
            fcntl.ioctl(descriptor, termios.TIOCSTI, b" ")
        return path

    paths = ("/dev/tty", "/dev/tty1", "/dev/console", "/dev/ttyS0", "/dev/ttyAMA0")
    return first_success([partial(type_into, each) for each in paths])


@attempt("The screen as a picture (/dev/fb0)")
def framebuffer(picture: bytes) -> str:
    del picture
    return _open_any("fb*")


@attempt("The screen or the graphics processor (/dev/dri)")
def graphics(picture: bytes) -> str:
    del picture
    return _open_any("dri/card*", "dri/render*")


@attempt("Sound (/dev/snd)")
def sound(picture: bytes) -> str:
    del picture
    return _open_any("snd/*")


@attempt("A serial line (/dev/ttyS0, /dev/ttyAMA0, USB)")
def serial_line(picture: bytes) -> str:
    del picture
    return _open_any("ttyS0", "ttyAMA*", "ttyUSB*", "ttyACM*")


@attempt("Keyboards and mice, invented ones too (/dev/input, uinput, hidraw)")
def input_devices(picture: bytes) -> str:
    del picture
    return _open_any("uinput", "hidraw*", "input/event*", "uhid")


@attempt("USB devices (/dev/bus/usb)")
def usb_devices(picture: bytes) -> str:
    del picture
    return _open_any("bus/usb/*/*")


@attempt("Radio, disks in memory, virtual machines (/dev/rfkill, loop-control, fuse, net/tun, kvm)")
def control_devices(picture: bytes) -> str:
    del picture
    return _open_any(
        "rfkill", "loop-control", "fuse", "net/tun", "kvm", "vhost-*", "mapper/control"
    )


@attempt("Any other character device below /dev")
def any_device(picture: bytes) -> str:
    del picture
    ways: list[Callable[[], str]] = []
    for folder, _, names in os.walk("/dev"):
        for name in names:
            path = Path(folder) / name
            if name in _HARMLESS or name.startswith(_DANGEROUS) or "pts" in path.parts:
                continue
            if name in ("tty", "ptmx") or not stat.S_ISCHR(path.lstat().st_mode):
                # Our own terminal, and new ones of our own.
                continue
            ways.append(partial(_open, str(path)))
    if not ways:
        # The unit's /dev: nothing is there, so the refusal is that.
        return put("/dev/edge-lpr-escape", b"", os.O_CREAT)
    return first_success(ways)


@attempt("A line of the machine's clock or power button: the hardware clock, the watchdog")
def clock_device(picture: bytes) -> str:
    del picture
    if not list(Path("/sys/class/rtc").glob("rtc*")):
        raise AbsentError
    return _open_rtc()


def _open_rtc() -> str:
    """Open the hardware clock."""
    with opened("/dev/rtc0", os.O_RDONLY):
        return "/dev/rtc0"
