"""Keys and watch-lists come to the real tokeniser process, over a scripted publisher."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_lpr.core.clock import EPOCH_LENGTH_S, SystemClock, epoch_of
from edge_lpr.core.errors import NeighbourAwayError
from edge_lpr.handoff.record_message import KeysMessage
from edge_lpr.handoff.seqpacket import Connection
from edge_lpr.tokens.canonical import canonicalise
from edge_lpr.tokens.key_ring import KeyPurpose, read_key_state, write_key_state
from edge_lpr.tokens.suite1 import TokenKeys, TokenScope, make_tokens
from edge_lpr.wire.birth import BirthClaims, parse_birth
from edge_lpr.wire.health import BoothFigures, HealthClaims, parse_health
from edge_lpr.wire.sighting import SightingClaims, parse_sighting
from edge_lpr.wire.transport import TransportClaims, verify_transport
from edge_lpr.wire.watch_list import ListEntry
from tests.support.booth import Booth, epoch_keys, lay_out_booth
from tests.support.deliveries import (
    DeliveringAuthority,
    settings_with_authority,
    write_authority,
)
from tests.support.readings import reading_of
from tests.support.scripted_publisher import ScriptedPublisher, accepted, listening
from tests.support.tokeniser_process import (
    RunningTokeniser,
    hand_over,
    running_tokeniser,
    vision_of,
)
from tests.support.waiting import wait_until
from tests.support.watch_lists import ListMaker

FIGURES = BoothFigures(counters={}, unsent=0, oldest_unsent_s=0, kept=0)

SET_CLOCK = """
from pathlib import Path
from edge_lpr.core.clock import SystemClock
from edge_lpr.tokeniser import relay
SystemClock.unix_s = lambda clock: int(Path({file!r}).read_text())
relay.PAST_KEY_KEPT_S = {kept_s}
"""
"""A clock that says what stands in a file, and past keys that are kept for so many seconds."""


@dataclass
class Scene:
    """A booth at work, and everybody around it."""

    booth: Booth
    clock_file: Path
    today: int
    authority: DeliveringAuthority
    tokeniser: RunningTokeniser
    publisher: ScriptedPublisher
    vision: Connection
    birth: BirthClaims

    def set_clock(self, unix_s: int) -> None:
        """Set the tokeniser's clock, in one step: it reads the file at any moment."""
        _write_clock(self.clock_file, unix_s)

    def announced(self) -> TransportClaims:
        """Return the newest announcement, as the authority reads it."""
        key, now_s = self.booth.authority_key.public_key, self.authority.now_s
        return verify_transport(self.publisher.transports[-1], key, now_s)[1]

    def listen_until_announced(self, delivery: int, *epochs: int) -> TransportClaims:
        """Answer questions until an announcement says this."""

        def is_announced() -> bool:
            self.publisher.has_nothing_to_take()
            if not self.publisher.transports:
                return False
            claims = self.announced()
            return (claims.delivery, claims.epochs) == (delivery, epochs)

        wait_until(is_announced)
        return self.announced()

    def deliver(self, *epochs: int) -> TransportClaims:
        """Have keys for these epochs and those held taken; return what is announced then."""
        before = self.announced()
        sealed = self.authority.sealed(before.key, self.authority.delivery(*epochs))
        self.publisher.wishes.append(KeysMessage(sealed))
        held = sorted({*before.epochs, *epochs})
        return self.listen_until_announced(self.authority.number, *held)

    def sighting_of(self, plate: bytes) -> SightingClaims:
        """Have a vehicle drive past that is published."""
        assert hand_over(self.vision, reading_of(plate)) == b"A"
        document = self.publisher.commit_sighting().untrusted_jws
        return SightingClaims.decode(parse_sighting(document).untrusted_payload)

    def health(self) -> HealthClaims:
        self.publisher.wishes.append(FIGURES)
        document = self.publisher.take_health()
        self.publisher.answer(0)
        return HealthClaims.decode(parse_health(document).untrusted_payload)


def _write_clock(clock_file: Path, unix_s: int) -> None:
    """Replace the file that the tokeniser's clock reads."""
    new_file = clock_file.with_suffix(".new")
    new_file.write_text(str(unix_s))
    new_file.replace(clock_file)


@contextmanager
def at_work(
    folder: Path,
    *epochs_from_today: int,
    more_settings: str = "",
    kept_s: int = 900,
    source_kind: str = "folder",
    purpose: KeyPurpose = KeyPurpose.TEST,
) -> Iterator[Scene]:
    """Start a booth at noon that holds some epochs."""
    booth = lay_out_booth(
        folder,
        source_kind=source_kind,
        more_tokeniser_settings=settings_with_authority(folder) + more_settings,
    )
    write_authority(folder, booth.authority_key)
    today = epoch_of(SystemClock().unix_s())
    noon = today * EPOCH_LENGTH_S + EPOCH_LENGTH_S // 2
    booth.write_certificate(valid_from_s=noon - EPOCH_LENGTH_S)
    booth.write_keys(KeyPurpose.TEST, today)
    state = read_key_state(booth.key_ring_file)
    keys = {today + day: TokenKeys(*epoch_keys(today + day)) for day in epochs_from_today}
    state.ring.replace(keys, purpose)
    write_key_state(booth.key_ring_file, state)
    with running_scene(booth, today, noon, kept_s=kept_s) as scene:
        yield scene


@contextmanager
def running_scene(booth: Booth, today: int, now_s: int, *, kept_s: int = 900) -> Iterator[Scene]:
    """Start the booth, and connect its neighbours."""
    clock_file = booth.folder / "clock"
    _write_clock(clock_file, now_s)
    with ExitStack() as stack:
        listener = stack.enter_context(listening(booth.sightings_socket))
        sabotage = SET_CLOCK.format(file=str(clock_file), kept_s=kept_s)
        tokeniser = stack.enter_context(running_tokeniser(booth, sabotage=sabotage))
        publisher = stack.enter_context(accepted(listener))
        publisher.say_hello()
        birth = BirthClaims.decode(parse_birth(publisher.take_birth()).untrusted_payload)
        authority = DeliveringAuthority(booth.authority_key, now_s)
        vision = stack.enter_context(vision_of(booth))
        yield Scene(booth, clock_file, today, authority, tokeniser, publisher, vision, birth)


def test_booth_without_keys_gets_them_over_the_broker(tmp_path: Path) -> None:
    with at_work(tmp_path) as scene:
        first = scene.listen_until_announced(0)
        assert scene.birth.keys_end
        assert scene.tokeniser.has_said("keys_end")
        assert "keys_end" in scene.health().alarms
        assert hand_over(scene.vision, reading_of()) == b"A"
        after = scene.deliver(scene.today, scene.today + 1)
        assert after.key != first.key
        claims = scene.sighting_of(b"B123ABC")
        health = scene.health()
        assert scene.tokeniser.stop() == 0
    keys, scope = (
        TokenKeys(*epoch_keys(scene.today)),
        TokenScope("agency", "north", scene.today),
    )
    assert claims.exact == make_tokens(canonicalise("B123ABC"), keys, scope).exact
    assert "keys_end" not in health.alarms
    assert health.key_days == 1
    assert health.tokeniser["no_key"] == 1
    assert health.tokeniser["deliveries"] == 1


def test_epoch_changes_at_midnight_and_the_past_key_is_gone_from_the_disk(tmp_path: Path) -> None:
    with at_work(tmp_path, 0, 1, kept_s=1) as scene:
        scene.listen_until_announced(0, scene.today, scene.today + 1)
        assert scene.sighting_of(b"B123ABC").epoch == scene.today
        midnight = (scene.today + 1) * EPOCH_LENGTH_S
        scene.set_clock(midnight)
        assert scene.sighting_of(b"B123ABC").epoch == scene.today + 1
        scene.set_clock(midnight + 1)
        scene.listen_until_announced(0, scene.today + 1)
        assert epoch_keys(scene.today)[1] not in scene.booth.key_ring_file.read_bytes()
        assert scene.sighting_of(b"B123ABC").epoch == scene.today + 1


def test_refused_deliveries_are_counted_and_keys_that_are_held_go_on(tmp_path: Path) -> None:
    with at_work(tmp_path, 0) as scene:
        before = scene.listen_until_announced(0, scene.today)
        forger = DeliveringAuthority(type(scene.booth.authority_key).generate(), 0)
        sound = scene.authority.sealed(before.key, scene.authority.delivery(scene.today + 1))
        scene.publisher.wishes += [
            KeysMessage(forger.sealed(before.key, forger.delivery(scene.today + 1))),
            KeysMessage(sound),
            KeysMessage(sound),
        ]
        scene.listen_until_announced(1, scene.today, scene.today + 1)
        wait_until(lambda: scene.publisher.has_nothing_to_take() and not scene.publisher.wishes)
        assert scene.sighting_of(b"B123ABC").epoch == scene.today
        counters = scene.health().tokeniser
    assert (counters["deliveries"], counters["deliveries_refused"]) == (1, 2)
    assert scene.tokeniser.has_said("keys_refused")


def test_booth_whose_clock_is_a_year_behind_waits_and_then_takes_its_keys(tmp_path: Path) -> None:
    with at_work(tmp_path, 0) as scene:
        before = scene.listen_until_announced(0, scene.today)
        right_s = scene.authority.now_s
        scene.set_clock(right_s - 365 * EPOCH_LENGTH_S)
        sealed = scene.authority.sealed(before.key, scene.authority.delivery(scene.today + 1))
        scene.publisher.wishes.append(KeysMessage(sealed))
        wait_until(
            lambda: scene.publisher.has_nothing_to_take() and scene.tokeniser.has_said("keys_wait")
        )
        assert hand_over(scene.vision, reading_of()) == b"A"
        health = scene.health()
        assert "no_clock" in health.alarms
        assert health.tokeniser["no_key"] == 1
        scene.set_clock(right_s)
        scene.listen_until_announced(1, scene.today, scene.today + 1)
        assert scene.sighting_of(b"B123ABC").epoch == scene.today


@pytest.mark.parametrize("damage", ["truncated", "zeros"])
def test_damaged_key_file_heals_when_the_authority_answers(tmp_path: Path, damage: str) -> None:
    with at_work(tmp_path, 0, 1) as scene:
        before = scene.listen_until_announced(0, scene.today, scene.today + 1)
        today, now_s = scene.today, scene.authority.now_s
        assert scene.tokeniser.stop() == 0
    content = scene.booth.key_ring_file.read_bytes()
    scene.booth.key_ring_file.write_bytes(
        content[:60] if damage == "truncated" else bytes(len(content))
    )
    with running_scene(scene.booth, today, now_s) as scene:
        after = scene.listen_until_announced(0)
        assert after.number > before.number
        assert scene.tokeniser.has_said("keys_lost")
        assert "keys_end" in scene.health().alarms
        assert hand_over(scene.vision, reading_of()) == b"A"
        scene.deliver(today)
        assert scene.sighting_of(b"B123ABC").epoch == today


def test_new_camera_that_gets_test_keys_starts_again_to_say_so(tmp_path: Path) -> None:
    with at_work(tmp_path, source_kind="camera", purpose=KeyPurpose.LIVE) as scene:
        before = scene.listen_until_announced(0)
        assert not scene.birth.test
        today, now_s = scene.today, scene.authority.now_s
        delivery = scene.authority.delivery(today, today + 1, purpose=KeyPurpose.TEST)
        sealed = scene.authority.sealed(before.key, delivery)
        scene.publisher.wishes.append(KeysMessage(sealed))
        # Questions are answered until nobody asks any more.
        with pytest.raises(NeighbourAwayError):
            wait_until(lambda: scene.publisher.has_nothing_to_take() and False)
        assert scene.tokeniser.wait_for_exit() == 1
        assert "for another purpose" in scene.tokeniser.failure()
    with running_scene(scene.booth, today, now_s) as scene:
        assert scene.birth.test
        assert scene.sighting_of(b"B123ABC").test


def test_keys_that_lie_in_the_folder_are_there_before_the_birth(tmp_path: Path) -> None:
    with at_work(tmp_path, 0) as scene:
        before = scene.listen_until_announced(0, scene.today)
        today, now_s = scene.today, scene.authority.now_s
        assert scene.birth.keys_end
        sealed = scene.authority.sealed(before.key, scene.authority.delivery(today + 1))
        assert scene.tokeniser.stop() == 0
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    (incoming / "booth-1.lprkeys").write_bytes(sealed)
    with running_scene(scene.booth, today, now_s) as scene:
        assert not scene.birth.keys_end
        assert [*incoming.iterdir()] == []
        scene.listen_until_announced(1, today, today + 1)


def test_hit_only_booth_publishes_hits_and_leaves_nothing_of_the_others(tmp_path: Path) -> None:
    more = 'mode = "hit-only"\ntime_resolution_s = 60\n'
    with at_work(tmp_path, 0, 1, more_settings=more) as scene:
        assert scene.birth.mode == "hit-only"
        scene.set_clock(scene.authority.now_s + 59)
        assert "watch_list_missing" in scene.health().alarms
        assert hand_over(scene.vision, reading_of(b"B123ABC")) == b"A"
        keys, scope = (
            TokenKeys(*epoch_keys(scene.today)),
            TokenScope("agency", "north", scene.today),
        )
        tokens = make_tokens(canonicalise("B123ABC"), keys, scope)
        entry = ListEntry(tokens.exact, tokens.fold, b"entry id", is_variant=False)
        maker = ListMaker(scene.booth.authority_key, epoch_keys(scene.today)[1])
        manifest, chunks = maker.messages(scene.today, 1, [entry])
        scene.publisher.wishes += [manifest, *chunks]
        wait_until(
            lambda: (
                scene.publisher.has_nothing_to_take()
                and scene.tokeniser.has_said("watch_list_complete")
            )
        )
        lines_before = len(scene.tokeniser.events())
        assert hand_over(scene.vision, reading_of(b"QX77ZZ")) == b"A"
        assert hand_over(scene.vision, reading_of(b"QX77ZZ", lane=16)) == b"R"
        wait_until(scene.publisher.has_nothing_to_take)
        health = scene.health()
        assert len(scene.tokeniser.events()) == lines_before
        hit = scene.sighting_of(b"B123ABC")
        assert scene.tokeniser.stop() == 0
    assert (hit.entry, hit.possible, hit.exact) == (b"entry id", False, tokens.exact)
    assert hit.at == scene.authority.now_s
    assert "watch_list_missing" not in health.alarms
    # What came since the start is told when an hour is over, and not before.
    assert not any(health.tokeniser.values())
    assert not any(scene.tokeniser.counters().values())
