"""The files between an operator and Mosquitto: the list is read, the rules are written."""

import secrets
from pathlib import Path
from typing import Final

from edge_lpr.broker.access_list import MAXIMUM_LIST_BYTES, AccessList, parse_access_list
from edge_lpr.broker.access_rules import consumer_rules, device_rules
from edge_lpr.core.errors import SettingsError

_READABLE: Final = 0o644
"""The rules are no secret, and Mosquitto reads them as a user of its own."""


def read_access_list(path: Path) -> AccessList:
    """Read the list of who may use the broker.

    Args:
        path: The list, at most ``MAXIMUM_LIST_BYTES`` long.

    Returns:
        The list.

    Raises:
        SettingsError: There is no such file, or a line of it makes no sense.
    """
    try:
        with path.open("rb") as file:
            untrusted_content = file.read(MAXIMUM_LIST_BYTES)
            is_longer = bool(file.read(1))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    if is_longer:
        raise SettingsError(f"{path}: longer than {MAXIMUM_LIST_BYTES} bytes; split the fleet")
    try:
        return parse_access_list(untrusted_content.decode("ascii"))
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: holds other characters than ASCII") from error
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error


def write_rules(access: AccessList, folder: Path) -> list[str]:
    """Write the rules of both listeners.

    Args:
        access: Whom to let in.
        folder: Where Mosquitto reads them.

    Returns:
        Names of the files that say something new; the others were left untouched.

    Raises:
        SettingsError: A file cannot be written.
    """
    rules = {"devices.acl": device_rules(access), "consumers.acl": consumer_rules(access)}
    return [name for name, text in rules.items() if _replace(folder / name, text)]


def _replace(path: Path, text: str) -> bool:
    """Make a file say something, whole or not at all; return whether it did not before."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        if path.is_file() and path.read_text("ascii", "replace") == text:
            return False
        temporary.write_text(text, "ascii")
        temporary.chmod(_READABLE)
        # Half a file of rules would lock booths out; the old or the new one is always there.
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise SettingsError(
            f"{path}: cannot be written ({error.strerror}); its folder must exist and be writable"
        ) from error
    return True
