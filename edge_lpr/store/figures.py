"""What the store counts about itself, for Prometheus: one statement each."""

from typing import Final

from edge_lpr.store.database import Database

# Silent: a booth sends a health record every minute, and two may get lost on the way.
_STATEMENTS: Final = {
    "booths": "SELECT count(*) FROM booth",
    "booths_silent": "SELECT count(*) FROM health WHERE received_at < %s - 180",
    "gaps_open": "SELECT count(*) FROM gap WHERE closed_at IS NULL",
    "numbers_missing": "SELECT coalesce(sum(missing), 0) FROM gap WHERE closed_at IS NULL",
    "numbers_given_up": "SELECT coalesce(sum(last - first + 1), 0) FROM given_up",
    "oldest_gap_seconds": "SELECT %s - min(noticed_at) FROM gap WHERE closed_at IS NULL",
    "findings": "SELECT count(*) FROM finding",
    "checkpoint_contradictions": "SELECT count(*) FROM checkpoint WHERE growth <> 'grown'",
    "arrivals_waiting": "SELECT count(*) FROM arrival",
    "documents_parked": "SELECT count(*) FROM parked",
    "hits_waiting": "SELECT count(*) FROM hit WHERE sent_at IS NULL",
    "oldest_hit_seconds": "SELECT %s - min(noticed_at) FROM hit WHERE sent_at IS NULL",
}


def read_figures(database: Database, now: int) -> dict[str, int]:
    """Count.

    Args:
        database: The store's session.
        now: UTC in whole seconds since 1970.

    Returns:
        Figures by the names that ``metrics.py`` knows; ages are 0 where there is nothing.
    """
    figures = {}
    for name, statement in _STATEMENTS.items():
        parameters = [now] * statement.count("%s")
        ((value,),) = database.rows(statement, parameters)
        figures[name] = int(value or 0)
    return figures
