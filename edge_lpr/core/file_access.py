"""Tells whether anybody but its owner and this process's user can reach an open file.

The nine permission bits do not say it all: systemd gives a credential to a service by an access
list on a file that belongs to root, and then the group's bits are the list's mask.
"""

import os
import stat
import struct
from typing import Final

_ACCESS_LIST: Final = "system.posix_acl_access"
_VERSION: Final = struct.Struct("<I")
_ENTRY: Final = struct.Struct("<HHI")
"""Tag, permissions, and the user or group that an entry is about.

Source:
    ``include/uapi/linux/posix_acl_xattr.h`` of Linux, version 2.
"""

_OWNER: Final = 0x01
_USER: Final = 0x02
_MASK: Final = 0x10


def is_private(descriptor: int, status: os.stat_result) -> bool:
    """Return whether a file is for its owner and the user of this process alone.

    Args:
        descriptor: The open file.
        status: Its status.

    Returns:
        False if group or others have any right, by permission bits or by an access list.
    """
    if status.st_mode & stat.S_IRWXO:
        return False
    if not status.st_mode & stat.S_IRWXG:
        return True
    try:
        access_list = os.getxattr(descriptor, _ACCESS_LIST)
    except OSError:
        # There is none, so the bits are the group's.
        return False
    return all(
        tag in {_OWNER, _MASK} or not rights or (tag == _USER and number == os.geteuid())
        for tag, rights, number in _ENTRY.iter_unpack(access_list[_VERSION.size :])
    )
