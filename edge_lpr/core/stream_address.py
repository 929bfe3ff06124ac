"""Names a network camera in messages, without what may be secret in its address."""

import urllib.parse


def without_secrets(address: str) -> str:
    """Return as much of an address as a log or a screen may show.

    Many cameras take the password in the query, and some in the path
    (``/user=admin&password=secret``), so a query is left out and such a path too.

    Args:
        address: Such as ``rtsp://user:password@192.0.2.7:554/stream?password=secret``.

    Returns:
        Scheme, host, port and path: ``rtsp://192.0.2.7:554/stream``; "the address" if it is
        malformed.
    """
    try:
        parts = urllib.parse.urlsplit(address)
    except ValueError:
        return "the address"
    host_and_port = parts.netloc.rpartition("@")[2]
    path = parts.path if "=" not in parts.path else "/..."
    return urllib.parse.urlunsplit((parts.scheme, host_and_port, path, "", ""))
