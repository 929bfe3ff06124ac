"""What is stolen: one function for each row of the table, and what the table promises about it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from edge_lpr.drill.central_side import StolenDatabase
from edge_lpr.drill.crowd import SITES
from edge_lpr.drill.hit_only import HitOnlyDay
from edge_lpr.drill.linking import key_of
from edge_lpr.drill.loot import Loot, deliveries_of, keys_in_text
from edge_lpr.drill.real_week import StolenBooth
from edge_lpr.drill.records import (
    Message,
    TokenRecord,
    records_of_messages,
    records_of_outbox,
)
from edge_lpr.drill.restoring import add_backup
from edge_lpr.drill.rows import HIT_ONLY_ROW, Theft, nothing, of_days
from edge_lpr.drill.world import EPOCHS_HELD, World

PRICE: Final = "at the price"
"""What is not impossible but costs Argon2 guesses."""


class Recordings:
    """Everything that the broker carried, taken apart once."""

    def __init__(self, messages: list[Message]) -> None:
        """Take it apart.

        Args:
            messages: As recorded.
        """
        self._messages = messages
        self._records = records_of_messages(messages)
        self._deliveries = deliveries_of(messages)
        self._others = set(_public_values(messages))

    def loot(self) -> Loot:
        """Return what recordings yield, for one thief."""
        return Loot(
            contents=list(self._messages),
            records=list(self._records),
            deliveries=list(self._deliveries),
            others=set(self._others),
        )


def steal_broker(recordings: Recordings) -> Theft:
    """Everything that the broker ever carried."""
    return Theft(
        "broker, everything it ever carried",
        "0: no key, nothing to search",
        recordings.loot(),
        nothing,
    )


def steal_database(database: StolenDatabase) -> Theft:
    """The central server's database."""
    return Theft("central database", "0 without that day's keys", _database(database), nothing)


def steal_database_later(database: StolenDatabase, backup: Path, wrapping: Path) -> Theft:
    """The same more than R days later, with a backup of the authority from before."""
    loot = _database(database)
    add_backup(loot, backup, wrapping)
    return Theft(
        "central database after R days, and an old backup of the authority",
        "impossible for ever",
        loot,
        nothing,
    )


def steal_database_and_keys(database: StolenDatabase, world: World, day: int) -> Theft:
    """The central database and all keys of one day."""
    loot = _database(database)
    epoch = world.first_epoch + day
    for site in SITES:
        loot.add_keys(site, world.custodian.keys(site, epoch))
    return Theft(
        "central database and that day's keys",
        f"that day, {PRICE}: the honest worst case",
        loot,
        of_days(epoch),
    )


def steal_sealed_booth(stolen: StolenBooth, tier: str, recordings: Recordings) -> Theft:
    """A booth of tier A or B that is switched off; the thief has all recordings besides."""
    loot = recordings.loot()
    _add_card(loot, stolen)
    loot.add_key_state(stolen.card / "key-ring", stolen.booth.site, None)
    loot.records.extend(_outbox(stolen))
    return Theft(f"booth, switched off, tier {tier}", "0", loot, nothing)


def steal_open_booth(stolen: StolenBooth, epoch: int) -> Theft:
    """A booth of tier C that is switched off, and nothing else."""
    loot = Loot(records=_outbox(stolen))
    _add_card(loot, stolen)
    loot.add_key_state(stolen.card / "key-ring", stolen.booth.site, None)
    return Theft(
        "booth, switched off, tier C",
        f"today's sightings still in the outbox, {PRICE}",
        loot,
        of_days(epoch),
    )


def steal_open_booth_and_listen(stolen: StolenBooth, epoch: int, recordings: Recordings) -> Theft:
    """The same, and the broker's recordings of all days before and after."""
    loot = recordings.loot()
    _add_card(loot, stolen)
    loot.add_key_state(stolen.card / "key-ring", stolen.booth.site, None)
    return Theft(
        "the same, and the broker before and after",
        f"today and up to 3 future days of that site, {PRICE}",
        loot,
        of_days(*range(epoch, epoch + EPOCHS_HELD), site=stolen.booth.site),
    )


def take_over_booth(stolen: StolenBooth, epoch: int, recordings: Recordings) -> Theft:
    """A running booth with root: card, what the board gives it, memory, and all recordings."""
    loot = _running(stolen, recordings)
    return Theft(
        "booth, running, root",
        f"since midnight UTC and up to 3 future days of that site, {PRICE}",
        loot,
        of_days(*range(epoch, epoch + EPOCHS_HELD), site=stolen.booth.site),
    )


def take_over_hit_only_booth(day: HitOnlyDay) -> Theft:
    """A running booth in hit-only mode with root, and what the broker carried meanwhile."""
    stolen = day.stolen[0]
    recordings = Recordings(list(day.messages))
    within = of_days(*range(day.epoch, day.epoch + EPOCHS_HELD), site=stolen.booth.site)
    return Theft(
        HIT_ONLY_ROW,
        f"hits of that site, {PRICE}; of all others nothing",
        _running(stolen, recordings),
        lambda record: within(record) and key_of(record) in day.hits,
    )


def record_then_take_over(stolen: StolenBooth, epoch: int, recordings: Recordings) -> Theft:
    """Recordings of all days, deliveries of keys included, and then a running booth with root."""
    loot = _running(stolen, recordings)
    return Theft(
        "broker recordings, then a booth",
        "no past day: transport and epoch keys are gone",
        loot,
        of_days(epoch, site=stolen.booth.site),
    )


def _public_values(messages: Iterable[Message]) -> Iterable[bytes]:
    """Yield every value of 32 bytes in what is no sighting; a sighting has none."""
    for topic, payload in messages:
        if not topic.endswith("/sighting"):
            yield from keys_in_text(payload)


def _database(database: StolenDatabase) -> Loot:
    """Return what a copy of the central database yields."""
    return Loot(contents=list(database.contents), records=list(database.records))


def _running(stolen: StolenBooth, recordings: Recordings) -> Loot:
    """Return what root gets on a running booth, together with all recordings."""
    loot = recordings.loot()
    _add_card(loot, stolen)
    for file in sorted(stolen.board.iterdir()):
        loot.add_file(file)
    loot.add_key_state(stolen.card / "key-ring", stolen.booth.site, stolen.sealing_key())
    if stolen.memory is not None:
        loot.contents.append(("memory", stolen.memory))
    return loot


def _add_card(loot: Loot, stolen: StolenBooth) -> None:
    """Take every file of the card."""
    for file in sorted(stolen.card.rglob("*")):
        if file.is_file():
            loot.add_file(file)


def _outbox(stolen: StolenBooth) -> list[TokenRecord]:
    """Return the sightings of a stolen outbox."""
    booth = stolen.booth
    return records_of_outbox(booth.site, booth.device, stolen.card / "outbox.sqlite3")
