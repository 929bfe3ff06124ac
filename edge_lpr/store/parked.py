"""Documents whose key no birth has named yet: not believed, not lost, and not without a limit."""

from collections.abc import Sequence
from typing import Final

from edge_lpr.store.database import Database
from edge_lpr.store.records import ParkedDocument
from edge_lpr.wire.sighting import sighting_hash

MAXIMUM_PARKED: Final = 100_000
"""Fifty megabytes: a big fleet's first minute. Whoever may write under a device's topic could
otherwise fill the disk."""

MAXIMUM_OF_A_TOPIC: Final = 1_000
"""Likewise for one booth, whose random keys could otherwise take the others' room and time."""

LONGEST_WAIT_S: Final = 86_400
"""A birth is retained and reaches every worker, so one that is a day late never comes."""


class ParkedTable:
    """Documents that wait for the birth of their key."""

    def __init__(self, database: Database) -> None:
        """Use the table of a database.

        Args:
            database: The store's session.
        """
        self._database = database

    def add(self, documents: Sequence[tuple[str, bytes]], now: int) -> int:
        """Park documents as far as there is room; one that is there already is no error.

        Args:
            documents: Topics and untrusted documents.
            now: UTC in whole seconds since 1970.

        Returns:
            How many have found room.
        """
        if not documents:
            return 0
        fitting = self._fitting(documents)
        self._database.change_each(
            "INSERT INTO parked (link, topic, document, received_at) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            sorted((sighting_hash(document), topic, document, now) for topic, document in fitting),
        )
        return len(fitting)

    def topics(self) -> set[str]:
        """Return the topics under which something is parked."""
        return {topic for (topic,) in self._database.rows("SELECT DISTINCT topic FROM parked")}

    def under(self, topic: str) -> list[ParkedDocument]:
        """Return some of the documents that are parked under a topic, the oldest first.

        Args:
            topic: As delivered.
        """
        rows = self._database.rows(
            "SELECT link, topic, document FROM parked WHERE topic = %s ORDER BY received_at "
            "LIMIT %s",
            (topic, MAXIMUM_OF_A_TOPIC),
        )
        return [
            ParkedDocument(bytes(link), topic, bytes(document)) for link, topic, document in rows
        ]

    def remove(self, links: Sequence[bytes]) -> None:
        """Forget documents that were judged.

        Args:
            links: Their ``sighting_hash``.
        """
        self._database.change_each(
            "DELETE FROM parked WHERE link = %s", sorted((link,) for link in links)
        )

    def drop_before(self, unix_s: int) -> None:
        """Forget documents that have waited since before a moment."""
        self._database.change("DELETE FROM parked WHERE received_at < %s", (unix_s,))

    def _fitting(self, documents: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
        """Return the documents for which there is room, in all and under their topics."""
        ((parked,),) = self._database.rows("SELECT count(*) FROM parked")
        left = {
            topic: MAXIMUM_OF_A_TOPIC - self._count(topic)
            for topic in sorted({topic for topic, _ in documents})
        }
        fitting: list[tuple[str, bytes]] = []
        for topic, document in documents:
            if left[topic] > 0 and len(fitting) < MAXIMUM_PARKED - parked:
                fitting.append((topic, document))
                left[topic] -= 1
        return fitting

    def _count(self, topic: str) -> int:
        """Return how many documents are parked under a topic."""
        ((parked,),) = self._database.rows("SELECT count(*) FROM parked WHERE topic = %s", (topic,))
        return int(parked)
