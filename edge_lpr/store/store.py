"""The store: commits batches of verified messages, once each, whoever brings them how often.

Exactly once in effect: the sightings' key makes a second delivery change nothing, and a batch is
committed before anything of it is acknowledged to the broker. What a batch means for numbers and
chains is queued in the same transaction and judged by ``audit.py``.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from edge_lpr.core.clock import Clock
from edge_lpr.store.audit import Audit
from edge_lpr.store.boot_book import Finding
from edge_lpr.store.checkpoint_table import CheckpointTable
from edge_lpr.store.database import Database, SightingRow
from edge_lpr.store.figures import read_figures
from edge_lpr.store.health_table import HealthTable
from edge_lpr.store.hits import HitTable
from edge_lpr.store.parked import LONGEST_WAIT_S, ParkedTable
from edge_lpr.store.records import DAY_S, MAXIMUM_AHEAD_S, AuditReport, Batch, Stored
from edge_lpr.subscriber.verdicts import AuthenticBirth, AuthenticSighting
from edge_lpr.wire.sighting import FIRST_PREV
from edge_lpr.wire.topics import DeviceAddress

_MAXIMUM_KNOWN_BOOTS: Final = 200_000
"""Row numbers of boots that are remembered; beyond it they are asked for anew."""


class Store:
    """One session's way to the store. Not shared between threads."""

    def __init__(self, database: Database, clock: Clock, *, retention_days: int) -> None:
        """Use a database that ``migrate`` has prepared.

        Args:
            database: A session of this store's own.
            clock: Its UTC says what is too old.
            retention_days: Days that sightings are kept, at least 1.
        """
        self._database = database
        self._clock = clock
        self._retention_days = retention_days
        self._boots: dict[tuple[DeviceAddress, str], int] = {}
        self._booths: dict[DeviceAddress, int] = {}
        self._audit = Audit(database, retention_days=retention_days)
        self._healths = HealthTable(database)
        self.checkpoints = CheckpointTable(database)
        """Checkpoints of booths' audit logs."""
        self.parked = ParkedTable(database)
        """Documents that wait for the birth of their key."""
        self.hits = HitTable(database)
        """Hits, until they are delivered."""

    def add(self, batch: Batch) -> Stored:
        """Commit a batch.

        Args:
            batch: Verified messages. Not modified.

        Returns:
            What became of it; now all of it may be acknowledged to the broker.

        Raises:
            StoreError: Nothing was committed; the same batch may be tried again.
        """
        now = self._clock.unix_s()
        self._find_boots(batch)
        kept, too_old, too_new = self._by_age(batch.sightings, now)
        self._database.prepare_days({row[2] // DAY_S for row in kept})
        with self._database.transaction():
            inserted = self._database.insert_sightings(kept)
            self._database.queue_arrivals([*too_old, *too_new])
            self._note_conflicts(inserted.conflicts, now)
            self._store_births(batch.births, now)
            self._healths.keep(
                [
                    (self._booths[each.address], self._boots[each.address, each.claims.boot], each)
                    for each in batch.healths
                ],
                now,
            )
            self._queue_statements(batch)
            contradictions = self.checkpoints.keep(
                [(self._booths[each.address], each) for each in batch.checkpoints], now
            )
            hits = self._add_hits(batch, kept, now)
            self.parked.remove(batch.unparked)
            parked = self.parked.add(batch.to_park, now)
        return Stored(
            new=inserted.new,
            duplicates=len(kept) - inserted.new - len(inserted.conflicts),
            too_old=len(too_old),
            too_new=len(too_new),
            conflicts=len(inserted.conflicts),
            hits=hits,
            parked=parked,
            not_parked=len(batch.to_park) - parked,
            contradictions=tuple(contradictions),
        )

    def births(self) -> list[tuple[DeviceAddress, bytes, int]]:
        """Return every birth that is kept: address, document and when it was received."""
        rows = self._database.rows(
            "SELECT tenant, site, device, document, received_at FROM birth "
            "JOIN booth ON booth.id = birth.booth_id ORDER BY received_at"
        )
        return [
            (DeviceAddress(tenant, site, device), bytes(document), received_at)
            for tenant, site, device, document, received_at in rows
        ]

    def audit(self) -> AuditReport | None:
        """Enter what has come into the ledger, find gaps, and say what to ask for.

        Returns:
            What was found; ``None`` if another session is at it.

        Raises:
            StoreError: Nothing was committed; the next audit does it.
        """
        return self._audit.run(self._clock.unix_s())

    def keep_house(self) -> int:
        """Make the next days' partitions, and drop what is older than the retention.

        Returns:
            How many days (in SQLite: sightings) were dropped.

        Raises:
            StoreError: It could not be done now; the next time will do.
        """
        today = self._clock.unix_s() // DAY_S
        self._database.prepare_days(range(today, today + MAXIMUM_AHEAD_S // DAY_S + 1))
        oldest_day = today - self._retention_days
        with self._database.transaction():
            self.hits.drop_before(oldest_day * DAY_S)
            self.parked.drop_before(self._clock.unix_s() - LONGEST_WAIT_S)
            self.checkpoints.thin_out(self._clock.unix_s())
        return self._database.drop_days_before(oldest_day)

    def figures(self) -> dict[str, int]:
        """Return what Prometheus is told about the store, by the names of ``metrics.py``.

        Raises:
            StoreError: The database is away.
        """
        return read_figures(self._database, self._clock.unix_s())

    def close(self) -> None:
        """End the session; may be called twice."""
        self._database.close()

    def _by_age(
        self, sightings: Iterable[AuthenticSighting], now: int
    ) -> tuple[list[SightingRow], list[SightingRow], list[SightingRow]]:
        """Return the rows of sightings to keep, ascending, of older ones and of future ones."""
        earliest = (now // DAY_S - self._retention_days) * DAY_S
        latest = now + MAXIMUM_AHEAD_S
        kept, too_old, too_new = [], [], []
        for each in sightings:
            row = _row(self._boot_id(each), each, now)
            if each.claims.at < earliest:
                too_old.append(row)
            elif each.claims.at > latest:
                too_new.append(row)
            else:
                kept.append(row)
        kept.sort(key=lambda row: row[:2])
        return kept, too_old, too_new

    def _note_conflicts(self, conflicts: Iterable[tuple[int, int]], now: int) -> None:
        """Say that a second sighting came under a number."""
        self._database.change_each(
            "INSERT INTO finding (boot_id, seq, kind, noticed_at) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            [(*each, Finding.CONFLICT.value, now) for each in sorted(conflicts)],
        )

    def _add_hits(self, batch: Batch, kept: Iterable[SightingRow], now: int) -> int:
        """Note the hits of sightings that are kept: an old one played again alarms nobody."""
        kept_keys = {row[:3] for row in kept}
        hits = [(self._boot_id(each), each.claims, hit) for each, hit in batch.hits]
        return self.hits.add(
            [each for each in hits if (each[0], each[1].seq, each[1].at) in kept_keys], now
        )

    def _store_births(self, births: Sequence[tuple[AuthenticBirth, bytes]], now: int) -> None:
        """Keep the latest birth of every event key."""
        self._database.change_each(
            "INSERT INTO birth (booth_id, kid, not_after, document, received_at) "
            "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (booth_id, kid) DO UPDATE SET "
            "not_after = excluded.not_after, document = excluded.document, "
            "received_at = excluded.received_at WHERE excluded.not_after >= birth.not_after",
            sorted(
                (
                    self._booths[birth.address],
                    birth.certificate.event_key.kid,
                    birth.certificate.not_after,
                    document,
                    now,
                )
                for birth, document in births
            ),
        )

    def _queue_statements(self, batch: Batch) -> None:
        """Queue for the audit what devices say about their numbers."""
        statements: list[tuple[int, str, int, int, bytes | None]] = []
        for birth, _ in batch.births:
            claims, previous = birth.claims, birth.claims.previous
            boot_id = self._boots[birth.address, claims.boot]
            if previous is None:
                statements.append((boot_id, "first_start", 0, 0, FIRST_PREV))
            else:
                ended = self._boots[birth.address, previous.boot]
                statements.append((ended, "end", 1, previous.seq, previous.link))
        for health in batch.healths:
            boot_id = self._boots[health.address, health.claims.boot]
            statements.append((boot_id, "health", 1, health.claims.seq, health.claims.link))
        for gap in batch.gaps:
            boot_id = self._boots[gap.address, gap.claims.boot]
            reason = gap.claims.reason.value
            statements.append((boot_id, reason, gap.claims.first, gap.claims.last, None))
        self._database.change_each(
            "INSERT INTO statement (boot_id, kind, first, last, link) VALUES (%s, %s, %s, %s, %s)",
            statements,
        )

    def _boot_id(self, sighting: AuthenticSighting) -> int:
        """Return the row number of a sighting's boot."""
        return self._boots[sighting.address, sighting.claims.boot]

    def _find_boots(self, batch: Batch) -> None:
        """Learn the row numbers of every booth and boot of a batch, making new rows.

        In transactions of their own, so that what is remembered is there whatever becomes of the
        batch.
        """
        named = {(each.address, each.claims.boot) for each in batch.sightings}
        named |= {(each.address, each.claims.boot) for each in batch.healths}
        named |= {(each.address, each.claims.boot) for each in batch.gaps}
        for birth, _ in batch.births:
            named.add((birth.address, birth.claims.boot))
            if birth.claims.previous is not None:
                named.add((birth.address, birth.claims.previous.boot))
        for each in batch.checkpoints:
            # Of no boot: a log goes on over all of them.
            self._find_booth(each.address)
        unknown = sorted(named - self._boots.keys(), key=_names)
        if not unknown:
            return
        if len(self._boots) + len(unknown) > _MAXIMUM_KNOWN_BOOTS:
            self._boots.clear()
            unknown = sorted(named, key=_names)
        for address, boot in unknown:
            self._boots[address, boot] = self._find_boot(self._find_booth(address), boot)

    def _find_booth(self, address: DeviceAddress) -> int:
        """Return the row number of a booth, making the row if it is new."""
        if address not in self._booths:
            names = (address.tenant, address.site, address.device)
            self._database.change(
                "INSERT INTO booth (tenant, site, device) VALUES (%s, %s, %s) "
                "ON CONFLICT DO NOTHING",
                names,
            )
            ((booth_id,),) = self._database.rows(
                "SELECT id FROM booth WHERE tenant = %s AND site = %s AND device = %s", names
            )
            self._booths[address] = booth_id
        return self._booths[address]

    def _find_boot(self, booth_id: int, boot: str) -> int:
        """Return the row number of a boot, making the row if it is new."""
        self._database.change(
            "INSERT INTO boot (booth_id, boot) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (booth_id, boot),
        )
        ((boot_id,),) = self._database.rows(
            "SELECT id FROM boot WHERE booth_id = %s AND boot = %s", (booth_id, boot)
        )
        return int(boot_id)


def _names(named: tuple[DeviceAddress, str]) -> tuple[str, str, str, str]:
    """Return what boots are put in order by, the same in every worker."""
    address, boot = named
    return address.tenant, address.site, address.device, boot


def _row(boot_id: int, sighting: AuthenticSighting, now: int) -> SightingRow:
    """Return the row of a sighting."""
    claims = sighting.claims
    return (
        boot_id,
        claims.seq,
        claims.at,
        now,
        claims.epoch,
        claims.lane,
        claims.dir,
        claims.tq.value,
        claims.conf,
        claims.reads,
        claims.test,
        claims.exact,
        claims.fold,
        claims.entry,
        None if claims.entry is None else claims.possible,
        claims.prev,
        sighting.link,
    )
