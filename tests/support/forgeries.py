"""What an attacker with the broker in hand would try: replayed, edited, signed anew, misplaced.

``attack`` offers as many as it is asked for to a verifier, and tells how many of each kind were
believed: the answer must be none.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from edge_lpr.subscriber.verdicts import (
    Refusal,
    Verdict,
    VerifiedHealth,
    VerifiedSighting,
)
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.wire import base64url
from edge_lpr.wire.claims import encode_claims
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.sighting import SIGHTING_TYP, SightingClaims, sign_sighting
from edge_lpr.wire.topics import TopicKind
from tests.support.clock import SetClock
from tests.support.fleet import AUTHORITY, SIGHTING, SignedBooth

_GENUINE = 200
"""Sightings that the verifier has received before the attack."""

Attempt = tuple[str, bytes]
"""Topic and payload."""


class Attacker:
    """Knows everything that was published, and no key of the booth or the authority."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - forgeries need not be secret
        self.booth = SignedBooth()
        self._neighbour = SignedBooth("booth-2")
        self._stranger = SignedBooth(authority=SigningKey.generate())
        self._thief = SigningKey.generate()
        self.genuine = self.booth.sightings(_GENUINE)
        self._foreign = self._neighbour.sightings(_GENUINE)
        self._health = self.booth.health(_GENUINE)
        self.births = [self.booth.birth(), self._neighbour.birth()]
        self._kinds: list[tuple[str, Callable[[], Attempt]]] = [
            ("replayed", self._replay),
            ("edited", self._edit),
            ("signed anew", self._sign_anew),
            ("signed anew under the booth's key id", self._sign_as_the_booth),
            ("without a signature", self._leave_unsigned),
            ("uncertified", self._certify_by_nobody),
            ("another booth's", self._misplace),
            ("health as a sighting", self._offer_health),
            ("health replayed", self._replay_health),
        ]

    def attempts(self, count: int) -> Iterator[tuple[str, Attempt]]:
        """Yield what is tried, kind by kind in turn."""
        for number in range(count):
            kind, make = self._kinds[number % len(self._kinds)]
            yield kind, make()

    def _topic(self, kind: TopicKind = TopicKind.SIGHTING) -> str:
        return self.booth.topic(kind)

    def _replay(self) -> Attempt:
        return self._topic(), self._chance.choice(self.genuine)

    def _replay_health(self) -> Attempt:
        return self._topic(TopicKind.HEALTH), self._health

    def _edit(self) -> Attempt:
        document = bytearray(self._chance.choice(self.genuine))
        place = self._chance.randrange(len(document))
        document[place] ^= 1 << self._chance.randrange(7)
        return self._topic(), bytes(document)

    def _sign_anew(self) -> Attempt:
        return self._topic(), sign_sighting(self._invented(), self._thief)

    def _sign_as_the_booth(self) -> Attempt:
        return self._topic(), self._forge("EdDSA", self._signature)

    def _leave_unsigned(self) -> Attempt:
        algorithm = self._chance.choice(["none", "HS256", "EdDSA"])
        return self._topic(), self._forge(algorithm, lambda _signed: bytes(64))

    def _certify_by_nobody(self) -> Attempt:
        if self._chance.random() < 0.5:
            return self._topic(TopicKind.BIRTH), self._stranger.birth()
        return self._topic(), sign_sighting(self._invented(), self._stranger.event_key)

    def _misplace(self) -> Attempt:
        return self._topic(), self._chance.choice(self._foreign)

    def _offer_health(self) -> Attempt:
        document = self._chance.choice([self._health, self.booth.gap(1, 2), self.births[0]])
        return self._topic(), document

    def _invented(self) -> SightingClaims:
        seq = self._chance.randrange(1, 2 * _GENUINE)
        return replace(SIGHTING, seq=seq, exact=self._chance.randbytes(16))

    def _signature(self, signed: bytes) -> bytes:
        return self._thief._key.sign(signed)

    def _forge(self, algorithm: str, sign: Callable[[bytes], bytes]) -> bytes:
        kid = self.booth.event_key.kid
        header = encode_claims({"alg": algorithm, "kid": kid, "typ": SIGHTING_TYP})
        payload = base64url.encode(self._invented().encode())
        signed = base64url.encode(header) + b"." + payload
        return signed + b"." + base64url.encode(sign(signed))


def attack(count: int, seed: int = 0) -> Counter[str]:
    """Offer forgeries to a verifier that knows two booths, and count what it believes.

    Args:
        count: How many to try; a hundred thousand take half a minute.
        seed: Of the attacker's choices.

    Returns:
        Number tried by kind, and under ``believed`` how many of all got through.
    """
    attacker = Attacker(seed)
    verifier = FleetVerifier(AUTHORITY.public_key, SetClock())
    for booth_birth, device in zip(attacker.births, ("booth-1", "booth-2"), strict=True):
        verifier.receive(SignedBooth(device).topic(TopicKind.BIRTH), booth_birth)
    for document in attacker.genuine:
        verifier.receive(attacker.booth.topic(TopicKind.SIGHTING), document)
    verifier.receive(attacker.booth.topic(TopicKind.HEALTH), attacker.booth.health(_GENUINE))
    tried: Counter[str] = Counter(believed=0)
    for kind, (topic, payload) in attacker.attempts(count):
        tried[kind] += 1
        tried["believed"] += is_believed(verifier.receive(topic, payload))
    return tried


def is_believed(verdict: Verdict) -> bool:
    """Return whether a consumer would be given this as something new."""
    if isinstance(verdict, Refusal):
        return False
    if isinstance(verdict, VerifiedSighting | VerifiedHealth):
        return not verdict.is_duplicate
    return True
