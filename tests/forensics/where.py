"""Shows each plate that an earlier run has found, with what stands around it: a leak, or chance?

    python -m tests.forensics.where SCRATCH

The plates are rendered ones, so they may be shown. Six characters in whatever case, from behind and
with anything between them turn up in megabytes of signatures and digests by chance: then they stand
in the middle of such a text, and about as many decoys are found (``searching.py``).
"""

import json
import re
import sys
from pathlib import Path

from tests.forensics.plate_search import SEPARATORS, PlateSearch
from tests.support.memory_search import folded

_AROUND_BYTES = 48
_MOST = 3


def main(scratch: Path) -> int:
    """Look through all that lies openly in what a run has left."""
    remains = json.loads((scratch / "remains.json").read_text())
    search = PlateSearch(remains["plates"])
    for where, name in remains["evidence"].items():
        content = (scratch / name).read_bytes()
        for plate in sorted(search.plates_in(content)):
            places = [each.start() for each in _pattern(plate).finditer(content)]
            sys.stdout.write(f"{where} ({name}): {plate}, as text {len(places)} times\n")
            for place in places[:_MOST]:
                around = content[max(0, place - _AROUND_BYTES) : place + _AROUND_BYTES]
                sys.stdout.write(f"  {place:>12,}  {around!r}\n")
    return 0


def _pattern(plate: str) -> re.Pattern[bytes]:
    """Return what finds a plate as it is, folded, and both from behind."""
    forms = {form[::step] for form in (plate, folded(plate)) for step in (1, -1)}
    between = f"[{re.escape(SEPARATORS.decode('latin-1'))}]*"
    text = "|".join(between.join(form) for form in sorted(forms))
    return re.compile(text.encode("latin-1"), re.IGNORECASE)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
