"""Two seconds after a hit-only booth has passed somebody over, nothing of it is in its memory.

Neither the plate, nor its tokens, nor what is computed on the way to them: whoever takes the booth
away must not learn who passed that nobody was looking for.
"""

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from edge_lpr.tokens.suite1 import TokenKeys, TokenScope, keyed_fold, make_tokens, stretch_plate
from edge_lpr.wire.watch_list import ListEntry
from tests.integration import test_tokeniser_deliveries
from tests.integration.test_tokeniser_deliveries import Scene, at_work
from tests.support.booth import epoch_keys
from tests.support.memory_search import LEFT_READABLE, memory_of
from tests.support.readings import reading_of
from tests.support.tokeniser_process import hand_over
from tests.support.waiting import wait_until
from tests.support.watch_lists import ListMaker

LIVES_S = 2.0
PASSED_OVER = (b"QX77ZZK4", b"W0LFX9ZQ")

KEEPING = """
import edge_lpr.core.wipe
kept = []
edge_lpr.core.wipe.wipe_octets = kept.append
"""


@pytest.fixture(autouse=True)
def _tokeniser_can_be_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    readable = LEFT_READABLE + test_tokeniser_deliveries.SET_CLOCK
    monkeypatch.setattr(test_tokeniser_deliveries, "SET_CLOCK", readable)


def _values_of(plate: bytes, keys: TokenKeys, scope: TokenScope) -> dict[str, bytes]:
    """Return everything that is computed of a plate, and what is long enough to be found."""
    pseudonym = keyed_fold(plate, keys.stretch_key)
    stretched = stretch_plate(plate, keys.stretch_key, scope)
    tokens = make_tokens(plate, keys, scope)
    return {
        "plate": plate,
        "keyed fold": pseudonym,
        "stretched": stretched,
        "exact": tokens.exact,
        "fold": tokens.fold,
    }


def _found(scene: Scene, values: Mapping[str, bytes]) -> set[str]:
    return {
        name
        for content in memory_of(scene.tokeniser.process.pid)
        for name, value in values.items()
        if value in content
    }


def _found_of_those_passed_over(folder: Path) -> set[str]:
    """Let vehicles pass that nobody looks for; return what is found of them two seconds later."""
    with at_work(folder, 0, 1, more_settings='mode = "hit-only"\n') as scene:
        keys = TokenKeys(*epoch_keys(scene.today))
        scope = TokenScope("agency", "north", scene.today)
        entry = ListEntry(b"e" * 16, b"f" * 16, b"entry id", is_variant=False)
        maker = ListMaker(scene.booth.authority_key, epoch_keys(scene.today)[1])
        manifest, chunks = maker.messages(scene.today, 1, [entry])
        scene.publisher.wishes += [manifest, *chunks]
        wait_until(
            lambda: (
                scene.publisher.has_nothing_to_take()
                and scene.tokeniser.has_said("watch_list_complete")
            )
        )
        for plate in PASSED_OVER:
            assert hand_over(scene.vision, reading_of(plate)) == b"A"
        # The promise is about this time, so there is no condition to wait for instead.
        time.sleep(LIVES_S)
        values = [_values_of(plate, keys, scope) for plate in PASSED_OVER]
        return {name for each in values for name in _found(scene, each)}


def test_nothing_of_a_passage_that_nobody_looks_for_is_left_in_memory(tmp_path: Path) -> None:
    assert _found_of_those_passed_over(tmp_path) == set()


def test_same_search_finds_what_is_computed_where_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sabotaged = KEEPING + test_tokeniser_deliveries.SET_CLOCK
    monkeypatch.setattr(test_tokeniser_deliveries, "SET_CLOCK", sabotaged)
    assert {"keyed fold", "stretched", "exact", "fold"} <= _found_of_those_passed_over(tmp_path)
