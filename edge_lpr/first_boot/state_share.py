"""Limits what the publisher may take of the state partition, at each start of a booth.

The publisher speaks to the network, so it may be running somebody else's program. It writes to the
partition where the tokeniser keeps its keys and where an update is laid. A third of it is more than
the outbox takes, and leaves two to the others. Its files are limited too: empty ones fill a file
system as well.

``edge-lpr-state-limit.service`` runs ``python -m edge_lpr.first_boot.state_share``. The file system
counts since it was made (``firmware_config/image/open-state``), so nothing is gone through here.
"""

import ctypes
import errno
import os
import pwd
import sys
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import InstallationError

STATE: Final = Path("/state")
PUBLISHER: Final = "edge-lpr-publisher"
MAXIMUM_FILES: Final = 2_000
"""Outbox, its journal, certificates and deliveries on their way are a few dozen."""

_SHARE_OF_STATE: Final = 3
_MOUNTS: Final = Path("/proc/self/mounts")

_Q_QUOTAON: Final = 0x80_0002
_Q_SETQUOTA: Final = 0x80_0008
_USRQUOTA: Final = 0
_QFMT_VFS_V1: Final = 4
_QIF_LIMITS: Final = 1 | 4
"""Numbers of quotactl(2): switch limits on, set some, for users, in the newer format, both kinds.

Source: ``include/uapi/linux/quota.h``.
"""

_DOES_NOT_COUNT: Final = (errno.ENOSYS, errno.ESRCH, errno.ENOTSUP, errno.EFAULT)
"""The last one: it would need the file in which older file systems count, and none was named."""

_ARE_ON: Final = (errno.EEXIST, errno.EBUSY)
"""Limits are on since an earlier start of the unit; older kernels say the second."""

_BLOCK_BYTES: Final = 1024
_NUMBERS: Final = (
    *("hard_blocks", "soft_blocks", "used_bytes", "hard_files", "soft_files", "used_files"),
    *("blocks_until", "files_until"),
)


class _Limits(ctypes.Structure):
    """The kernel's ``struct if_dqblk``."""

    _fields_ = (*((name, ctypes.c_uint64) for name in _NUMBERS), ("valid", ctypes.c_uint32))


def limit_share(mount_point: Path, user_id: int) -> int:
    """Limit what one user may hold on a file system that counts (ext4 with ``quota``).

    Args:
        mount_point: Where it is mounted.
        user_id: Whose files are limited.

    Returns:
        How many bytes he may hold; 0 if the file system does not count, because its kernel could
        not when it was made.

    Raises:
        InstallationError: Nothing is mounted there, or the kernel refuses.
    """
    device = _device_of(mount_point)
    status = os.statvfs(mount_point)
    share_bytes = status.f_blocks * status.f_frsize // _SHARE_OF_STATE
    try:
        _quota(_Q_QUOTAON, device, _QFMT_VFS_V1, None, allowed=_ARE_ON)
        limits = _Limits(
            hard_blocks=share_bytes // _BLOCK_BYTES, hard_files=MAXIMUM_FILES, valid=_QIF_LIMITS
        )
        _quota(_Q_SETQUOTA, device, user_id, ctypes.byref(limits))
    except OSError as error:
        if error.errno in _DOES_NOT_COUNT:
            return 0
        raise InstallationError(
            f"{mount_point}: the publisher's share cannot be limited ({error.strerror}); it could "
            "fill this partition"
        ) from error
    return share_bytes


def _device_of(mount_point: Path) -> str:
    """Return what is mounted; of several the last, which hides the others."""
    lines = [line.split() for line in _MOUNTS.read_text(encoding="utf-8").splitlines()]
    devices = [words[0] for words in lines if words[1] == str(mount_point)]
    if not devices:
        raise InstallationError(f"{mount_point}: nothing is mounted, so nothing can be limited")
    return devices[-1]


def _quota(
    command: int, device: str, number: int, argument: object, *, allowed: tuple[int, ...] = ()
) -> None:
    """Call quotactl(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    words = (ctypes.c_int(command << 8 | _USRQUOTA), os.fsencode(device), ctypes.c_int(number))
    if libc.quotactl(*words, argument) != 0 and (code := ctypes.get_errno()) not in allowed:
        raise OSError(code, os.strerror(code))


def main() -> int:
    """Limit the publisher's share of this booth's state.

    Returns:
        0, or 1 if it could not be done; then a sentence says why.
    """
    try:
        share_bytes = limit_share(STATE, pwd.getpwnam(PUBLISHER).pw_uid)
    except InstallationError as error:
        sys.stderr.write(f"edge-lpr: {error}\n")
        return 1
    told = (
        f"{share_bytes // 10**6} MB" if share_bytes else "not limited: it was made without counting"
    )
    sys.stderr.write(f"edge-lpr: the publisher's share of {STATE} is {told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
