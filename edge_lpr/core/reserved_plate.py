"""The plate of the printed test card (``docs/card.md``), which no authority can issue.

Nine letters and no digit. Plates that are issued are shorter or have digits: a chosen text has at
most eight characters, longer plates come from a series with digits in it. How sure that is, and
what happens to a vehicle that carries it all the same: ``docs/decisions/0042-the-test-card.md``.
"""

from typing import Final

RESERVED_PLATE: Final = b"TESTPLATE"
"""In canonical form."""
