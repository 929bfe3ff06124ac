"""Where a booth fetches its next system, and what lies there.

Below the installer's ``update_url`` a web server has, for every board, one bundle and a file that
names it, both from ``scripts/build_update``. That file is signed by nobody and decides nothing but
what is fetched: the bundle is what must be signed.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import UpdateError
from edge_lpr.installation.model import Installation
from edge_lpr.installation.words import split_host_and_port
from edge_lpr.update.receiving import MAXIMUM_BUNDLE_BYTES
from edge_lpr.update.versions import SystemVersion

MAXIMUM_INDEX_BYTES: Final = 4096
"""The file has a hundred."""

HTTPS_PORT: Final = 443
"""Where the address names none."""

_MAXIMUM_SOURCE_BYTES: Final = 4096
_BUNDLE_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,120}\.raucb")


@dataclass(frozen=True, slots=True)
class UpdateSource:
    """Where to fetch; without the installer's other answers, which hold passwords."""

    host: str
    """Of the web server."""
    port: int
    """Likewise."""
    path: str
    """Of the folder, without a slash at its end."""
    proxy: tuple[str, int] | None
    """Host and port of an HTTP proxy on the way."""

    @classmethod
    def of(cls, installation: Installation) -> "UpdateSource | None":
        """Return the source that an installer has named, or ``None``.

        Args:
            installation: His answers.
        """
        url, proxy = installation.update_url, installation.network.proxy
        if url is None:
            return None
        host, port = split_host_and_port(url, HTTPS_PORT)
        _, _, path = url.removeprefix("https://").partition("/")
        return cls(
            host=host,
            port=port,
            path=f"/{path}".rstrip("/"),
            proxy=None if proxy is None else split_host_and_port(proxy, HTTPS_PORT),
        )

    def dump(self) -> str:
        """Return it as JSON, for the user that fetches."""
        fields = {"host": self.host, "port": self.port, "path": self.path, "proxy": self.proxy}
        return json.dumps(fields)

    @classmethod
    def read(cls, path: Path) -> "UpdateSource":
        """Return what ``dump`` has written.

        Args:
            path: The file, of root's.

        Raises:
            UpdateError: It is missing or damaged.
        """
        try:
            with path.open("rb") as file:
                fields = json.loads(file.read(_MAXIMUM_SOURCE_BYTES))
            proxy = fields["proxy"]
            return cls(
                host=str(fields["host"]),
                port=int(fields["port"]),
                path=str(fields["path"]),
                proxy=None if proxy is None else (str(proxy[0]), int(proxy[1])),
            )
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise UpdateError(
                f"{path}: does not say where to fetch; edge-lpr update source writes it"
            ) from error


@dataclass(frozen=True, slots=True)
class Offer:
    """What the server has for a board."""

    version: SystemVersion
    """Of the system."""
    name: str
    """Of the bundle's file, in the same folder."""
    size_bytes: int
    """Of the bundle."""


def read_offer(untrusted_bytes: bytes) -> Offer:
    """Return what the server's file says, every value within its bounds.

    Args:
        untrusted_bytes: JSON with ``version``, ``bundle`` and ``bytes``.

    Raises:
        UpdateError: It makes no sense.
    """
    sentence = "the update server's file makes no sense; make it anew with scripts/build_update"
    if len(untrusted_bytes) > MAXIMUM_INDEX_BYTES:
        raise UpdateError(sentence)
    try:
        fields = json.loads(untrusted_bytes)
        name, size_bytes = fields["bundle"], fields["bytes"]
        version = SystemVersion(fields["version"])
    except (ValueError, KeyError, TypeError, UpdateError) as error:
        raise UpdateError(sentence) from error
    is_size = type(size_bytes) is int and 0 < size_bytes <= MAXIMUM_BUNDLE_BYTES
    if not (is_size and isinstance(name, str) and _BUNDLE_NAME.fullmatch(name)):
        raise UpdateError(sentence)
    return Offer(version, name, size_bytes)
