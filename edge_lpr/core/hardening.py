"""Keep the memory of a process from being read by its neighbours, and from becoming a file.

Frames, plates and keys lie in it. Core dumps are switched off in ``service.py``; here other
processes of the same user are kept out, and nothing is written to a swap file. Overwriting what
is no longer needed is left to whoever holds it; root can read everything, always.
"""

import ctypes
import os
import resource
from pathlib import Path
from typing import Final

from edge_lpr.core.log import Log

_PR_SET_DUMPABLE: Final = 4
_NOT_DUMPABLE: Final = 0
"""prctl(2): no core dump, and nobody but root opens ``/proc/PID/mem`` or attaches a debugger."""

_MCL_CURRENT: Final = 1
_MCL_FUTURE: Final = 2
_MCL_ONFAULT: Final = 4
"""mlock(2): a page is locked once it is used, so that stacks and arenas that nobody touches take
no memory. Without it the three processes would hold several times as much."""

_CAP_IPC_LOCK: Final = 14
"""capabilities(7): whoever has it is asked for no limit."""

_STATUS: Final = Path("/proc/self/status")


def forbid_inspection() -> None:
    """Keep other processes of this user from reading this process's memory.

    One user a process is what the units say; a laboratory runs all of them as one. Programs that
    are started from here can be looked into again: the kernel resets this when a program starts.

    Raises:
        OSError: The kernel refuses, which prctl(2) gives no reason for.
    """
    if _c_library().prctl(_PR_SET_DUMPABLE, _NOT_DUMPABLE, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "memory cannot be closed to other processes")


def lock_memory(log: Log) -> None:
    """Keep this process's memory out of every swap file, and say so once if that is not allowed.

    Nothing is locked under a limit, however high: the kernel would refuse memory later on, in
    the middle of a token. So a laboratory goes on without, and a unit says
    ``LimitMEMLOCK=infinity``.

    Args:
        log: Told what was done.
    """
    if not _may_lock_without_limit():
        log.warning(
            "memory_not_locked",
            detail="memory may be written to a swap file: the limit on locked memory is not "
            "unlimited; LimitMEMLOCK=infinity in the unit lets this process lock it",
        )
        return
    if _c_library().mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) != 0:
        reason = os.strerror(ctypes.get_errno())
        log.warning("memory_not_locked", detail=f"memory may be written to a swap file: {reason}")
        return
    log.info("memory_locked")


def _may_lock_without_limit() -> bool:
    """Return whether no limit on locked memory holds for this process."""
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY:
        return True
    for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
        name, _, untrusted_mask = line.partition(":")
        if name == "CapEff":
            return bool(int(untrusted_mask, 16) & 1 << _CAP_IPC_LOCK)
    return False


def _c_library() -> ctypes.CDLL:
    """Return the C library that this process runs on, with the types that it must be given."""
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl.argtypes = [ctypes.c_int, *(ctypes.c_ulong,) * 4]
    library.mlockall.argtypes = [ctypes.c_int]
    return library
