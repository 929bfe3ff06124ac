"""What a fleet has done, in numbers that can be added up over its processes."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields


@dataclass(slots=True)
class FleetCounters:
    """Counted since the start."""

    committed: int = 0
    """Sightings signed; each is a line of the truth file."""
    not_listed: int = 0
    """Passages that booths of hits alone have kept to themselves."""
    published: int = 0
    """Sightings that the broker has taken, those sent again too."""
    refused: int = 0
    """Messages that the broker has answered with a no."""
    dropped: int = 0
    """Sightings kept and not sent."""
    lost: int = 0
    """Sightings that only a gap names."""
    delayed: int = 0
    """Sightings sent late."""
    duplicated: int = 0
    """Sightings sent twice."""
    reordered: int = 0
    """Sightings sent after the next one."""
    resent: int = 0
    """Sightings sent again because somebody asked."""
    requests: int = 0
    """Requests answered."""
    requests_refused: int = 0
    """Requests that were not answered."""
    gaps: int = 0
    """Gaps signed."""
    health: int = 0
    """Health records signed."""
    connections: int = 0
    """Sessions that the broker has opened."""
    connections_lost: int = 0
    """Sessions that broke, and attempts that failed."""
    storms: int = 0
    """Times that all connections were cut."""
    restarts: int = 0
    """Booths that began a new boot."""
    waiting: int = 0
    """Messages that the broker has not taken yet; not a sum over time."""
    online: int = 0
    """Booths that have a session now; not a sum over time."""

    def as_mapping(self) -> dict[str, int]:
        """Return the numbers by their names."""
        return asdict(self)


def add_up(parts: Iterable[Mapping[str, int]]) -> FleetCounters:
    """Return the sum of several processes' numbers.

    Args:
        parts: As ``as_mapping`` gives them; names that are not known are passed over.
    """
    total = FleetCounters()
    names = [field.name for field in fields(FleetCounters)]
    for part in parts:
        for name in names:
            setattr(total, name, getattr(total, name) + int(part.get(name, 0)))
    return total
