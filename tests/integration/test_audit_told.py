"""Keys, watch-lists and gaps in the audit: from the real tokeniser through the real recorder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_lpr.audit.gap_book import HOUR_NS
from edge_lpr.audit.log import verify_log
from edge_lpr.audit.story import sentences, tell
from edge_lpr.core.clock import SystemClock, epoch_of
from edge_lpr.core.told_to_audit import CERTIFICATE_COPY, TOLD_NAME, day_of, read_told
from edge_lpr.handoff.record_message import GapWish
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire.gap import GapReason
from tests.support import recorded_booth
from tests.support.booth import Booth, epoch_keys, lay_out_booth
from tests.support.deliveries import settings_with_authority, write_authority
from tests.support.scripted_publisher import ScriptedPublisher, accepted, listening
from tests.support.tokeniser_process import RunningTokeniser, running_tokeniser
from tests.support.waiting import wait_until
from tests.support.watch_lists import ListMaker, entry_for

LOOK_OFTEN = "import edge_lpr.tokeniser.audit_board as board; board.LOOK_EVERY_S = 0.05"
HOUR_S = HOUR_NS / 1_000_000_000


@dataclass
class Pair:
    """A tokeniser's files, and the recorder of the same booth."""

    booth: Booth
    recorder: recorded_booth.Booth
    today: int

    @contextmanager
    def running(self) -> Iterator[tuple[RunningTokeniser, ScriptedPublisher]]:
        """Run the tokeniser, greeted by a publisher."""
        with (
            listening(self.booth.sightings_socket) as listener,
            running_tokeniser(self.booth, sabotage=LOOK_OFTEN) as process,
            accepted(listener) as publisher,
        ):
            publisher.say_hello()
            publisher.take_birth()
            yield process, publisher
            assert process.stop() == 0

    def wait_until_told(self, publisher: ScriptedPublisher, words: str) -> None:
        """Let the tokeniser go on until it tells something."""
        told = self.booth.folder / TOLD_NAME

        def is_told() -> bool:
            publisher.has_nothing_to_take()
            return told.exists() and words in told.read_text()

        wait_until(is_told)

    def story(self) -> list[str]:
        """Return what ``audit verify`` prints."""
        entries = self.recorder.entries()
        return list(sentences(tell(entries), entries, 0))


def is_about(line: dict[str, object], *events: str) -> bool:
    return line["event"] in events


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    (tmp_path / "b").mkdir()
    settings = f'{settings_with_authority(tmp_path / "b")}mode = "hit-only"\n'
    booth = lay_out_booth(tmp_path / "b", more_tokeniser_settings=settings)
    write_authority(booth.folder, booth.authority_key)
    today = epoch_of(SystemClock().unix_s())
    booth.write_keys(KeyPurpose.TEST, today, today + 1)
    (tmp_path / "r").mkdir()
    recorder = recorded_booth.Booth(tmp_path / "r", monkeypatch, booth.folder / TOLD_NAME)
    recorder.clock.now_unix_s = SystemClock().unix_s()
    recorder.recorder.begin()
    return Pair(booth, recorder, today)


def test_each_days_keys_and_every_list_are_recorded(pair: Pair) -> None:
    day, next_day = day_of(pair.today), day_of(pair.today + 1)
    with pair.running() as (_, publisher):
        pair.wait_until_told(publisher, "in-force")
        lines = [line for line in pair.recorder.new() if is_about(line, "epochs", "watch_list")]
        assert [(line["event"], line.get("held"), line.get("in_force")) for line in lines] == [
            ("epochs", f"{day} {next_day}", day),
            ("watch_list", None, None),
        ]
        assert (lines[1]["day"], lines[1]["version"], lines[1]["sha256"]) == (day, 0, "none")
        maker = ListMaker(pair.booth.authority_key, epoch_keys(pair.today)[1])
        for version, plates in ((1, ["TEST 1"]), (2, ["TEST 1", "TEST 2"])):
            entries = [entry_for(plate, b"entry id") for plate in plates]
            manifest, chunks = maker.messages(pair.today, version, entries)
            publisher.wishes += [manifest, *chunks]
            pair.wait_until_told(publisher, f"list {pair.today} {version} ")
            (line,) = pair.recorder.new()
            assert (line["event"], line["day"], line["version"]) == ("watch_list", day, version)
            assert len(line["sha256"]) == 64
        assert pair.recorder.new() == []
        certificate = (pair.booth.folder / CERTIFICATE_COPY).read_bytes()
    assert certificate == pair.booth.certificate_file.read_bytes()
    assert pair.booth.folder.joinpath(TOLD_NAME).stat().st_mode & 0o777 == 0o640
    # Tomorrow's keys are called back, and another start finds only today's.
    pair.booth.write_keys(KeyPurpose.TEST, pair.today)
    with pair.running() as (_, publisher):
        pair.wait_until_told(publisher, f"epochs {pair.today}\n")
        (epochs, no_list) = pair.recorder.new()
    assert (epochs["held"], epochs["in_force"], no_list["version"]) == (day, day, 0)
    story = "\n".join(pair.story())
    assert f"  {day:<12} came {epochs['at']}, in force {epochs['at']}, still held" in story
    assert f"  {next_day:<12} came {epochs['at']}, never in force, gone {epochs['at']}" in story
    assert f"{day} version 2" in story
    assert "TEST" not in story


def test_gaps_are_recorded_by_the_hour_and_once(pair: Pair) -> None:
    boot = "ffeeddccbbaa0099"
    wishes = [
        GapWish(boot, 3, 3, GapReason.OUTBOX_FULL),
        GapWish(boot, 4, 9, GapReason.OUTBOX_FULL),
        GapWish(boot, 20, 22, GapReason.NOT_KEPT),
    ]
    with pair.running() as (_, publisher):
        for wish in wishes:
            publisher.wishes.append(wish)
            publisher.take_gap()
            publisher.answer(0)
        pair.wait_until_told(publisher, "gaps 3\n")
        gaps = ("gap", "gaps")
        assert not [line for line in pair.recorder.new() if is_about(line, *gaps)]
        pair.recorder.clock.advance_s(HOUR_S)
        lines = [line for line in pair.recorder.new() if is_about(line, *gaps)]
        assert [(line["first"], line["last"], line["reason"]) for line in lines[:-1]] == [
            (3, 9, "outbox_full"),
            (20, 22, "not_kept"),
        ]
        assert (lines[-1]["signed"], lines[-1]["not_listed"], lines[-1]["upto"]) == (3, 0, 3)
        # Whoever starts the recording anew records no gap twice.
        again = pair.recorder.another_recorder()
        again.begin()
        pair.recorder.clock.advance_s(HOUR_S)
        before = len(pair.recorder.lines())
        again.look()
        assert not [line for line in pair.recorder.lines()[before:] if is_about(line, *gaps)]
    told = read_told(pair.recorder.told)
    assert told is not None
    assert told.gaps_signed == 3
    story = "\n".join(pair.story())
    assert "sightings that will never come: 10, as the booth has signed" in story
    assert f"3 to 9 of {boot}, outbox_full" in story
    assert verify_log(pair.recorder.folder / "audit")[1] is None
