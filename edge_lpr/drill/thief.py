"""The thief: tries everything on what he holds, in the same order every time.

1. Open recorded deliveries with every transport key he found.
2. Hashes without a key, one HMAC under everything that may be a key, and token suite 1 under every
   pair of keys, at the laboratory's cost and at the real one.
3. Join sightings on equal tokens.
4. Look for pictures in every stolen byte.

He has the program's source, so he knows the forms of all files and the suite, and a dictionary:
every plate that passed and many that did not. On a real plate space he would have to try them all;
what that costs is a matter of ``price.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from edge_lpr.drill.guessing import (
    Findings,
    Remembered,
    Targets,
    guess_across,
    guess_keyed,
    guess_plain,
    guess_suite,
)
from edge_lpr.drill.linking import TokenLinks, link_by_tokens
from edge_lpr.drill.loot import Loot
from edge_lpr.drill.pictures import find_pictures
from edge_lpr.tokens.laboratory import stretch_plate_cheaply
from edge_lpr.tokens.suite1 import stretch_plate
from edge_lpr.wire.jws import PublicKey

_PLATES_ACROSS: Final = 10
"""Plates that are tried under every pair of keys, whatever their labels say."""


@dataclass(frozen=True, slots=True, repr=False)
class Dictionary:
    """The plates that a thief tries. No ``repr``."""

    laboratory: Sequence[bytes]
    """For passages at the laboratory cost; the first ones passed."""
    real: Sequence[bytes]
    """For passages at the real cost; the first ones passed."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What every thief knows."""

    tenant: str
    """Stands in every topic."""
    authority: PublicKey
    """Stands in the deployment bundle."""
    salts: tuple[bytes, ...]
    """Names that a careless design might have salted with."""


@dataclass(slots=True, repr=False)
class Outcome:
    """What came of one theft. No ``repr``: it holds plates."""

    findings: Findings = field(default_factory=Findings)
    """Passages that he can name."""
    links: TokenLinks = field(default_factory=lambda: TokenLinks(0, 0))
    """Pairs that tokens link."""
    pictures: list[str] = field(default_factory=list)
    """Where pictures were found."""
    opened: int = 0
    """Recorded deliveries that opened."""


class Thief:
    """Attacks one loot after the other."""

    def __init__(self, knowledge: Knowledge, dictionary: Dictionary) -> None:
        """Bring what every thief has.

        Args:
            knowledge: Public facts.
            dictionary: Plates to try.
        """
        self._knowledge = knowledge
        self._dictionary = dictionary
        self._cheap = Remembered(stretch_plate_cheaply)
        self._real = Remembered(stretch_plate)

    @property
    def paid(self) -> int:
        """How many guesses at the real cost he has paid for."""
        return len(self._real)

    def attack(self, loot: Loot) -> Outcome:
        """Try everything.

        Args:
            loot: What was stolen; grows by the keys of deliveries that open.

        Returns:
            What came of it.
        """
        outcome = Outcome(opened=loot.open_deliveries(self._knowledge.authority))
        targets = Targets(loot.records)
        self._guess_without_suite(targets, loot, outcome.findings)
        self._guess_with_suite(targets, loot, outcome)
        outcome.links = link_by_tokens(loot.records)
        outcome.pictures = find_pictures(loot.contents)
        return outcome

    def _guess_without_suite(self, targets: Targets, loot: Loot, findings: Findings) -> None:
        """Try what breaks simpler designs."""
        plates = [*self._dictionary.laboratory, *self._dictionary.real]
        findings.merge(guess_plain(targets, plates, self._knowledge.salts))
        findings.merge(guess_keyed(targets, plates, sorted(loot.keys().all())))

    def _guess_with_suite(self, targets: Targets, loot: Loot, outcome: Outcome) -> None:
        """Make tokens as the booths do."""
        keys, tenant = loot.keys(), self._knowledge.tenant
        some = self._dictionary.laboratory[:_PLATES_ACROSS]
        whole, cheap = self._dictionary.laboratory, self._cheap
        for found in (
            guess_suite(targets, whole, keys, cheap, tenant=tenant),
            guess_across(targets, some, keys, stretch_plate_cheaply, tenant=tenant),
            guess_suite(targets, self._dictionary.real, keys, self._real, tenant=tenant),
        ):
            outcome.findings.merge(found)
