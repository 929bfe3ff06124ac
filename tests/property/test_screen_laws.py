"""Laws of the screen at a booth: whatever is said to it, it stays plain text."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_lpr.core.clock import SystemClock
from edge_lpr.core.status_words import SENTENCES, read_status
from edge_lpr.first_boot.facts import Facts, gather
from edge_lpr.first_boot.screen import COLUMNS, draw
from edge_lpr.first_boot.standing import printable, read_standing
from edge_lpr.first_boot.steps import judge
from tests.support.authority import memory_folder

STAGES = st.sampled_from(["approval", "service", "failed", "enrolled"]) | st.text(max_size=9)
TEXTS = st.text(max_size=300)
STATUSES = st.lists(st.sampled_from(sorted(SENTENCES.values())) | TEXTS, max_size=4).map("; ".join)


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with memory_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def facts(root: Path) -> Facts:
    return gather(root, SystemClock())


@given(stage=STAGES, texts=st.tuples(TEXTS, TEXTS, TEXTS), status=STATUSES)
def test_screen_is_printable_ascii_of_its_width(
    root: Path, facts: Facts, stage: str, texts: tuple[str, str, str], status: str
) -> None:
    sentence, fingerprint, fault = texts
    path = root / "standing.json"
    said = {"stage": stage, "sentence": sentence, "fingerprint": fingerprint, "authority": fault}
    path.write_text(json.dumps(said))
    seen = replace(
        facts,
        standing=read_standing(path),
        faults=(printable(fault),),
        vision=replace(facts.vision, active="active", said=read_status(status)),
        publisher=replace(facts.publisher, active="active", said=read_status(status)),
    )
    screen = draw(seen, judge(seen))
    for line in screen.removesuffix("\n").split("\n"):
        assert len(line) <= COLUMNS
        assert line.isascii()
        assert line.isprintable()
