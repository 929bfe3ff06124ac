"""At an ordinary start: how the last update has ended, and which version is good now."""

from typing import Final

from edge_lpr.update.records import Attempt, Stage, UpdateRecords
from edge_lpr.update.running import RunningImage

_CUT_OFF: Final[dict[Stage, str]] = {
    "installing": "it was not written to its end",
    "installed": "it did not start, or lost its power at once",
    "judged": "it stood still, crashed or lost its power while it was judged",
}
"""What the old system says of an update that did not end, by how far it came."""


def settle(image: RunningImage, records: UpdateRecords) -> Attempt | None:
    """Write down how the last update has ended.

    The system that an ordinary start leads to is good, or it would not be the one. So its version
    is noted as such: a power cut just after the gate has marked the slot may have left that out.

    Args:
        image: What runs.
        records: What the booth remembers.

    Returns:
        An update whose end was not written down yet; ``None`` if there is none.

    Raises:
        UpdateError: It cannot be written.
    """
    records.note_good(image.version)
    attempt = records.attempt()
    if attempt is None or attempt.stage in ("kept", "left"):
        return None
    if attempt.version == str(image.version):
        attempt = attempt.kept()
    else:
        attempt = attempt.left(_CUT_OFF[attempt.stage])
    records.write_attempt(attempt)
    return attempt
