"""Listens to what the authority's service answers, so that the screen shows how it is now."""

from collections.abc import Callable

from edge_lpr.provisioning.service_link import Reply, Silence
from edge_lpr.provisioning.waiting import Link


class WatchedLink:
    """Implements ``Link``: another one, and somebody who hears every answer."""

    def __init__(self, link: Link, hear: Callable[[Reply | Silence], None]) -> None:
        """Pass on.

        Args:
            link: Asks the service.
            hear: Is told each answer, before whoever asked.
        """
        self._link = link
        self._hear = hear

    def post(self, path: str, document: bytes) -> Reply | Silence:
        """Hand a document over.

        Args:
            path: Such as ``/v1/enrolments``.
            document: A signed one.
        """
        return self._heard(self._link.post(path, document))

    def get(self, path: str) -> Reply | Silence:
        """Ask for something.

        Args:
            path: Such as ``/v1/enrolments/ID``.
        """
        return self._heard(self._link.get(path))

    def _heard(self, reply: Reply | Silence) -> Reply | Silence:
        """Tell, and return the answer."""
        self._hear(reply)
        return reply
