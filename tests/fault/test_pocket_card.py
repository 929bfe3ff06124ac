"""The pocket test with real processes: PASS with the card, else the step at which it is lost."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from edge_lpr.core.clock import epoch_of
from edge_lpr.core.reserved_plate import RESERVED_PLATE
from edge_lpr.demo.brokers import EmbeddedBroker
from tests.support.broker import running_mosquitto
from tests.support.card_booth import CardBooth, car_scene, card_scene, no_scene
from tests.support.faulty_booth import PATIENCE_S, Picture, by_check, code_of
from tests.support.waiting import wait_until
from tests.support.whole_booth import Recorder

pytestmark = pytest.mark.broker

TRIES = 12
"""On a busy machine it takes longer until a scene was seen."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    with running_mosquitto(tmp_path_factory.mktemp("broker")) as mosquitto:
        yield EmbeddedBroker("mosquitto", "", "5", mosquitto.port)


@pytest.fixture(scope="module")
def booth(tmp_path_factory: pytest.TempPathFactory, broker: EmbeddedBroker) -> Iterator[CardBooth]:
    with CardBooth(tmp_path_factory.mktemp("card"), broker) as booth:
        booth.start_all()
        # Vision answers once its models are loaded.
        wait_until(
            lambda: booth.try_card("--wait", "0")[1]["findings"][-1]["area"] == "card",
            deadline_s=PATIENCE_S,
        )
        yield booth


def test_card_passes_and_is_no_sighting(booth: CardBooth, broker: EmbeddedBroker) -> None:
    epochs = [epoch_of(booth.clock.unix_s())]
    with Recorder(broker, booth) as server:
        with booth.trying("--wait", "40") as test:
            booth.show(card_scene(110, 180))
            assert test.stdout is not None
            said = test.stdout.read()
        # Another vehicle is published, so what was before it would have come too.
        booth.show(car_scene())
        wait_until(lambda: len(server.sightings) >= 1, deadline_s=PATIENCE_S)
        booth.show(no_scene())
    assert test.returncode == 0, said
    assert said.splitlines()[-1] == "PASS"
    assert max(map(len, said.splitlines())) <= 80
    assert RESERVED_PLATE.decode() not in said
    epochs.append(epoch_of(booth.clock.unix_s()))
    tokens = {booth.exact_token(RESERVED_PLATE.decode(), epoch) for epoch in epochs}
    assert not tokens & {sighting.claims.exact for sighting in server.sightings}


@pytest.mark.parametrize(
    ("scene", "code"),
    [
        pytest.param(no_scene, "LPR-T02", id="no card"),
        pytest.param(partial(card_scene, 30, 34), "LPR-T03", id="card too small"),
        pytest.param(partial(card_scene, 110, 180, 7.0), "LPR-T04", id="defocused"),
        pytest.param(car_scene, "LPR-T07", id="another plate"),
    ],
)
def test_step_at_which_the_card_is_lost_is_named(
    scene: Callable[[], Iterator[Picture]], code: str, booth: CardBooth
) -> None:
    booth.show(scene())
    status, said = booth.try_card("--wait", "2")
    for _ in range(TRIES):
        if code_of(said) == code:
            break
        status, said = booth.try_card("--wait", "2")
    booth.show(no_scene())
    assert code_of(said) == code, by_check(said)
    assert status == 3
    assert said["first_cause"]["do"]


def test_process_that_is_down_is_named_and_the_card_is_tried_again_when_it_is_back(
    booth: CardBooth,
) -> None:
    booth.stop("tokeniser")
    status, said = booth.try_card()
    assert (status, code_of(said), said["first_cause"]["check"]) == (3, "LPR-U02", "tokeniser")
    booth.start("tokeniser")
    booth.show(card_scene(110, 180))
    wait_until(lambda: booth.try_card("--wait", "10")[0] == 0, deadline_s=PATIENCE_S)
