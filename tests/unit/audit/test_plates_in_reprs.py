"""No type that holds a plate, a token or a key shows it, and no exception quotes it."""

import io
import json
import logging
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from edge_lpr.audit.leak_search import LeakSearch
from edge_lpr.core.alphabet import PLATE_ALPHABET
from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.errors import EdgeLprError
from edge_lpr.core.log import Log, start_logging
from edge_lpr.handoff.reading_message import READING_BYTES, ReadingMessage, parse_reading
from edge_lpr.store.records import Batch, ParkedDocument
from edge_lpr.subscriber.verdicts import AuthenticSighting, VerifiedSighting
from edge_lpr.synthesis.formats import FORMATS
from edge_lpr.synthesis.glyphs import HersheyTypeface
from edge_lpr.synthesis.lane import LanePass
from edge_lpr.synthesis.plates import render_plate
from edge_lpr.tokens.canonical import canonical_from_indices, canonicalise
from edge_lpr.tokens.key_ring import KeyPurpose, KeyRing
from edge_lpr.tokens.suite1 import TokenKeys, TokenPair, TokenScope, make_tokens
from edge_lpr.vision.contracts import Consensus, Frame, Reading
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.sighting import SightingClaims
from tests.support.fleet import SignedBooth

PLATE = "BN57CAH"
INDICES = np.array([PLATE_ALPHABET.index(c.encode()) for c in PLATE], np.uint8)
TOO_LARGE = np.concatenate([INDICES, np.array([99], np.uint8)])
SECRET = b"0123456789abcdefghijklmnopqrstuv"
TOKEN = SECRET[:16]
BOOTH = SignedBooth()


def reading_message() -> ReadingMessage:
    return ReadingMessage(1, "in", 3, 6, bytearray(INDICES.data))


def sighting() -> SightingClaims:
    return SightingClaims(
        boot="0123456789abcdef",
        seq=1,
        at=1_767_225_661,
        tq=TimeQuality.RTC,
        lane=1,
        dir="in",
        epoch=20_454,
        exact=TOKEN,
        fold=TOKEN,
        conf=2,
        reads=3,
        prev=bytes(16),
    )


def authentic_sighting() -> AuthenticSighting:
    return AuthenticSighting(BOOTH.address, BOOTH.certificate, sighting(), bytes(16))


HOLDERS: dict[str, Callable[[], object]] = {
    "frame": lambda: Frame(np.zeros((2, 2, 3), np.uint8), 0, 0),
    "reading": lambda: Reading(INDICES, np.ones((7, 36), np.float32)),
    "consensus": lambda: Consensus(INDICES, 6, 3, 1, "in", 0, 9, 0),
    "reading message": reading_message,
    "rendered plate": lambda: render_plate(
        PLATE, FORMATS["gb"][0].styles[0], HersheyTypeface(), np.random.default_rng(1)
    ),
    "lane pass": lambda: LanePass(0, 9, PLATE, ()),
    "token pair": lambda: TokenPair(TOKEN, TOKEN),
    "token keys": lambda: TokenKeys(SECRET, SECRET),
    "key ring": lambda: KeyRing(KeyPurpose.TEST, {1: TokenKeys(SECRET, SECRET)}),
    "signing key": SigningKey.generate,
    "sighting": sighting,
    "authentic sighting": authentic_sighting,
    "verified sighting": lambda: VerifiedSighting(
        BOOTH.address,
        BOOTH.certificate,
        sighting(),
        is_duplicate=False,
        is_linked=True,
        missing=None,
    ),
    "batch": lambda: Batch(sightings=[authentic_sighting()], to_park=[("topic", TOKEN)]),
    "parked document": lambda: ParkedDocument(bytes(16), "topic", TOKEN),
    "leak search": lambda: LeakSearch([PLATE]),
}


def shown_secrets(shown: str) -> list[str]:
    """Return what a text gives away: the plate in any form, a token or a key."""
    found = [leak.form for leak in LeakSearch([PLATE]).search(shown.encode(), "text")]
    found += [
        name for name, secret in {"token": TOKEN, "key": SECRET}.items() if is_in(secret, shown)
    ]
    return found


def is_in(secret: bytes, shown: str) -> bool:
    return secret.decode() in shown or secret.hex() in shown


@pytest.mark.parametrize("holder", HOLDERS)
def test_holder_of_a_secret_does_not_show_it(holder: str) -> None:
    held = HOLDERS[holder]()
    for shown in (repr(held), str(held), f"{held}", repr([held]), repr({"held": held})):
        assert shown_secrets(shown) == []


def test_secrets_would_be_found_if_they_were_shown() -> None:
    @dataclass
    class Careless:
        plate: str
        indices: bytes
        token: bytes

    shown = repr(Careless(PLATE, INDICES.tobytes(), TOKEN))
    assert {"ascii", "class indices, repr of bytes", "token"} <= set(shown_secrets(shown))


def parse_damaged_reading() -> None:
    buffer = bytearray(READING_BYTES)
    reading_message().pack_into(buffer)
    buffer[-1] = 1
    parse_reading(memoryview(buffer))


REFUSALS: dict[str, Callable[[], object]] = {
    "index outside the alphabet": lambda: canonical_from_indices(TOO_LARGE.data, bytearray(12)),
    "foreign character": lambda: canonicalise(PLATE + "€"),
    "plate too long": lambda: canonicalise(PLATE * 2),
    "not canonical": lambda: make_tokens(
        PLATE.lower().encode(), TokenKeys(SECRET, SECRET), TokenScope("a", "b", 1)
    ),
    "reading with a message in its padding": parse_damaged_reading,
    "reading of an impossible index": lambda: ReadingMessage(
        1, "in", 3, 6, bytearray(TOO_LARGE.data)
    ),
    "reading of an impossible lane": lambda: ReadingMessage(
        77, "in", 3, 6, bytearray(INDICES.data)
    ),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_exception_does_not_quote_the_plate(refusal: str) -> None:
    with pytest.raises(EdgeLprError) as refused:
        REFUSALS[refusal]()
    error = refused.value
    shown = "".join((str(error), repr(error), *map(repr, error.args)))
    assert shown_secrets(shown + "".join(traceback.format_exception(error))) == []


@pytest.mark.parametrize("refusal", REFUSALS)
def test_log_of_a_failure_does_not_quote_the_plate(
    refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr("sys.stderr", stderr)
    # Set to what they are, so that they are put back after start_logging has changed them.
    monkeypatch.setattr("sys.excepthook", sys.excepthook)
    monkeypatch.setattr("threading.excepthook", threading.excepthook)
    monkeypatch.setattr("sys.unraisablehook", sys.unraisablehook)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        start_logging("DEBUG")
        with pytest.raises(EdgeLprError) as refused:
            REFUSALS[refusal]()
        Log("test").failure(refused.value)
    finally:
        root.handlers[:], root.level = handlers, level
    assert json.loads(stderr.getvalue())["event"] == "failure"
    assert shown_secrets(stderr.getvalue()) == []
