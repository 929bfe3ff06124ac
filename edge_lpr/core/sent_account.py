"""What the publisher says it has sent, in numbers that an auditor can add up.

One line of a file in the publisher's own runtime folder, rewritten once a second while anything
changes. It holds numbers and nothing else, so a publisher that was taken over can say nothing with
it but numbers, and those are compared with the kernel's (``edge_lpr/audit/reconcile.py``).
"""

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from edge_lpr.core.group_file import read_group_file, write_group_file

ACCOUNT_NAME: Final = "sent"
"""Name of the file, in the folder of the publisher's socket."""

_MAXIMUM_BYTES: Final = 256
_LINE: Final = re.compile(r"[0-9]{1,15}(?: [0-9]{1,15}){6}\n")


@dataclass(frozen=True, slots=True)
class SentAccount:
    """Sums since the publisher started."""

    start: int = 0
    """Names the start: monotonic time of it, in ms."""
    connections: int = 0
    """TCP connections that were begun with the broker, whatever came of them."""
    greeting_bytes: int = 0
    """Bytes of TLS and proxy greetings, as the kernel counted them on each connection."""
    mqtt_bytes: int = 0
    """Bytes of MQTT packets."""
    records: int = 0
    """TLS records that carried them; 0 without TLS."""
    resent_bytes: int = 0
    """Bytes that TCP had to send again, as the kernel counted them on each connection."""
    is_ipv6: int = 0
    """1 if the newest connection is over IPv6."""

    def line(self) -> str:
        """Return the account as it stands in the file."""
        return " ".join(str(getattr(self, each.name)) for each in fields(self)) + "\n"


def write_account(path: Path, account: SentAccount) -> None:
    """Write an account, whole or not at all.

    Args:
        path: The file; its folder is in memory.
        account: What to say.

    Raises:
        OSError: The folder takes no file.
    """
    write_group_file(path, account.line().encode("ascii"))


def read_account(path: Path) -> SentAccount | None:
    """Return what a publisher says, ``None`` if it says nothing that makes sense.

    Args:
        path: The file; its content is untrusted, and so is what it is: the folder is the
            publisher's own. A pipe, a link or a device is not waited for, followed or read.
    """
    content = read_group_file(path, _MAXIMUM_BYTES)
    untrusted_line = "" if content is None else content.decode("ascii", "replace")
    if not _LINE.fullmatch(untrusted_line):
        return None
    return SentAccount(*map(int, untrusted_line.split()))
