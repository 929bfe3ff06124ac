"""What ``edge-lpr diagnose`` looks at on the machine itself, as far as a report repeats it.

What it says of the three processes' own checks is in a report anyway, as they said it; so of the
diagnosis a report takes the codes, the first cause, and these.
"""

from collections.abc import Mapping
from typing import Final

MACHINE_CHECKS: Final[Mapping[str, tuple[str, ...]]] = {
    "settings": (),
    "disk_space": ("free_mb", "used_permille"),
    "clock": ("ahead_us", "answer_age_s"),
    "temperature": ("hottest_c",),
    "throttling": ("bits",),
    "memory": ("left_mb", "total_mb"),
    "disk_wear": ("used_percent",),
    "models_digests": (),
    "vision": ("restarts", "exit_status"),
    "tokeniser": ("restarts", "exit_status"),
    "publisher": ("restarts", "exit_status"),
    "vision_network": (),
    "vision_written": ("written_bytes",),
    "vision_exposure": ("exposure_tenths",),
    "tokeniser_exposure": ("exposure_tenths",),
    "publisher_exposure": ("exposure_tenths",),
    "record": (),
}
"""Names of checks, and of their numbers. A test holds these against the programs."""

CODE_PATTERN: Final = r"^LPR-[A-Z][0-9]{2}$"
"""Of ``docs/codes/``."""

MOST_CODES: Final = 80
"""More than there are."""
