"""Searches a system's folder for secrets: by content, in compressed files too, and by path.

The paths are those at which a system keeps what is its own alone: an image that has one of them
gives every booth the same.
"""

import fnmatch
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge_lpr.system_image.packed import layers
from edge_lpr.system_image.secret_search import Finding, SecretSearch

_FORBIDDEN: Final = {
    "etc/ssh/ssh_host_*": "host key",
    "*/authorized_keys": "somebody's SSH key",
    "*/.ssh/*": "somebody's SSH settings",
    "*.lprkeys": "delivery of token keys",
    "*deployment.lpr": "deployment bundle",
    "*installation.toml": "answers of an installer",
    "etc/edge-lpr/*": "settings of one booth",
    "var/lib/edge-lpr/*": "state of one booth",
    "etc/credstore*/*": "credential",
    "var/lib/systemd/credential.secret": "key of systemd's credentials",
    "*/random-seed": "saved randomness",
    "etc/NetworkManager/system-connections/*": "network password",
    "etc/netplan/*": "network of one machine",
    "etc/wpa_supplicant/*.conf": "network password",
    "etc/pip.conf": "settings of the building machine",
    "*/pip/pip.conf": "settings of the building machine",
    "etc/apt/auth.conf*": "password of a mirror",
    "etc/apt/sources.list*": "mirror of the building machine",
    "*/.netrc": "password",
    "*/.pypirc": "password",
    "*/.git-credentials": "password",
    "*/.*_history": "what somebody typed",
    "*/direct_url.json": "folder of the building machine",
}
"""Paths, ``*`` stands for slashes too, and what lies there."""

_PUBLIC: Final = {
    # GnuTLS tries itself with these when it is asked to be FIPS 140; they are in its source.
    ("usr/lib/*/libgnutls.so.30.*", "private key, PEM"),
}
"""Keys that Debian ships to everybody, by path and form."""

_EMPTY_MACHINE_ID: Final = (b"", b"uninitialized\n")


def search_tree(root: Path, search: SecretSearch) -> list[Finding]:
    """Return what must not be in a system, by path and place.

    Args:
        root: Root of a system or of a boot partition, as a folder of this machine; all of it must
            be readable.
        search: What is searched for.

    Raises:
        ImageError: A compressed file cannot be opened.
    """
    found = []
    for path in sorted(root.rglob("*")):
        if not stat.S_ISREG(path.lstat().st_mode):
            continue
        where = path.relative_to(root).as_posix()
        content = path.read_bytes()
        found += list(_by_path(where, content))
        for name, part in layers(where, content):
            found += list(search.search(name, part))
    return [finding for finding in found if not _is_public(finding)]


def _is_public(finding: Finding) -> bool:
    """Return whether what was found is everybody's."""
    return any(
        finding.form == form and fnmatch.fnmatchcase(finding.where, pattern)
        for pattern, form in _PUBLIC
    )


def _by_path(where: str, content: bytes) -> Iterator[Finding]:
    """Yield what a file is by its place."""
    for pattern, form in _FORBIDDEN.items():
        if fnmatch.fnmatchcase(f"/{where}", f"/{pattern}"):
            yield Finding(where, form, 0)
    if where in {"etc/machine-id", "var/lib/dbus/machine-id"} and content not in _EMPTY_MACHINE_ID:
        yield Finding(where, "identity of a machine", 0)
    if where in {"etc/shadow", "etc/shadow-", "etc/gshadow", "etc/gshadow-"}:
        yield from _passwords(where, content)


def _passwords(where: str, content: bytes) -> Iterator[Finding]:
    """Yield every account that a password opens, an empty one too."""
    offset = 0
    for line in content.splitlines(keepends=True):
        password = line.split(b":")[1]
        # A group without a password lets nobody in who is no member.
        is_locked = password[:1] in (b"!", b"*") or ("gshadow" in where and not password)
        if not is_locked:
            yield Finding(where, "password", offset)
        offset += len(line)
