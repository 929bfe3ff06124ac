"""Reports what is looked for: python report_hits.py BROKER_URL AUTHORITY_FILE WATCH_LIST."""

import asyncio
import sys

from edge_lpr.subscriber import AsyncSubscriber, VerifiedSighting


async def report(broker: str, authority: str, listed: str) -> None:
    """Print every hit; whatever else a server does with it can be awaited here."""
    async with AsyncSubscriber(broker, authority_key=authority, watchlist=listed) as fleet:
        async for event in fleet:
            if isinstance(event, VerifiedSighting) and (hit := event.hit):
                print(event.address.site, hit.match.value, *hit.entries, flush=True)


asyncio.run(report(*sys.argv[1:]))
