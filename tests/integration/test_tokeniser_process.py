"""The real tokeniser process between vision and a publisher that follows a script."""

import hashlib
from importlib import resources
from pathlib import Path

import pytest

from edge_lpr.core.clock import SystemClock, epoch_of
from edge_lpr.subscriber.verdicts import Continuity, VerifiedBirth, VerifiedSighting
from edge_lpr.subscriber.verify import FleetVerifier
from edge_lpr.tokens.canonical import canonicalise
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.tokens.suite1 import TokenKeys, TokenScope, make_tokens
from edge_lpr.wire.topics import TopicKind, topic
from tests.support.booth import ADDRESS, Booth, epoch_keys, lay_out_booth
from tests.support.readings import packed, reading_of
from tests.support.scripted_publisher import accepted, listening
from tests.support.tokeniser_process import hand_over, running_tokeniser, vision_of
from tests.support.waiting import wait_until


@pytest.fixture
def booth(tmp_path: Path) -> Booth:
    return lay_out_booth(tmp_path)


class Server:
    """What a central server makes of the documents."""

    def __init__(self, booth: Booth) -> None:
        self._verifier = FleetVerifier(booth.authority_key.public_key, SystemClock())

    def receive_birth(self, jws: bytes) -> VerifiedBirth:
        verdict = self._verifier.receive(topic(ADDRESS, TopicKind.BIRTH), jws)
        assert isinstance(verdict, VerifiedBirth), verdict
        return verdict

    def receive_sighting(self, jws: bytes) -> VerifiedSighting:
        verdict = self._verifier.receive(topic(ADDRESS, TopicKind.SIGHTING), jws)
        assert isinstance(verdict, VerifiedSighting), verdict
        return verdict


def test_reading_becomes_a_sighting_that_a_server_believes(booth: Booth) -> None:
    server = Server(booth)
    with (
        listening(booth.sightings_socket) as listener,
        running_tokeniser(booth) as tokeniser,
        accepted(listener) as publisher,
        vision_of(booth) as vision,
    ):
        publisher.say_hello()
        birth = server.receive_birth(publisher.take_birth())
        assert hand_over(vision, reading_of(b"B123ABC", lane=2)) == b"A"
        sighting = server.receive_sighting(publisher.commit_sighting().untrusted_jws)
        assert tokeniser.stop() == 0
    claims = sighting.claims
    keys = TokenKeys(*epoch_keys(claims.epoch))
    tokens = make_tokens(
        canonicalise("B 123 ABC"), keys, TokenScope("agency", "north", claims.epoch)
    )
    assert (claims.exact, claims.fold) == (tokens.exact, tokens.fold)
    assert (claims.lane, claims.dir, claims.conf, claims.reads) == (2, "in", 3, 2)
    assert claims.boot == birth.claims.boot
    assert claims.test
    assert epoch_of(claims.at) == claims.epoch


def test_birth_says_what_runs_here(booth: Booth) -> None:
    server = Server(booth)
    with (
        listening(booth.sightings_socket) as listener,
        running_tokeniser(booth),
        accepted(listener) as publisher,
    ):
        publisher.say_hello()
        claims = server.receive_birth(publisher.take_birth()).claims
    manifest = (resources.files("edge_lpr") / "models" / "manifest.json").read_bytes()
    assert claims.models == hashlib.sha256(manifest).digest()
    assert claims.certificate == booth.certificate_file.read_bytes()
    assert not claims.camera_networked
    assert claims.test
    assert claims.previous is None


def test_birth_after_a_restart_continues_the_boot_before(booth: Booth) -> None:
    server = Server(booth)
    with listening(booth.sightings_socket) as listener:
        with running_tokeniser(booth) as tokeniser, accepted(listener) as publisher:
            publisher.say_hello()
            first_boot = server.receive_birth(publisher.take_birth()).claims.boot
            with vision_of(booth) as vision:
                hand_over(vision, reading_of())
                last = publisher.commit_sighting().untrusted_jws
            server.receive_sighting(last)
            tokeniser.stop()
        with running_tokeniser(booth), accepted(listener) as publisher:
            publisher.say_hello(last)
            birth = server.receive_birth(publisher.take_birth())
            with vision_of(booth) as vision:
                hand_over(vision, reading_of())
                sighting = server.receive_sighting(publisher.commit_sighting().untrusted_jws)
    assert birth.continuity is Continuity.CONTINUES
    assert birth.claims.previous is not None
    assert birth.claims.previous.boot == first_boot != sighting.claims.boot
    assert sighting.claims.seq == 1


def test_orderly_stop_says_what_became_of_the_readings(booth: Booth) -> None:
    with (
        listening(booth.sightings_socket) as listener,
        running_tokeniser(booth) as tokeniser,
        accepted(listener) as publisher,
        vision_of(booth) as vision,
    ):
        publisher.say_hello()
        publisher.take_birth()
        hand_over(vision, reading_of())
        publisher.commit_sighting()
        hand_over(vision, reading_of(lane=3))
        assert tokeniser.stop() == 0
    assert tokeniser.has_said("started")
    assert tokeniser.has_said("stopped")
    assert tokeniser.counters() == {
        "received": 2,
        "refused": 1,
        "no_key": 0,
        "tokenised": 1,
        "no_list": 0,
        "not_listed": 0,
        "delivered": 1,
        "refused_by_publisher": 0,
        "undelivered": 0,
        "deliveries": 0,
        "deliveries_refused": 0,
    }
    assert not booth.readings_socket.exists()


def test_publisher_may_come_after_the_first_vehicles(booth: Booth) -> None:
    server = Server(booth)
    with running_tokeniser(booth), vision_of(booth) as vision:
        assert hand_over(vision, reading_of(b"AA11")) == b"A"
        assert hand_over(vision, reading_of(b"BB22")) == b"A"
        with listening(booth.sightings_socket) as listener, accepted(listener) as publisher:
            publisher.say_hello()
            server.receive_birth(publisher.take_birth())
            numbers = [
                server.receive_sighting(publisher.commit_sighting().untrusted_jws).claims.seq
                for _ in range(2)
            ]
    assert numbers == [1, 2]


def test_full_queue_makes_vision_wait_and_loses_nothing(tmp_path: Path) -> None:
    booth = lay_out_booth(tmp_path, queue_sightings=1)
    with running_tokeniser(booth), vision_of(booth) as vision:
        assert hand_over(vision, reading_of(b"AA11")) == b"A"
        vision.send(packed(reading_of(b"BB22")))
        assert vision.receive(1, timeout_s=1) is None
        with listening(booth.sightings_socket) as listener, accepted(listener) as publisher:
            publisher.say_hello()
            publisher.take_birth()
            publisher.commit_sighting()
            assert vision.receive(1, timeout_s=20) == b"A"
            assert publisher.commit_sighting().sequence_number == 2


def test_vision_that_is_started_again_is_served(booth: Booth) -> None:
    with running_tokeniser(booth):
        with vision_of(booth) as vision:
            assert hand_over(vision, reading_of(b"AA11")) == b"A"
        with vision_of(booth) as restarted:
            assert hand_over(restarted, reading_of(b"AA11")) == b"A"


def test_two_readings_of_a_lane_are_half_a_second_apart(booth: Booth) -> None:
    clock = SystemClock()
    with running_tokeniser(booth), vision_of(booth) as vision:
        assert hand_over(vision, reading_of()) == b"A"
        begun_ns = clock.monotonic_ns()
        for _ in range(3):
            assert hand_over(vision, reading_of()) == b"A"
        # The first answer came after its token was made, so the first gap seen here is shorter.
        assert clock.monotonic_ns() - begun_ns >= 1_000_000_000


def test_log_holds_no_plate_at_debug(booth: Booth) -> None:
    with listening(booth.sightings_socket) as listener, running_tokeniser(booth) as tokeniser:
        with accepted(listener) as publisher, vision_of(booth) as vision:
            publisher.say_hello()
            publisher.take_birth()
            hand_over(vision, reading_of(b"QX77ZZK4"))
            publisher.commit_sighting()
            hand_over(vision, reading_of(b"QX77ZZK4", lane=16))
            tokeniser.stop()
        wait_until(lambda: tokeniser.has_said("stopped"))
    log = tokeniser.log_file.read_text()
    assert "lane 16" in log
    assert "QX77ZZK4" not in log
    assert str(list(reading_of(b"QX77ZZK4").class_indices))[1:-1] not in log


def test_live_camera_under_live_keys_gives_real_sightings(tmp_path: Path) -> None:
    booth = lay_out_booth(tmp_path, source_kind="camera")
    today = epoch_of(SystemClock().unix_s())
    booth.write_keys(KeyPurpose.LIVE, today, today + 1)
    server = Server(booth)
    with (
        listening(booth.sightings_socket) as listener,
        running_tokeniser(booth),
        accepted(listener) as publisher,
        vision_of(booth) as vision,
    ):
        publisher.say_hello()
        server.receive_birth(publisher.take_birth())
        hand_over(vision, reading_of())
        sighting = server.receive_sighting(publisher.commit_sighting().untrusted_jws)
    assert not sighting.claims.test
