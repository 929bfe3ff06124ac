"""Notices what is plugged in and pulled out at USB: the kernel tells it to who listens."""

import re
import socket
from pathlib import Path
from typing import Final

_KOBJECT_UEVENT: Final = 15
"""Family of netlink that carries the kernel's events (netlink(7))."""

_FROM_THE_KERNEL: Final = 1
"""Group of the events as the kernel sends them."""

_MAXIMUM_EVENT_BYTES: Final = 8192
_PRODUCT: Final = re.compile(r"([0-9a-f]{1,4})/([0-9a-f]{1,4})/[0-9a-f]{1,4}")
_SHOWN: Final = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")


class UsbWatch:
    """Hears of every USB device that comes or goes."""

    def __init__(self) -> None:
        """Begin to listen.

        Raises:
            OSError: The kernel does not allow it.
        """
        kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        self._socket = socket.socket(socket.AF_NETLINK, kind, _KOBJECT_UEVENT)
        try:
            self._socket.bind((0, _FROM_THE_KERNEL))
        except OSError:
            self._socket.close()
            raise

    def fileno(self) -> int:
        """Return what to wait at."""
        return self._socket.fileno()

    def changes(self) -> list[tuple[str, str]]:
        """Return what came and went: ``appeared`` or ``left``, and vendor and product."""
        found: list[tuple[str, str]] = []
        while True:
            try:
                event, sender = self._socket.recvfrom(_MAXIMUM_EVENT_BYTES)
            except BlockingIOError:
                return found
            except OSError:
                # The kernel says so when events were lost.
                found.append(("lost_events", "unknown"))
                return found
            # Any root process may send to the group; the kernel has no address.
            change = read_event(event) if sender[0] == 0 else None
            if change is not None:
                found.append(change)

    def close(self) -> None:
        """Listen no longer."""
        self._socket.close()


def plugged_in(devices: Path) -> list[str]:
    """Return vendor and product of every device that is plugged in, in order.

    Args:
        devices: The kernel's folder of them, ``/sys/bus/usb/devices``.
    """
    found: list[str] = []
    for device in devices.glob("*/idVendor"):
        try:
            parts = [
                part.read_text("ascii").strip() for part in (device, device.parent / "idProduct")
            ]
        except (OSError, ValueError):
            # Pulled out at this moment; the watch hears of it.
            continue
        product = ":".join(parts)
        found.append(product if _SHOWN.fullmatch(product) else "unknown")
    return sorted(found)


def read_event(event: bytes) -> tuple[str, str] | None:
    """Return what an event says, ``None`` if it is about no USB device.

    Args:
        event: As the kernel sends it: a line, then ``NAME=value``, each ended by a zero byte.
    """
    lines = (line.partition(b"=") for line in event.split(b"\0"))
    values = {
        name.decode("ascii", "replace"): value.decode("ascii", "replace")
        for name, is_there, value in lines
        if is_there
    }
    what = {"add": "appeared", "remove": "left"}.get(values.get("ACTION", ""))
    if what is None or values.get("DEVTYPE") != "usb_device":
        return None
    product = _PRODUCT.fullmatch(values.get("PRODUCT", ""))
    return what, "unknown" if product is None else f"{product[1]:0>4}:{product[2]:0>4}"
