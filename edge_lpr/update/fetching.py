"""Fetches a bundle by HTTPS, as a user that can do nothing else, and goes on where it stopped.

Whether the bundle may come in is not decided here: root and RAUC judge it from its signature on.
TLS keeps from others which system a booth runs, and spares it downloads that would be refused.
"""

import http.client
import os
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from edge_lpr.core.errors import UpdateError
from edge_lpr.update.receiving import RESERVE_BYTES, require_room
from edge_lpr.update.source import MAXIMUM_INDEX_BYTES, Offer, UpdateSource, read_offer

DEPLOYMENT_CA: Final = Path("/etc/edge-lpr/broker-ca.pem")
"""The deployment's own authority, from its bundle: it may certify the update server too."""

_TIMEOUT_S: Final = 60.0
_BLOCK_BYTES: Final = 1 << 18
_MAXIMUM_REASON: Final = 120
_PART_SUFFIX: Final = ".part"
_TAG_SUFFIX: Final = ".etag"
_MAXIMUM_TAG_BYTES: Final = 256
_STRONG_TAG: Final = re.compile(r'"[!#-~]{0,200}"')
"""What a server calls one state of a file; a weak tag does not say that every byte is the same."""


class UpdateServer:
    """One folder on a web server."""

    def __init__(self, source: UpdateSource, deployment_ca: Path = DEPLOYMENT_CA) -> None:
        """Prepare; nothing is connected.

        Args:
            source: Where it is.
            deployment_ca: Whom to believe besides the authorities of the system; need not exist.

        Raises:
            UpdateError: The deployment's certificate makes no sense.
        """
        self._source = source
        self._context = ssl.create_default_context()
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            if deployment_ca.exists():
                self._context.load_verify_locations(cafile=deployment_ca)
        except (OSError, ssl.SSLError) as error:
            raise UpdateError(
                f"{deployment_ca}: holds no sound certificate; enrol again"
            ) from error

    def offer(self, compatible: str) -> Offer:
        """Return what the server has for a board.

        Args:
            compatible: Of this booth's image; the server's file is called so.

        Raises:
            UpdateError: The server does not answer, has nothing, or makes no sense.
        """
        with self._answer(f"{compatible}.json") as response:
            return read_offer(response.read(MAXIMUM_INDEX_BYTES + 1))

    def fetch(self, offer: Offer, folder: Path, reserve_bytes: int = RESERVE_BYTES) -> Path:
        """Fetch a bundle, or the rest of it, and wait until it is on the disk.

        Args:
            offer: What the server has.
            folder: Of this process's user. Other bundles in it are removed.
            reserve_bytes: What must stay free on its partition.

        Returns:
            The bundle's file.

        Raises:
            UpdateError: The server does not answer or ends too early, or there is no room. What
                has come stays, for the next time.
        """
        whole = folder / offer.name
        part, tag_file = (folder / f"{offer.name}{each}" for each in (_PART_SUFFIX, _TAG_SUFFIX))
        try:
            for other in folder.iterdir():
                if other not in (whole, part, tag_file):
                    other.unlink()
            if whole.exists():
                return whole
            with part.open("ab") as file:
                self._complete(offer, file.fileno(), tag_file, reserve_bytes)
                os.fsync(file.fileno())
            part.rename(whole)
            tag_file.unlink(missing_ok=True)
        except OSError as error:
            raise UpdateError(f"{folder}: cannot be written ({_reason(error)})") from error
        return whole

    def _complete(self, offer: Offer, part: int, tag_file: Path, reserve_bytes: int) -> None:
        """Fetch what a file lacks; all of it, where nobody says that the rest is of the same."""
        have_bytes, tag = os.fstat(part).st_size, _read_tag(tag_file)
        if have_bytes > offer.size_bytes or not tag:
            os.ftruncate(part, 0)
            have_bytes = 0
        require_room(tag_file.parent, offer.size_bytes - have_bytes, reserve_bytes)
        if have_bytes == offer.size_bytes:
            return
        with self._answer(offer.name, have_bytes, tag) as response:
            if response.status == http.HTTPStatus.OK:
                # From the beginning, whether asked so or not: another file, or a server without
                # ranges.
                os.ftruncate(part, 0)
                have_bytes = 0
                tag_file.write_text(response.getheader("ETag", ""), "ascii", "replace")
            _append(response, part, offer.size_bytes - have_bytes)

    @contextmanager
    def _answer(
        self, name: str, first_byte: int = 0, tag: str = ""
    ) -> Iterator[http.client.HTTPResponse]:
        """Ask for a file of the folder, from a byte on if it is still the one with that tag."""
        connection = self._connection()
        headers = {"Range": f"bytes={first_byte}-", "If-Range": tag} if first_byte else {}
        url = f"https://{self._source.host}{self._source.path}/{name}"
        try:
            connection.request("GET", f"{self._source.path}/{name}", headers=headers)
            response = connection.getresponse()
            is_rest = first_byte > 0 and response.status == http.HTTPStatus.PARTIAL_CONTENT
            if not is_rest and response.status != http.HTTPStatus.OK:
                raise UpdateError(f"{url}: the server answers with status {response.status}")
            yield response
        except ssl.SSLCertVerificationError as error:
            raise UpdateError(
                f"{url}: who answers is not certified by an authority that this booth knows "
                f"({error.verify_message})"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise UpdateError(f"{url}: no answer, or it broke off ({_reason(error)})") from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPSConnection:
        """Return a connection that is not made yet, through the proxy if there is one."""
        source = self._source
        host, port = source.proxy or (source.host, source.port)
        connection = http.client.HTTPSConnection(
            host, port, timeout=_TIMEOUT_S, context=self._context
        )
        if source.proxy is not None:
            connection.set_tunnel(source.host, source.port)
        return connection


def _reason(error: OSError | http.client.HTTPException) -> str:
    """Return what happened, fit for the journal; a proxy's refusal is in its own words."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return "".join(each for each in text[:_MAXIMUM_REASON] if each.isprintable())


def _read_tag(path: Path) -> str:
    """Return the tag that a server gave to what has come, or nothing if it gave none."""
    try:
        with path.open("rb") as file:
            tag = file.read(_MAXIMUM_TAG_BYTES).decode("ascii", "replace")
    except FileNotFoundError:
        return ""
    return tag if _STRONG_TAG.fullmatch(tag) else ""


def _append(response: http.client.HTTPResponse, descriptor: int, wanted_bytes: int) -> None:
    """Write exactly that many bytes of an answer to a file's end."""
    left_bytes = wanted_bytes
    while left_bytes:
        block = response.read(min(_BLOCK_BYTES, left_bytes))
        if not block:
            raise UpdateError("the update server ended too early; the next time goes on from here")
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        left_bytes -= len(block)
