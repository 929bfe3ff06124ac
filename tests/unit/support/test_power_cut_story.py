"""What a record tells: what was promised by each place of it, and what was going on."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.emulated.cut_record import HEAD, Kind, Record
from tests.emulated.cut_state import Partition
from tests.emulated.cut_story import Story

BOOT = Partition(1 << 20, 1 << 20)
PARTITIONS = {
    "boot": BOOT,
    "system-a": Partition(2 << 20, 1 << 20),
    "system-b": Partition(3 << 20, 1 << 20),
    "state": Partition(4 << 20, 64 << 20),
}
NOTES = BOOT.start + 8 * 512
VERSIONS = ["0.1.0+1", "0.1.0+2", "0.1.0+3"]


def write(offset: int) -> bytes:
    return HEAD.pack(Kind.WRITE.value, offset, 512) + b"x" * 512


def mark(**facts: Any) -> bytes:  # noqa: ANN401
    text = json.dumps(facts).encode()
    return HEAD.pack(Kind.MARK.value, 0, len(text)) + text


def said(stage: str, version: str, words: str = "", *, trial: bool = False) -> dict[str, str]:
    attempt = json.dumps({"version": version, "stage": stage}) if stage else ""
    line = "quiet edge_lpr.trial" if trial else "quiet"
    return {"attempt": attempt, "publisher": words, "cmdline": line}


FLUSH = HEAD.pack(Kind.FLUSH.value, 0, 0)
STATE = PARTITIONS["state"].start
RECORD = (
    mark(scene="first start"),  # 0
    write(STATE),
    write(0),
    FLUSH,
    write(STATE + (20 << 20)),
    FLUSH,  # 5
    mark(consumer={"event": "birth", "boot": "b1", "seq": None}),
    mark(scene="at work"),
    write(STATE + (20 << 20)),
    FLUSH,
    mark(consumer={"event": "sighting", "boot": "b1", "seq": 1}),  # 10
    mark(said=said("", "", "no broker; 7 sightings wait")),
    mark(scene="good update"),
    write(STATE + (20 << 20)),
    mark(said=said("installing", VERSIONS[1])),
    write(PARTITIONS["system-b"].start),  # 15
    FLUSH,
    write(NOTES),
    FLUSH,
    mark(said=said("judged", VERSIONS[1], trial=True)),
    write(STATE + (20 << 20)),  # 20
    write(STATE + (20 << 20)),
    write(STATE + (20 << 20)),
    mark(said=said("kept", VERSIONS[1])),
    mark(scene="update without a broker"),
    mark(said=said("left", VERSIONS[2], trial=True)),  # 25
    mark(said=said("left", VERSIONS[2])),
    write(STATE + (20 << 20)),
    FLUSH,
)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    (tmp_path / "record").write_bytes(b"".join(RECORD))
    base = bytearray(BOOT.start + BOOT.size)
    base[NOTES : NOTES + 25] = b"# GRUB Environment Block\n"
    (tmp_path / "base.img").write_bytes(base)
    with closing(Record(tmp_path / "record")) as record:
        yield Story(record, tmp_path / "base.img", BOOT, VERSIONS)


def test_a_promise_counts_behind_its_mark_and_not_before(story: Story) -> None:
    assert not story.promises(6).is_enrolled
    assert story.promises(7).is_enrolled
    assert story.promises(10).sightings == frozenset()
    assert story.promises(11).sightings == {("b1", 1)}
    assert (story.promises(11).waiting, story.promises(12).waiting) == (0, 7)


def test_what_is_old_and_what_is_new_follows_the_updates(story: Story) -> None:
    old, new = {"version": VERSIONS[0], "slot": "A"}, {"version": VERSIONS[1], "slot": "B"}
    other = {"version": VERSIONS[2], "slot": "A"}
    systems = [
        (story.promises(place).current, story.promises(place).target)
        for place in (0, 12, 13, 23, 24, 25, 26, 27)
    ]
    assert systems == [
        *((old, None), (old, None), (old, new), (old, new)),
        *((new, None), (new, other), (new, other), (new, None)),
    ]
    assert story.promises(24).before == VERSIONS[0]
    assert story.promises(25).before == VERSIONS[1]
    assert story.scenes == [0, 7, 12, 24]


def test_each_place_has_its_phase(story: Story) -> None:
    phases = story.phases(PARTITIONS)
    assert phases[:5] == ["partitions"] * 5
    assert phases[5:8] == ["enrolling"] * 3
    assert phases[8:13] == ["at work"] * 5
    assert phases[13:16] == ["pushing"] * 3
    assert phases[16] == "slot"
    assert phases[17:21] == ["notes"] * 4
    assert phases[21:24] == ["trial"] * 3
    assert phases[24] == "kept"
    assert phases[-1] == "left"
