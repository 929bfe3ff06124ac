"""The clock of the day jumps while vehicles pass: by ten years, by an hour, and back."""

import random
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from edge_lpr.core.clock import EPOCH_LENGTH_S, SystemClock, epoch_of
from edge_lpr.wire.sighting import SightingClaims, parse_sighting
from tests.reliability.faulty_disk import WrongClock
from tests.reliability.network_side import SERVICES, NetworkSide
from tests.reliability.receiver import ACCESS_LIST, Receiver
from tests.support.tls_broker import running_tls_mosquitto
from tests.support.waiting import wait_until

TEN_YEARS_S: Final = 10 * 365 * 86_400
HOUR_S: Final = 3_600

_STEPS_S: Final = (TEN_YEARS_S, -TEN_YEARS_S, -HOUR_S, HOUR_S)
_PASSAGES_A_STEP: Final = 4
_DEADLINE_S: Final = 90


def step_clock(steps: int, *, seed: int) -> dict[str, Any]:
    """Set the clock of tokeniser and publisher wrong so many times, and right in between.

    Args:
        steps: How many times; each kind of step comes.
        seed: Decides in which order.

    Returns:
        ``steps`` by seconds, ``ended`` (processes that did not live through it), ``wrong_epochs``
        (tokens of an epoch that was not), and what ``Judgement.compare`` says.
    """
    chance = random.Random(seed)  # noqa: S311 - a test, repeatable
    order = [_STEPS_S[number % len(_STEPS_S)] for number in range(steps)]
    chance.shuffle(order)
    ended = 0
    with tempfile.TemporaryDirectory(prefix="edge-lpr-") as name:
        folder = Path(name)
        clock = WrongClock(folder)
        with (
            running_tls_mosquitto(folder, ACCESS_LIST) as broker,
            NetworkSide(broker, clock.environment) as booth,
            closing(
                Receiver(broker, booth.booth.authority_key.public_key, SystemClock())
            ) as receiver,
        ):
            _wait_for_passages(booth, receiver)
            for step_s in order:
                clock.be_wrong_by(step_s)
                _wait_for_readings(booth)
                clock.be_wrong_by(0)
                _wait_for_passages(booth, receiver)
            ended += sum(not booth.is_running(service) for service in SERVICES)
            starts = sum(len(booth.events(service, "started")) for service in SERVICES)
            booth.rest()
            ended += sum(booth.stop(service) != 0 for service in SERVICES)
            committed = booth.committed()
            wait_until(
                lambda: len({each.payload for each in receiver.sightings()}) >= len(committed)
            )
            judgement = receiver.judge()
            wrong = sum(_is_wrong(each.payload) for each in receiver.sightings())
    return {
        "steps": dict(Counter(order)),
        "ended": ended + starts - len(SERVICES),
        "committed": len(committed),
        "wrong_epochs": wrong,
    } | judgement.compare(committed)


def _wait_for_readings(booth: NetworkSide) -> None:
    """Wait until some readings were handed over, whatever became of them."""
    goal = booth.handed_over + _PASSAGES_A_STEP
    wait_until(lambda: booth.handed_over >= goal, deadline_s=_DEADLINE_S)


def _wait_for_passages(booth: NetworkSide, receiver: Receiver) -> None:
    """Wait until sightings come again."""
    _wait_for_readings(booth)
    goal = len(receiver.sightings()) + _PASSAGES_A_STEP
    wait_until(lambda: len(receiver.sightings()) >= goal, deadline_s=_DEADLINE_S)


def _is_wrong(document: bytes) -> bool:
    """Return whether a token's epoch is another than today's, or than its own time's."""
    claims = SightingClaims.decode(parse_sighting(document).untrusted_payload)
    now_s = SystemClock().unix_s()
    # A clock that is an hour wrong is, near midnight, in another day.
    is_today = abs(claims.at - now_s) < EPOCH_LENGTH_S
    return claims.epoch != epoch_of(claims.at) or not is_today
