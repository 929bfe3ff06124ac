"""Hypothesis strategies for what the laws speak about."""

from typing import get_args

from hypothesis import strategies as st

from edge_lpr.core.alphabet import MAX_PLATE_LENGTH, MIN_PLATE_LENGTH, PLATE_ALPHABET
from edge_lpr.core.clock import TimeQuality
from edge_lpr.core.vision_counts import CAMERA_STATES, VISION_COUNTERS
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire.birth import BirthClaims, Mode, PreviousBoot
from edge_lpr.wire.bounds import HASH_BYTES, MAXIMUM_EPOCH, MAXIMUM_SEQUENCE, MAXIMUM_UNIX_S
from edge_lpr.wire.deployment import Deployment
from edge_lpr.wire.device_certificate import CustodyTier, DeviceCertificate
from edge_lpr.wire.gap import GapClaims, GapReason
from edge_lpr.wire.health import (
    PUBLISHER_COUNTERS,
    TOKENISER_COUNTERS,
    Alarm,
    BoothFigures,
    HealthClaims,
)
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.key_delivery import EpochKeys, KeyDelivery
from edge_lpr.wire.request import MAXIMUM_REQUESTED, RequestClaims
from edge_lpr.wire.sighting import READS_BUCKETS, SightingClaims
from edge_lpr.wire.topics import DeviceAddress
from edge_lpr.wire.transport import TransportClaims
from edge_lpr.wire.watch_list import MAXIMUM_ENTRIES, WatchListManifest, chunks_for
from tests.assets.make_contract_messages import TECHNICIAN_CA, deployment

canonical_plates = st.lists(
    st.sampled_from(PLATE_ALPHABET), min_size=MIN_PLATE_LENGTH, max_size=MAX_PLATE_LENGTH
).map(bytes)
"""2 to 12 characters of the alphabet, as ASCII."""

boot_ids = st.from_regex(r"[0-9a-f]{16}", fullmatch=True)
"""Boot ids."""

links = st.binary(min_size=HASH_BYTES, max_size=HASH_BYTES)
"""Chain hashes, and tokens, which are as long."""

matches = st.just((None, False)) | st.tuples(st.binary(min_size=8, max_size=8), st.booleans())
"""No entry of a watch-list, or one, and whether it is only possible."""

sightings = st.builds(
    lambda match, **claims: SightingClaims(entry=match[0], possible=match[1], **claims),
    match=matches,
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
    mode=st.sampled_from(get_args(Mode)),
    keys_end=st.booleans(),
    test=st.booleans(),
)
"""Every birth that the contract allows."""

unix_times = st.integers(0, MAXIMUM_UNIX_S)
"""Seconds since 1970 that the contract can say."""

counts = st.integers(0, 990_000_000_000_000)
"""Any number that a counter can reach."""

days = st.integers(0, 36_525)
"""A century of days."""

alarms = st.lists(st.sampled_from(get_args(Alarm)), unique=True).map(tuple)
"""Any alarms, in any order."""


def counters(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, int]]:
    """Return some of the named counters, fine ones included."""
    return st.dictionaries(st.sampled_from(names), counts)


booth_figures = st.builds(
    BoothFigures,
    counters=counters(PUBLISHER_COUNTERS),
    unsent=counts,
    oldest_unsent_s=unix_times,
    kept=counts,
    tls_certificate_days=st.none() | days,
    temperature_c=st.none() | st.integers(-100, 200),
    alarms=alarms,
)
"""Everything that a publisher can say about itself."""

health_records = st.builds(
    HealthClaims,
    boot=boot_ids,
    seq=st.integers(0, MAXIMUM_SEQUENCE),
    link=links,
    at=unix_times,
    tq=st.sampled_from(TimeQuality),
    up_s=unix_times,
    camera=st.sampled_from(CAMERA_STATES),
    vision=st.none() | counters(VISION_COUNTERS),
    tokeniser=counters(TOKENISER_COUNTERS),
    queued=counts,
    certificate_days=days,
    key_days=days,
    figures=booth_figures,
    alarms=alarms,
    test=st.booleans(),
)
"""Every health record that the contract allows."""

_ends = st.tuples(st.integers(1, MAXIMUM_SEQUENCE), st.integers(1, MAXIMUM_SEQUENCE)).map(sorted)

gaps = st.builds(
    lambda ends, boot, at, reason: GapClaims(boot, ends[0], ends[1], at, reason),
    _ends,
    boot_ids,
    unix_times,
    st.sampled_from(GapReason),
)
"""Every gap that the contract allows."""

names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True)
"""Names of tenants, sites and devices."""

addresses = st.builds(DeviceAddress, names, names, names)
"""Every address that a topic can hold."""

requests = st.builds(
    lambda address, boot, first, more, at: RequestClaims(
        address, boot, first, min(first + more, MAXIMUM_SEQUENCE), at
    ),
    addresses,
    boot_ids,
    st.integers(1, MAXIMUM_SEQUENCE),
    st.integers(0, MAXIMUM_REQUESTED - 1),
    unix_times,
)
"""Every request that the contract allows."""

certificates = st.builds(
    lambda address, tier, validity: DeviceCertificate(
        address, SigningKey.generate().public_key, tier, *validity
    ),
    addresses,
    st.sampled_from(CustodyTier),
    st.tuples(unix_times, unix_times).map(sorted),
)
"""What an authority can certify, for a new key each."""

epochs = st.integers(0, MAXIMUM_EPOCH)
"""Key epochs."""


def ascending_epochs(fewest: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Return some epochs, at most 8, as a device holds them."""
    return st.lists(epochs, min_size=fewest, max_size=8, unique=True).map(sorted).map(tuple)


announcements = st.builds(
    TransportClaims,
    certificate=st.from_regex(r"[A-Za-z0-9_.-]{1,1024}", fullmatch=True).map(str.encode),
    number=st.integers(1, MAXIMUM_SEQUENCE),
    key=st.builds(lambda: TransportKey.generate().public_key),
    epochs=ascending_epochs(0),
    delivery=st.integers(0, MAXIMUM_SEQUENCE),
    at=unix_times,
)
"""Every announcement that the contract allows, for a new key each."""

deliveries = st.builds(
    lambda address, number, times, purpose, held: KeyDelivery(
        address, number, times[0], times[1], purpose, tuple(EpochKeys(*each) for each in held)
    ),
    addresses,
    st.integers(1, MAXIMUM_SEQUENCE),
    st.tuples(unix_times, unix_times).map(sorted),
    st.sampled_from(KeyPurpose),
    ascending_epochs(1).flatmap(
        lambda each: st.tuples(
            *(
                st.tuples(
                    st.just(epoch),
                    st.binary(min_size=32, max_size=32),
                    st.binary(min_size=32, max_size=32),
                )
                for epoch in each
            )
        )
    ),
)
"""Every delivery that the contract allows."""

manifests = st.builds(
    lambda address, epoch, version, entries, digest, at: WatchListManifest(
        address.tenant, address.site, epoch, version, entries, chunks_for(entries), digest, at
    ),
    addresses,
    epochs,
    st.integers(1, MAXIMUM_SEQUENCE),
    st.integers(0, MAXIMUM_ENTRIES),
    st.binary(min_size=32, max_size=32),
    unix_times,
)
"""Every manifest that the contract allows."""

CA_PEM = deployment().broker_ca_pem
"""A certificate authority."""

ports = st.integers(1, 65_535)
"""Ports that somebody can listen on."""

machine_addresses = st.ip_addresses(network="192.0.2.0/24").map(str) | st.ip_addresses(
    network="2001:db8::/32"
).map(str)
"""Addresses that a machine can have."""

deployments = st.builds(
    Deployment,
    tenant=addresses.map(lambda address: address.tenant),
    authority=st.builds(lambda: SigningKey.generate().public_key),
    broker_ca_pem=st.sampled_from([CA_PEM, CA_PEM * 2]),
    broker_host=st.from_regex(r"[0-9A-Za-z.:-]{1,253}", fullmatch=True),
    devices_port=ports,
    consumers_port=ports,
    enrolment_url=st.none() | ports.map("https://authority.example:{}".format),
    made_at=unix_times,
    addresses=st.lists(
        st.tuples(
            st.from_regex(r"[0-9a-z][0-9a-z.-]{0,252}", fullmatch=True),
            st.lists(machine_addresses, min_size=1, max_size=4, unique=True).map(tuple),
        ),
        max_size=4,
        unique_by=lambda named: named[0],
    ).map(tuple),
    technician_ca=st.sampled_from([None, TECHNICIAN_CA]),
)
"""Bundles with one certificate or two; no strategy makes certificates of its own."""
