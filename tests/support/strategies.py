"""Hypothesis strategies for what the laws speak about."""

from hypothesis import strategies as st

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH, MIN_PLATE_LENGTH, PLATE_ALPHABET
from edge_lpr.core.clock import TimeQuality
from edge_lpr.wire.birth import BirthClaims, PreviousBoot
from edge_lpr.wire.bounds import HASH_BYTES, MAXIMUM_SEQUENCE, MAXIMUM_UNIX_S
from edge_lpr.wire.sighting import READS_BUCKETS, SightingClaims

canonical_plates = st.lists(
    st.sampled_from(PLATE_ALPHABET), min_size=MIN_PLATE_LENGTH, max_size=MAX_PLATE_LENGTH
).map(bytes)
"""2 to 12 characters of the alphabet, as ASCII."""

boot_ids = st.from_regex(r"[0-9a-f]{16}", fullmatch=True)
"""Boot ids."""

links = st.binary(min_size=HASH_BYTES, max_size=HASH_BYTES)
"""Chain hashes, and tokens, which are as long."""

sightings = st.builds(
    SightingClaims,
    boot=boot_ids,
    seq=st.integers(1, MAXIMUM_SEQUENCE),
    at=st.integers(0, MAXIMUM_UNIX_S),
    tq=st.sampled_from([TimeQuality.SAVED, TimeQuality.RTC, TimeQuality.NTP]),
    lane=st.integers(1, 16),
    dir=st.sampled_from(["in", "out", "unknown"]),
    epoch=st.integers(0, MAXIMUM_UNIX_S // 86_400),
    exact=links,
    fold=links,
    conf=st.integers(0, 3),
    reads=st.sampled_from(READS_BUCKETS),
    prev=links,
    test=st.booleans(),
)
"""Every sighting that the contract allows."""

births = st.builds(
    BirthClaims,
    certificate=st.from_regex(r"[A-Za-z0-9_.-]{1,1024}", fullmatch=True).map(str.encode),
    boot=boot_ids,
    previous=st.none()
    | st.builds(PreviousBoot, boot=boot_ids, seq=st.integers(1, MAXIMUM_SEQUENCE), link=links),
    software=st.from_regex(r"[0-9A-Za-z.+!-]{1,64}", fullmatch=True),
    models=st.binary(min_size=32, max_size=32),
    camera_networked=st.booleans(),
    tq=st.sampled_from(TimeQuality),
    test=st.booleans(),
)
"""Every birth that the contract allows."""
