"""What it costs to try every plate of a plate space: the one table of assumptions, and sums.

Only orders of magnitude matter. Everything is for one thief with one graphics card that he rents;
ten of them take a tenth of the time for the same money.
"""

from dataclasses import dataclass
from typing import Final

from edge_lpr.drill.plate_shapes import PlateShape

SECONDS_AN_HOUR: Final = 3_600


@dataclass(frozen=True, slots=True)
class Assumption:
    """A figure that was not measured here."""

    name: str
    """What it is."""
    value: float
    """How much."""
    unit: str
    """Of what."""
    source: str
    """Who says so."""


SHA256_A_SECOND: Final = Assumption(
    "SHA-256 on one consumer graphics card",
    2.2e10,
    "guesses/s",
    "published hashcat figures for an RTX 4090 (mode 1400, about 22 GH/s)",
)
HMAC_A_SECOND: Final = Assumption(
    "HMAC-SHA256 on the same card",
    1.1e10,
    "guesses/s",
    "half of SHA-256: two hashes for each guess once the key is prepared (RFC 2104)",
)
ARGON2_A_SECOND: Final = Assumption(
    "Argon2id with 64 MiB and 3 passes on the same card",
    1_680.0,
    "guesses/s",
    "memory bandwidth: 8 times 64 MiB are moved a guess, and such a card moves about 0.96 TB/s "
    "(rule m x (3t - 1) of tobtu.com/minimum-password-settings gives 1,790)",
)
DOLLARS_AN_HOUR: Final = Assumption(
    "rent of the card", 0.35, "dollars/h", "what GPU market places asked in 2025"
)
ASSUMPTIONS: Final = (SHA256_A_SECOND, HMAC_A_SECOND, ARGON2_A_SECOND, DOLLARS_AN_HOUR)
"""Everything that the prices rest on; the drill prints it beside them."""


@dataclass(frozen=True, slots=True)
class Price:
    """What every plate of a space costs."""

    seconds: float
    """On one card."""

    @property
    def dollars(self) -> float:
        """Rent of the card for that long."""
        return self.seconds / SECONDS_AN_HOUR * DOLLARS_AN_HOUR.value

    def words(self) -> str:
        """Return time and money for people."""
        return f"{_duration(self.seconds)} ({_money(self.dollars)})"


def price_of(plates: int, rate: Assumption) -> Price:
    """Return what it costs to try so many plates.

    Args:
        plates: Size of the plate space.
        rate: Guesses a second.
    """
    return Price(plates / rate.value)


def day_price(shape: PlateShape) -> Price:
    """Return the price of one day of data whose keys were stolen; it covers every site."""
    return price_of(shape.size, ARGON2_A_SECOND)


_UNITS: Final = ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


def _duration(seconds: float) -> str:
    """Return a duration in the largest unit of which there are two or more."""
    for length, name in _UNITS:
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {name}"
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.1f} seconds"


def _money(dollars: float) -> str:
    """Return an amount; below a cent nobody counts."""
    return "less than a cent" if dollars < 0.01 else f"{dollars:,.2f} dollars"  # noqa: PLR2004
