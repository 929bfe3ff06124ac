"""Ways out by parts of the kernel that a camera program has no business with."""

import os
import platform
import time
from pathlib import Path

from tests.escape.attempt import (
    AbsentError,
    attempt,
    checked,
    first_success,
    libc,
    opened,
    put,
    refuse,
    system_call,
)

_MS_BIND = 4096
_PERF_TYPE_SOFTWARE = (1).to_bytes(4, "little") + (112).to_bytes(4, "little")
_NOT_SUPPORTED = 38


@attempt("Mounting: a folder over another, or memory of our own (mount)")
def mount(picture: bytes) -> str:
    del picture
    checked(libc.mount(b"/usr", b"/mnt", None, _MS_BIND, None))
    libc.umount(b"/mnt")
    return "/mnt"


@attempt("Mounting in the new way (fsopen)")
def new_mount(picture: bytes) -> str:
    del picture
    os.close(system_call("fsopen", b"tmpfs", 0))
    return "a file system"


@attempt("A file system whose driver the kernel would load (overlay)")
def file_system_driver(picture: bytes) -> str:
    del picture
    checked(libc.mount(b"none", b"/mnt", b"overlay", 0, b"lowerdir=/usr:/etc"))
    libc.umount(b"/mnt")
    return "overlay"


@attempt("Another root folder (chroot)")
def other_root(picture: bytes) -> str:
    del picture
    os.chroot("/usr")
    return "/usr"


@attempt("A program in the kernel (bpf)")
def kernel_program(picture: bytes) -> str:
    del picture
    # BPF_MAP_CREATE: an array of one number.
    attributes = b"".join(each.to_bytes(4, "little") for each in (2, 4, 8, 1)).ljust(120, b"\0")
    os.close(system_call("bpf", 0, attributes, len(attributes)))
    return "a map"


@attempt("Counting others' cache misses (perf_event_open)")
def performance_counters(picture: bytes) -> str:
    del picture
    attributes = _PERF_TYPE_SOFTWARE.ljust(112, b"\0")
    os.close(system_call("perf_event_open", attributes, -1, 0, -1, 0))
    return "a counter of the processor"


@attempt("Holding the kernel at a page fault (userfaultfd)")
def page_faults(picture: bytes) -> str:
    del picture
    os.close(system_call("userfaultfd", 0))
    return "a handler"


@attempt("Calls that no filter sees (io_uring)")
def io_uring(picture: bytes) -> str:
    del picture
    os.close(system_call("io_uring_setup", 1, bytes(120)))
    return "a ring"


@attempt("Another kernel (kexec_load)")
def other_kernel(picture: bytes) -> str:
    del picture
    system_call("kexec_load", 0, 0, None, 0)
    return "nothing loaded, but allowed to"


@attempt("A module for the kernel (init_module)")
def kernel_module(picture: bytes) -> str:
    try:
        system_call("init_module", picture, len(picture), b"")
    except OSError as error:
        if error.strerror == os.strerror(8):
            # ENOEXEC: only who may load modules hears that this is none.
            return "asked for the module's form"
        raise
    return "loaded"


@attempt("Memory on the disk: sleep until it is switched on (hibernation, /sys/power, reboot(2))")
def hibernation(picture: bytes) -> str:
    del picture

    def by_file() -> str:
        with opened("/sys/power/disk", os.O_WRONLY):
            return "/sys/power/disk"

    def by_call() -> str:
        # An unknown word: who may is told EINVAL, and the machine goes on.
        checked(libc.reboot(0x12345678))
        return "reboot(2)"

    if not Path("/sys/power/disk").exists():
        raise AbsentError
    return first_success([by_file, by_call])


@attempt("The magic key that dumps memory and unmounts disks (/proc/sysrq-trigger)")
def magic_key(picture: bytes) -> str:
    del picture
    # Opened only.
    return put("/proc/sysrq-trigger", b"")


@attempt("The machine's clock, by whose steps others can be told (clock_settime)")
def clock(picture: bytes) -> str:
    del picture
    time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME))
    return "set"


@attempt("Accounting of processes to a file (acct)")
def accounting(picture: bytes) -> str:
    del picture
    path = Path("/run/edge-lpr-escape-account")
    path.touch()
    try:
        checked(libc.acct(str(path).encode()))
        checked(libc.acct(None))
    finally:
        path.unlink()
    return "on"


@attempt("Real-time priority, which makes others wait in a pattern (sched_setscheduler)")
def real_time(picture: bytes) -> str:
    del picture
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return "real time"


@attempt("Limits of another process (prlimit of process 1), quotas, NUMA")
def limits_of_another(picture: bytes) -> str:
    del picture
    import resource  # noqa: PLC0415 - only here

    limits = resource.prlimit(1, resource.RLIMIT_NOFILE)
    resource.prlimit(1, resource.RLIMIT_NOFILE, limits)
    return "process 1"


@attempt("Code for another processor, which a filter may not know (personality, 32-bit calls)")
def other_personality(picture: bytes) -> str:
    del picture
    if checked(libc.personality(0x0008)) == -1:
        refuse(_NOT_SUPPORTED)
    libc.personality(0)
    return "32 bits"


@attempt("The processor's ports (iopl)")
def processor_ports(picture: bytes) -> str:
    del picture
    if platform.machine() != "x86_64":
        raise AbsentError
    checked(libc.iopl(3))
    checked(libc.iopl(0))
    return "ports"
