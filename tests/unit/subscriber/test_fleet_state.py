import pytest

from edge_lpr.subscriber import fleet_state
from edge_lpr.subscriber.fleet_state import FleetState
from edge_lpr.subscriber.verdicts import DeviceStatus
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.wire.birth import PreviousBoot
from edge_lpr.wire.status import StatusClaims
from edge_lpr.wire.topics import DeviceAddress, TopicKind
from tests.support.clock import NOON_OF_THE_VECTORS, SetClock
from tests.support.fleet import AUTHORITY, HEALTH, SIGHTING, SignedBooth

NOON = NOON_OF_THE_VECTORS


class Watch:
    """A fleet of one booth, and what is known of it."""

    def __init__(self) -> None:
        self.booth = SignedBooth()
        self.verifier = FleetVerifier(AUTHORITY.public_key, SetClock())
        self.fleet = FleetState(self.verifier.device)

    def hear(
        self, kind: TopicKind, document: bytes, now: int = NOON, *, is_live: bool = True
    ) -> None:
        verdict = self.verifier.receive(self.booth.topic(kind), document)
        self.fleet.note(verdict, now, is_live=is_live)

    @property
    def device(self) -> fleet_state.DeviceState:
        return self.fleet.devices[self.booth.address]


@pytest.fixture
def watch() -> Watch:
    """Return a watch that has heard the retained birth."""
    watch = Watch()
    watch.hear(TopicKind.BIRTH, watch.booth.birth(), is_live=False)
    return watch


def _status(address: DeviceAddress, *, is_online: bool) -> DeviceStatus:
    return DeviceStatus(address, StatusClaims(SIGHTING.boot, is_online))


def test_retained_birth_does_not_mean_that_a_booth_was_seen(watch: Watch) -> None:
    assert (watch.device.software, watch.device.seen_at) == ("0.1.0", 0)
    assert watch.device.certificate_days(NOON) == 1
    assert watch.device.certificate_days(NOON + 30 * 86_400) == 0


def test_sighting_tells_how_late_it_is_once(watch: Watch) -> None:
    (document,) = watch.booth.sightings(1)
    watch.hear(TopicKind.SIGHTING, document, NOON + 7)
    watch.hear(TopicKind.SIGHTING, document, NOON + 9)
    device = watch.device
    assert (device.sightings, device.lag_s, device.seen_at) == (1, 7, NOON + 7)


@pytest.mark.parametrize("kind", [TopicKind.SIGHTING, TopicKind.HEALTH, TopicKind.GAP])
def test_what_is_played_again_does_not_make_a_dead_booth_look_alive(
    watch: Watch, kind: TopicKind
) -> None:
    document = {
        TopicKind.SIGHTING: watch.booth.sightings(1)[0],
        TopicKind.HEALTH: watch.booth.health(0),
        TopicKind.GAP: watch.booth.gap(1, 3),
    }[kind]
    watch.hear(kind, document, NOON + 7)
    assert watch.device.seen_at == NOON + 7
    watch.hear(kind, document, NOON + 900)
    watch.hear(TopicKind.BIRTH, watch.booth.birth(), NOON + 900)
    assert watch.device.seen_at == NOON + 7


def test_newest_health_record_counts(watch: Watch) -> None:
    watch.hear(TopicKind.HEALTH, watch.booth.health(2, up_s=120))
    watch.hear(TopicKind.HEALTH, watch.booth.health(0, up_s=60))
    assert watch.device.health is not None
    assert (watch.device.health.up_s, watch.device.health.key_days) == (120, HEALTH.key_days)
    assert watch.device.missing == 2


def test_what_will_never_come_is_lost_and_not_missing(watch: Watch) -> None:
    watch.hear(TopicKind.GAP, watch.booth.gap(1, 3))
    assert (watch.device.lost, watch.device.missing) == (3, 0)


def test_booth_that_forgot_what_it_sent_stays_marked(watch: Watch) -> None:
    watch.hear(TopicKind.SIGHTING, watch.booth.sightings(1)[0])
    watch.hear(TopicKind.BIRTH, watch.booth.birth("f" * 16))
    watch.hear(TopicKind.BIRTH, watch.booth.birth("e" * 16, PreviousBoot("f" * 16, 1, b"l" * 16)))
    assert watch.device.is_broken


def test_status_before_the_birth_is_remembered() -> None:
    watch = Watch()
    watch.fleet.note(_status(watch.booth.address, is_online=True), NOON)
    assert dict(watch.fleet.devices) == {}
    watch.hear(TopicKind.BIRTH, watch.booth.birth())
    assert watch.device.is_online
    watch.fleet.note(_status(watch.booth.address, is_online=False), NOON)
    assert watch.device.is_online is False


def test_only_so_many_unknown_booths_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_state, "_MAXIMUM_UNCERTIFIED", 1)
    watch = Watch()
    watch.fleet.note(_status(watch.booth.address, is_online=True), NOON)
    watch.fleet.note(_status(SignedBooth("booth-2").address, is_online=True), NOON)
    watch.hear(TopicKind.BIRTH, watch.booth.birth())
    assert watch.device.is_online is None


def test_what_is_not_believed_changes_nothing() -> None:
    watch = Watch()
    watch.hear(TopicKind.SIGHTING, b"nonsense")
    assert dict(watch.fleet.devices) == {}
