"""The rows about the processes of a booth."""

from tests.reliability.row import Row, counted
from tests.reliability.service_kills import kill_services

_SEED = 20_454


def service_kills(scale: float) -> Row:
    """Return the row about SIGKILLs of tokeniser and publisher under load."""
    found = kill_services(max(2, round(500 * scale)), seed=_SEED)
    killed = ", ".join(f"{service} {count}" for service, count in sorted(found["kills"].items()))
    return Row(
        name="service-kills",
        tried=f"{counted(found['kills'].total(), 'SIGKILLs')} ({killed}) while vehicles pass, "
        "each started again at once",
        goal="0 lost, 0 doubled, 0 refused by the server, counted from the commit in the outbox",
        found=f"{found['lost']} lost, {found['doubled']} doubled, {found['refused']} refused of "
        f"{found['committed']:,} committed; {found['resent']:,} came twice and were recognised",
        is_reached=not (
            found["lost"] or found["doubled"] or found["refused"] or found["failed_stops"]
        ),
        figures=found,
    )
