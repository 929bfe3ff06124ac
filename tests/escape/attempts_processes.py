"""Ways out by other processes, and by powers that a process can ask the kernel for."""

import ctypes
import errno
import mmap
import os
import signal
import socket
import sys
import time
from functools import partial
from pathlib import Path

from tests.escape.attempt import (
    AbsentError,
    attempt,
    checked,
    first_success,
    libc,
    opened,
    other_processes,
    system_call,
)

_PTRACE_ATTACH, _PTRACE_DETACH = 16, 17
_CLONE_NEWUSER, _CLONE_NEWNS = 0x10000000, 0x00020000
_MEMFD_EXEC = 0x10
_PR_CAP_AMBIENT = 47
_SOFTWARE_SUSPEND = 0xD000FCE2
_KEY_SPEC_USER_KEYRING = -4
_KEYCTL_SETPERM = 5
_KEY_READABLE = 0x3F3F3F3F
_OTHERS = 60


class _Vector(ctypes.Structure):
    """``struct iovec``."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


@attempt("Attaching to another process as its debugger (ptrace)")
def debugger(picture: bytes) -> str:
    del picture

    def attach(process: int) -> str:
        checked(libc.ptrace(_PTRACE_ATTACH, process, None, None))
        os.waitpid(process, 0x40000000)
        libc.ptrace(_PTRACE_DETACH, process, None, None)
        return f"process {process}"

    return first_success([partial(attach, each) for each in other_processes()[-_OTHERS:]])


@attempt("Writing into another process's memory (process_vm_writev)")
def memory_of_another(picture: bytes) -> str:
    block = ctypes.create_string_buffer(picture)
    local = _Vector(ctypes.addressof(block), len(picture))

    def write(process: int) -> str:
        # To where nothing is: who may is told EFAULT, and nobody is harmed.
        remote = _Vector(1, len(picture))
        arguments = (ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
        if libc.process_vm_writev(process, *arguments) == -1 and ctypes.get_errno() != errno.EFAULT:
            checked(-1)
        return f"process {process}"

    return first_success([partial(write, each) for each in other_processes()[-_OTHERS:]])


@attempt("Another process's memory as a file (/proc/PID/mem)")
def memory_file(picture: bytes) -> str:
    del picture

    def open_memory(process: int) -> str:
        with opened(f"/proc/{process}/mem", os.O_RDWR):
            return f"process {process}"

    found = other_processes()[-_OTHERS:]
    return first_success([partial(open_memory, each) for each in [1, *found]])


@attempt("Signals to others (the moment is a message)")
def signals(picture: bytes) -> str:
    del picture

    def wink(process: int) -> str:
        os.kill(process, signal.SIGCONT)
        return f"process {process}"

    return first_success([partial(wink, each) for each in other_processes()])


@attempt("Taking an open file out of another process (pidfd_getfd)")
def file_of_another(picture: bytes) -> str:
    del picture

    def take(process: int) -> str:
        handle = system_call("pidfd_open", process, 0)
        os.close(system_call("pidfd_getfd", handle, 1, 0))
        os.close(handle)
        return f"process {process}"

    return first_success([partial(take, each) for each in [*other_processes()[-_OTHERS:], 1]])


@attempt("A child that holds the picture and stays when the service is gone")
def child_that_stays(picture: bytes) -> str:
    if os.fork() == 0:
        os.setsid()
        signal.alarm(0)
        if os.fork() == 0:
            # Its command line is what the judge looks for.
            program = "import time; time.sleep(600)"
            os.execv(  # noqa: S606 - that is the attempt
                sys.executable, [sys.executable, "-c", program, picture.hex()]
            )
        os._exit(0)
    os.wait()
    return ""


@attempt("Leaving the service's control group, to outlive it")
def leave_control_group(picture: bytes) -> str:
    del picture
    places = [Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/user.slice")]
    home = Path("/proc/self/cgroup").read_text().rstrip().rpartition("::")[2]

    def leave(place: Path) -> str:
        (place / "cgroup.procs").write_text(str(os.getpid()))
        (Path("/sys/fs/cgroup") / home.lstrip("/") / "cgroup.procs").write_text(str(os.getpid()))
        return str(place)

    return first_success([partial(leave, each) for each in places])


@attempt("A key in the user's keyring, for a later process of the same user (add_key)")
def keyring(picture: bytes) -> str:
    name = b"edge-lpr-escape"
    key = system_call("add_key", b"user", name, picture, len(picture), _KEY_SPEC_USER_KEYRING)
    system_call("keyctl", _KEYCTL_SETPERM, key, _KEY_READABLE)
    return ""


@attempt("Shared memory of System V that any user may attach to (shmget)")
def system_v_memory(picture: bytes) -> str:
    libc.shmat.restype = ctypes.c_void_p
    place = libc.shmat(checked(libc.shmget(0x6C7072, 4096, 0o1666)), None, 0)
    ctypes.memmove(place, picture, len(picture))
    return ""


@attempt("A message queue of System V (msgget)")
def system_v_queue(picture: bytes) -> str:
    queue = checked(libc.msgget(0x6C7072, 0o1666))
    checked(libc.msgsnd(queue, (1).to_bytes(8, "little") + picture, len(picture), 0))
    return ""


@attempt("A dump of our memory when we crash")
def core_dump(picture: bytes) -> str:
    import resource  # noqa: PLC0415 - only here

    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    child = os.fork()
    if child == 0:
        held = bytearray(picture * 128)
        os.kill(os.getpid(), signal.SIGSEGV if held else 0)
        time.sleep(5)
    _, status = os.waitpid(child, 0)
    if not os.WCOREDUMP(status):
        raise PermissionError(errno.EPERM, "the kernel made no dump")
    return "the kernel made a dump"


@attempt("Memory on a disk: a swap file of our own (swapon)")
def swap(picture: bytes) -> str:
    del picture
    # A file that is not there: only who may swap hears that.
    if libc.swapon(b"/run/edge-lpr-escape-swap", 0) == -1 and ctypes.get_errno() != errno.ENOENT:
        checked(-1)
    return "asked for the file"


@attempt("Running a program that was written to memory (memfd and execve)")
def run_from_memory(picture: bytes) -> str:
    del picture
    program = Path("/usr/bin/true").read_bytes()
    try:
        descriptor = os.memfd_create("p", _MEMFD_EXEC)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        descriptor = os.memfd_create("p", 0)
    os.write(descriptor, program)
    return _run(descriptor)


def _run(descriptor: int) -> str:
    """Run an open program, and see that it ran."""
    child = os.fork()
    if child == 0:
        try:
            os.execve(descriptor, ["true"], {})  # noqa: S606 - that is the attempt
        except OSError as error:
            os._exit(error.errno or errno.EPERM)
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise PermissionError(os.waitstatus_to_exitcode(status), "it did not run")
    return "it ran"


@attempt("Running a program that was written to a file")
def run_from_file(picture: bytes) -> str:
    del picture

    def run(folder: str) -> str:
        path = Path(folder) / "edge-lpr-escape-program"
        path.write_bytes(Path("/usr/bin/true").read_bytes())
        try:
            path.chmod(0o755)
            with opened(path, os.O_RDONLY) as descriptor:
                return _run(descriptor)
        finally:
            path.unlink()

    return first_success([partial(run, each) for each in ("/tmp", "/var/tmp", "/dev/shm", "/run")])  # noqa: S108 - that is the attempt


@attempt("Memory that is written and run at once (mmap)")
def written_and_run(picture: bytes) -> str:
    del picture
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()
    return "it was mapped"


@attempt("One memory mapped twice, to be written here and run there (memfd and mmap)")
def mapped_twice(picture: bytes) -> str:
    descriptor = os.memfd_create("p", 0)
    os.write(descriptor, picture.ljust(4096, b"\0"))
    mmap.mmap(descriptor, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    mmap.mmap(descriptor, 4096, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ | mmap.PROT_EXEC)
    return "it was mapped"


@attempt("Becoming root (setuid(0))")
def become_root(picture: bytes) -> str:
    del picture
    checked(libc.setuid(0))
    return "root"


@attempt("More rights: an ambient capability (prctl)")
def capabilities(picture: bytes) -> str:
    del picture
    try:
        checked(libc.prctl(_PR_CAP_AMBIENT, 2, 21, 0, 0))
    except PermissionError:
        line = next(
            each for each in Path("/proc/self/status").read_text().splitlines() if "CapEff" in each
        )
        if int(line.split()[1], 16) & 1 << 21:
            return "it has the right to administer the machine"
        raise
    return "a right"


@attempt("A program of another user (chmod 4777 of a file of our own)")
def program_of_our_own(picture: bytes) -> str:
    del picture

    def make(folder: str) -> str:
        path = Path(folder) / "edge-lpr-escape-suid"
        path.write_bytes(b"")
        try:
            path.chmod(0o4777)
        finally:
            path.unlink()
        return folder

    return first_success([partial(make, each) for each in ("/tmp", "/run", "/var/tmp")])  # noqa: S108 - that is the attempt


@attempt("Root's programs that anybody may start (su, mount)")
def programs_of_root(picture: bytes) -> str:
    del picture
    status = Path("/proc/self/status").read_text()
    programs = [f"/usr/bin/{name}" for name in ("su", "mount", "umount", "passwd", "newgrp")]
    found = [
        each for each in programs if Path(each).exists() and Path(each).stat().st_mode & 0o4000
    ]
    if not found:
        raise AbsentError
    if "NoNewPrivs:\t1" in status:
        raise PermissionError(errno.EPERM, "no new privileges")
    return found[0]


@attempt("A user namespace of our own, in which we are root (unshare)")
def user_namespace(picture: bytes) -> str:
    del picture
    checked(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS))
    return "a namespace"


@attempt("The namespaces of the machine (setns to process 1)")
def namespace_of_the_machine(picture: bytes) -> str:
    del picture
    with opened("/proc/1/ns/net", os.O_RDONLY) as descriptor:
        checked(libc.setns(descriptor, 0))
    return "the machine's network"


@attempt("Another host name, which the network hears (sethostname)")
def host_name(picture: bytes) -> str:
    before = socket.gethostname()
    socket.sethostname(picture.hex()[:60])
    seen = socket.gethostname()
    socket.sethostname(before)
    return seen
