"""A disk that fails when told to, and a clock that is wrong when told to, for real processes.

Both are libraries that are preloaded before libc, and a file through which they are told.
"""

import struct
from enum import Enum
from pathlib import Path

from tests.reliability.shim import build_shim


class DiskOrder(Enum):
    """What the disk does, see ``shims/fail_disk.c``."""

    WORK = b"-"
    BE_FULL = b"f"
    BE_READ_ONLY = b"o"
    FAIL_TO_WRITE = b"w"
    FAIL_TO_SYNC = b"s"
    FAIL_TO_READ = b"r"
    HANG = b"h"


class FaultyDisk:
    """The disk under one folder, for processes started with ``environment``."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        """Begin with a disk that works.

        Args:
            folder: What lies on the disk.
            scratch: Existing folder for the library and its order.

        Raises:
            CompilerMissingError: There is no C compiler.
        """
        self._order_file = scratch / "disk-order"
        self._order_file.write_bytes(DiskOrder.WORK.value)
        self.environment = {
            "LD_PRELOAD": str(build_shim("fail_disk", scratch)),
            "FAIL_DISK_FOLDER": str(folder),
            "FAIL_DISK_ORDER": str(self._order_file),
        }

    def order(self, order: DiskOrder) -> None:
        """Let the disk behave so from now on."""
        # In place, because the processes have mapped this very file.
        with self._order_file.open("r+b") as file:
            file.write(order.value)


class WrongClock:
    """The clock of the day, for processes started with ``environment``."""

    def __init__(self, scratch: Path) -> None:
        """Begin with a clock that is right.

        Args:
            scratch: Existing folder for the library and its order.

        Raises:
            CompilerMissingError: There is no C compiler.
        """
        self._offset_file = scratch / "clock-offset"
        self._offset_file.write_bytes(struct.pack("=q", 0))
        self.environment = {
            "LD_PRELOAD": str(build_shim("set_clock", scratch)),
            "SET_CLOCK_OFFSET": str(self._offset_file),
        }

    def be_wrong_by(self, seconds: int) -> None:
        """Set the clock so many seconds ahead of the truth, or behind it."""
        with self._offset_file.open("r+b") as file:
            file.write(struct.pack("=q", seconds))
