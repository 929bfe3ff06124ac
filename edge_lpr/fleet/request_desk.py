"""Whether a request is to be answered: the rules of a real booth, without its disk."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.core.errors import SettingsError, WireError
from edge_lpr.wire import base64url
from edge_lpr.wire.jws import PublicKey
from edge_lpr.wire.request import REQUEST_TYP, RequestClaims, parse_request
from edge_lpr.wire.topics import DeviceAddress

MAXIMUM_AGE_S: Final = 3600
"""A request is worth an hour before and after it was signed."""

INTERVAL_S: Final = 10
"""A consumer may ask a booth this often in the long run."""

BURST: Final = 6
"""So many requests may come at once."""

_NS_PER_S: Final = 1_000_000_000
_WORDS: Final = 2


def read_consumers(path: Path) -> dict[str, PublicKey]:
    """Read who may ask booths for sightings, in the form of ``publisher.consumers_file``.

    Args:
        path: One line for each consumer: name, space, public key in base64url.

    Returns:
        The keys by their names in signed headers.

    Raises:
        SettingsError: The file cannot be read, or a line of it makes no sense.
    """
    try:
        lines = path.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read as ASCII; name an existing file") from error
    keys: dict[str, PublicKey] = {}
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        try:
            key = PublicKey(base64url.decode(words[-1].encode()))
        except WireError as error:
            raise SettingsError(f"{path}: line {number}: {error}") from error
        if len(words) != _WORDS:
            raise SettingsError(f"{path}: line {number}: write the name, a space and the key")
        keys[key.kid] = key
    return keys


class RequestDesk:
    """Judges the requests that a booth receives."""

    def __init__(self, address: DeviceAddress, keys: Mapping[str, PublicKey], clock: Clock) -> None:
        """Judge for one booth.

        Args:
            address: The booth.
            keys: Who may ask, by the names in signed headers.
            clock: For ages and rates.
        """
        self._address = address
        self._keys = keys
        self._clock = clock
        self._whole_again_ns: dict[str, int] = {}

    def judge(self, untrusted_document: bytes) -> RequestClaims | None:
        """Return what is asked for, or ``None`` if it is not to be answered.

        Args:
            untrusted_document: As received, of any length.
        """
        try:
            document = parse_request(untrusted_document)
            key = self._keys.get(document.kid)
            if key is None:
                return None
            claims = RequestClaims.decode(document.verified(REQUEST_TYP, key))
        except WireError:
            return None
        is_meant = claims.address == self._address
        is_fresh = abs(self._clock.unix_s() - claims.at) <= MAXIMUM_AGE_S
        return claims if is_meant and is_fresh and self._may_ask(document.kid) else None

    def _may_ask(self, kid: str) -> bool:
        """Return whether a consumer has not asked too often, and remember that it asked."""
        now_ns = self._clock.monotonic_ns()
        # When the consumer may send a whole burst again; every request puts it off.
        whole_ns = max(now_ns, self._whole_again_ns.get(kid, now_ns)) + INTERVAL_S * _NS_PER_S
        if whole_ns > now_ns + BURST * INTERVAL_S * _NS_PER_S:
            return False
        self._whole_again_ns[kid] = whole_ns
        return True
