"""One of several processes at the same authority: python -m ... FOLDER ROUNDS."""

import json
import sys
from pathlib import Path

from edge_lpr.authority.authority import Authority
from edge_lpr.authority.terminal import ask_pin
from tests.support.authority import today
from tests.support.clock import SetClock


def main() -> None:
    """Make keys, count plates and write the journal as fast as it goes; print what the keys are."""
    folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
    found = {}
    for number in range(rounds):
        with Authority.open(folder, ask_pin, SetClock()) as authority:
            epoch = today(authority) + number
            keys = authority.epoch_keys("north", epoch)
            found[epoch] = (bytes(keys.stretch) + bytes(keys.site)).hex()
            authority.claim_quota(today(authority), 1, "a test")
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
