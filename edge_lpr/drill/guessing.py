"""The thief guesses: every plate of a dictionary, hashed in every way and under every key he has.

The thief has the program's source, so he makes tokens as the booths do. He does not know which
epoch or site a key belongs to where its label is missing, so he tries them all.
"""

import hashlib
import hmac
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from edge_lpr.drill.records import TokenRecord
from edge_lpr.tokens.suite1 import TOKEN_BYTES, TokenScope, finish_tokens

Stretch: TypeAlias = Callable[[bytes, bytes, TokenScope], bytes]
"""``stretch_plate``, or the laboratory's copy of it."""


class Remembered:
    """A stretching whose results are kept: the thief does not pay twice for the same guess."""

    def __init__(self, stretch: Stretch) -> None:
        """Begin with nothing.

        Args:
            stretch: Makes what is not known yet.
        """
        self._stretch = stretch
        self._known: dict[tuple[bytes, bytes, int], bytes] = {}

    def __call__(self, plate: bytes, stretch_key: bytes, scope: TokenScope) -> bytes:
        """Return the stretched plate; the site does not count."""
        place = plate, stretch_key, scope.epoch
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = self._stretch(plate, stretch_key, scope)
        return known

    def __len__(self) -> int:
        """Return how many guesses were paid for."""
        return len(self._known)


_HASHES: Final = (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.blake2b)
_DST: Final = b"alpr-token/v1"
_MOST_UNLABELLED: Final = 200
"""Of what may be a key without a label so many are tried in the suite; in an HMAC, all."""

_SAMPLE: Final = 50
"""Plates that every key is tried with: the most frequent ones, so that a key that fits shows."""


@dataclass(frozen=True, slots=True, repr=False)
class StolenKeys:
    """What a thief found that may be a key. No ``repr``."""

    stretch: Mapping[int, Collection[bytes]] = field(default_factory=dict)
    """Stretch keys by the epoch that they were labelled with."""
    site: Mapping[tuple[str, int], Collection[bytes]] = field(default_factory=dict)
    """Site keys by site and epoch."""
    others: frozenset[bytes] = frozenset()
    """Everything else of 32 bytes: signing keys, public keys, digests, unlabelled bytes."""

    def all(self) -> set[bytes]:
        """Return every value there is."""
        found = set(self.others)
        for labelled in (*self.stretch.values(), *self.site.values()):
            found.update(labelled)
        return found


class Targets:
    """Stolen sightings, ordered for looking tokens up."""

    def __init__(self, records: Iterable[TokenRecord]) -> None:
        """Sort them.

        Args:
            records: Stolen sightings.
        """
        self.tokens: dict[bytes, list[TokenRecord]] = {}
        self._by_scope: dict[tuple[str, int], dict[bytes, list[TokenRecord]]] = {}
        for record in records:
            scope = self._by_scope.setdefault((record.site, record.epoch), {})
            scope.setdefault(record.exact, []).append(record)
            for token in (record.exact, record.fold):
                self.tokens.setdefault(token, []).append(record)

    def epochs(self) -> list[int]:
        """Return the epochs that there are sightings of."""
        return sorted({epoch for _, epoch in self._by_scope})

    def scope(self, site: str, epoch: int) -> Mapping[bytes, list[TokenRecord]]:
        """Return the sightings of one site and day by their exact token."""
        return self._by_scope.get((site, epoch), {})


@dataclass(slots=True, repr=False)
class Findings:
    """Which passages a thief can name. No ``repr``: it holds plates."""

    named: dict[tuple[str, str, int], bytes] = field(default_factory=dict)
    """Plate by device, boot and number."""
    guesses: int = 0
    """How many plates were tried under how many keys."""

    def add(self, records: Iterable[TokenRecord], plate: bytes) -> None:
        """Name passages."""
        for record in records:
            self.named[record.device, record.boot, record.seq] = plate

    def merge(self, other: "Findings") -> None:
        """Take over what another attack has found."""
        self.named.update(other.named)
        self.guesses += other.guesses

    def plates(self) -> set[bytes]:
        """Return the plates that were found."""
        return set(self.named.values())


def guess_plain(
    targets: Targets, dictionary: Sequence[bytes], salts: Collection[bytes]
) -> Findings:
    """Try hashes without a key, plain and with every salt before and behind.

    Args:
        targets: What was stolen.
        dictionary: Plates to try.
        salts: What a careless design might have used: tenant, sites, days, names of the suite.

    Returns:
        What was found.
    """
    findings = Findings()
    for hashing in _HASHES:
        for salt in (b"", *salts):
            for plate in dictionary:
                for text in (salt + plate, plate + salt) if salt else (plate,):
                    token = hashing(text, usedforsecurity=False).digest()[:TOKEN_BYTES]
                    _look_up(targets, token, plate, findings)
    return findings


def guess_keyed(targets: Targets, dictionary: Sequence[bytes], keys: Collection[bytes]) -> Findings:
    """Try one HMAC under every key, over the plate alone and over the plate as the suite has it.

    A key is tried with the first plates of the dictionary, and with all of it if one of them fits.

    Args:
        targets: What was stolen.
        dictionary: Plates to try, those that pass most often first.
        keys: Everything that may be a key.

    Returns:
        What was found.
    """
    findings = Findings()
    for key in keys:
        sample = _keyed(targets, dictionary[:_SAMPLE], key)
        findings.merge(sample)
        if sample.named:
            findings.merge(_keyed(targets, dictionary[_SAMPLE:], key))
    return findings


def _keyed(targets: Targets, dictionary: Sequence[bytes], key: bytes) -> Findings:
    """Try one HMAC under one key."""
    findings = Findings()
    for plate in dictionary:
        for text in (plate, _DST + b"\x03" + bytes([len(plate)]) + plate):
            _look_up(targets, hmac.digest(key, text, "sha256")[:TOKEN_BYTES], plate, findings)
    return findings


def guess_suite(
    targets: Targets,
    dictionary: Sequence[bytes],
    keys: StolenKeys,
    stretch: Stretch,
    *,
    tenant: str,
) -> Findings:
    """Make tokens as the booths do, under every pair of labelled keys.

    Args:
        targets: What was stolen.
        dictionary: Plates to try.
        keys: What was stolen; only epochs of which both keys are there can be tried.
        stretch: At the cost of the stolen sightings.
        tenant: Whose booths they are; stands in every topic.

    Returns:
        What was found.
    """
    findings = Findings()
    wanted = set(targets.epochs())
    for epoch, pairs in _pairs(keys).items():
        for stretch_key, sites in pairs if epoch in wanted else ():
            for plate in dictionary:
                stretched = stretch(plate, stretch_key, TokenScope(tenant, "any", epoch))
                findings.guesses += 1
                for site, site_key in sites:
                    scope = TokenScope(tenant, site, epoch)
                    token = finish_tokens(stretched, plate, site_key, scope).exact
                    findings.add(targets.scope(site, epoch).get(token, ()), plate)
    return findings


def guess_across(
    targets: Targets,
    dictionary: Sequence[bytes],
    keys: StolenKeys,
    stretch: Stretch,
    *,
    tenant: str,
) -> Findings:
    """Try every value as either key of every stolen day: labels may lie, and keys may be reused.

    Args:
        targets: What was stolen.
        dictionary: Plates to try; a short list, since each is tried under every pair.
        keys: What was stolen.
        stretch: At the cost of the stolen sightings.
        tenant: Whose booths they are.

    Returns:
        What was found.
    """
    findings = Findings()
    unlabelled = sorted(keys.others)[:: max(1, len(keys.others) // _MOST_UNLABELLED)]
    labelled_site_keys = sorted({key for each in keys.site.values() for key in each})
    stretch_keys = sorted({key for each in keys.stretch.values() for key in each})
    sites = sorted({record.site for each in targets.tokens.values() for record in each[:1]})
    for epoch in targets.epochs():
        for stretch_key in stretch_keys or unlabelled:
            for plate in dictionary:
                stretched = stretch(plate, stretch_key, TokenScope(tenant, "any", epoch))
                findings.guesses += 1
                for site in sites:
                    scope = TokenScope(tenant, site, epoch)
                    for site_key in labelled_site_keys or [stretch_key]:
                        token = finish_tokens(stretched, plate, site_key, scope).exact
                        findings.add(targets.scope(site, epoch).get(token, ()), plate)
    return findings


def _pairs(keys: StolenKeys) -> dict[int, list[tuple[bytes, list[tuple[str, bytes]]]]]:
    """Return by epoch every stretch key with the site keys that it can be tried with."""
    return {
        epoch: [(stretch_key, list(_sites_of(keys, epoch))) for stretch_key in stretch_keys]
        for epoch, stretch_keys in keys.stretch.items()
        if any(True for _ in _sites_of(keys, epoch))
    }


def _sites_of(keys: StolenKeys, epoch: int) -> Iterator[tuple[str, bytes]]:
    """Yield site and key of every site key of an epoch."""
    for (site, labelled), values in keys.site.items():
        if labelled == epoch:
            for value in values:
                yield site, value


def _look_up(targets: Targets, token: bytes, plate: bytes, findings: Findings) -> None:
    """Name what carries a token."""
    findings.guesses += 1
    records = targets.tokens.get(token)
    if records is not None:
        findings.add(records, plate)
