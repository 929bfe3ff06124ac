"""The row about everything between the booths and the store."""

from tests.reliability.row import Row, counted
from tests.reliability.storm import NOTICED_S, WORKERS, Storm, brew, overflow
from tests.support.forgeries import attack

_SEED = 20_454


def storm(scale: float) -> Row:
    """Return the row about a million sightings through everything that breaks."""
    plan = Storm(
        sightings=max(2_000, round(1_000_000 * scale)),
        rate_hz=250.0,
        booths=100,
        broker_kills=max(1, round(200 * scale)),
        disk_losses=max(1, round(20 * scale)),
        partitions=max(1, round(200 * scale)),
        worker_kills=max(1, round(50 * scale)),
        seed=_SEED,
    )
    found = brew(plan)
    happened = ", ".join(f"{counted(count, word)}" for word, count in _said(found["happened"]))
    is_whole = not (found["lost"] or found["doubled"] or found["invented"])
    is_closed = not (found["open_gaps"] or found["given_up"] or found["findings"])
    return Row(
        name="storm",
        tried=f"{counted(plan.sightings, 'sightings')} of {plan.booths} booths at "
        f"{plan.rate_hz:.0f} a second, {WORKERS} workers, PostgreSQL: {happened}",
        goal=f"0 lost, 0 doubled at the store; each gap noticed in ≤ {NOTICED_S} s",
        found=f"{found['lost']} lost, {found['doubled']} doubled, {found['invented']} invented of "
        f"{found['committed']:,}; {counted(found['gaps'], 'gaps')} noticed, the latest "
        f"{found['latest_notice_s']} s after the sighting was signed and "
        f"{found['latest_evidence_s']} s after a later one came, {found['open_gaps']} left open; "
        f"{found['fleet']['resent']:,} sent again; {found['ended']} workers ended by themselves",
        is_reached=is_whole
        and is_closed
        and found["happened"] == plan.blows
        and found["latest_notice_s"] <= NOTICED_S
        and not (found["ended"] or found["failed_stops"]),
        figures=found,
    )


def full_broker(scale: float) -> Row:
    """Return the row about a broker whose queue for the workers is full."""
    found = overflow(sightings=max(600, round(5_000 * scale)), queue=50)
    return Row(
        name="full-broker",
        tried="all workers away while the broker keeps 50 messages for them and drops the others "
        f"without a word, of {counted(found['committed'], 'sightings')}",
        goal="0 lost, 0 doubled: what was dropped is noticed, asked for and sent again",
        found=f"{found['lost']} lost, {found['doubled']} doubled; "
        f"{found['missed_for_a_while']:,} were missed for a while",
        is_reached=bool(found["missed_for_a_while"])
        and not (found["lost"] or found["doubled"] or found["invented"] or found["open_gaps"]),
        figures=found,
    )


def forgeries(scale: float) -> Row:
    """Return the row about what somebody with the broker in hand may try."""
    count = max(1_000, round(100_000 * scale))
    tried = dict(attack(count))
    believed = tried.pop("believed")
    kinds = ", ".join(f"{kind} {number:,}" for kind, number in sorted(tried.items()))
    return Row(
        name="forgeries",
        tried=f"{counted(count, 'forgeries')}: {kinds}",
        goal="all refused",
        found=f"{believed:,} believed",
        is_reached=believed == 0,
        figures={"tried": tried, "believed": believed},
    )


def _said(happened: dict[str, int]) -> list[tuple[str, int]]:
    """Return what happened in words that take a number."""
    words = {
        "broker killed": "broker kills",
        "broker's disk lost": "lost broker disks",
        "partition": "partitions",
        "worker killed": "worker kills",
    }
    return [(word, happened.get(kind, 0)) for kind, word in words.items()]
