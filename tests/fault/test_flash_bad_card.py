"""A card that gives up in the middle of a batch does not end the day."""

import io
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_lpr.flashing.arguments import parse_arguments
from edge_lpr.flashing.batch import CardState, Report
from edge_lpr.flashing.batch_run import BatchRun
from edge_lpr.flashing.card_contents import look_at
from edge_lpr.flashing.image_file import check_image
from edge_lpr.flashing.run import flash
from edge_lpr.flashing.terminal import Terminal
from edge_lpr.flashing.workshop import Workshop
from tests.support.card_images import blank_card, loop_device, make_image, tool
from tests.support.clock import SetClock
from tests.support.disks import without_disks
from tests.support.flashing import BOOTH, CODE, some_bundle, write_bundle


class Installer(io.StringIO):
    """Does something before each line that he types."""

    def __init__(self, *steps: Callable[[], str]) -> None:
        super().__init__()
        self._steps = iter(steps)

    def readline(self, _limit: int = -1, /) -> str:  # type: ignore[override]
        return f"{next(self._steps)()}\n"


@pytest.fixture
def worn(tmp_path: Path) -> Iterator[Path]:
    """A card that says it has 3 GiB and keeps 4 MiB of them."""
    place = tmp_path / "worn"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4M", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        without_disks("needs root, for a small file system")
    try:
        yield blank_card(place / "card")
    finally:
        subprocess.run(["umount", str(place)], check=True)  # noqa: S607


def test_worn_card_is_said_and_another_one_asked_for(tmp_path: Path, worn: Path) -> None:
    with loop_device(worn) as reader:

        def exchange() -> str:
            # The same device, because a detached one could be somebody else's a moment later.
            command = ["mount", "-o", "remount,size=64M", str(worn.parent)]
            subprocess.run(command, check=True)
            return ""

        shown = io.StringIO()
        terminal = Terminal(Installer(lambda: reader.name, lambda: "", exchange), shown)
        image = check_image(make_image(tmp_path / "booth.img"))
        report = Report.beside(tmp_path / "booths.csv")
        run = BatchRun(Workshop(some_bundle(tmp_path), image, terminal), report, None, SetClock())
        run.to_reader([BOOTH], reader, None)
        assert look_at(reader).booth == (BOOTH.site, BOOTH.device)
    assert "take another card" in shown.getvalue()
    assert shown.getvalue().count(f"put the card for {BOOTH.site}/{BOOTH.device} into") == 2
    states = [line.split(",")[2] for line in report.path.read_text().splitlines()[1:]]
    assert states == ["begun", "begun", "done"]
    assert report.states() == {(BOOTH.site, BOOTH.device): CardState.DONE}


def test_empty_or_used_reader_is_said_until_a_card_is_in(tmp_path: Path) -> None:
    card, place = blank_card(tmp_path / "card"), tmp_path / "place"
    place.mkdir()
    subprocess.run([tool("mkfs.ext4"), "-q", str(card)], check=True)
    with loop_device(card) as reader:

        def look_into_it() -> str:
            subprocess.run(["mount", str(reader), str(place)], check=True)  # noqa: S607
            return ""

        def put_it_away() -> str:
            subprocess.run(["umount", str(place)], check=True)  # noqa: S607
            return ""

        shown = io.StringIO()
        terminal = Terminal(Installer(lambda: reader.name, look_into_it, put_it_away), shown)
        image = check_image(make_image(tmp_path / "booth.img"))
        report = Report.beside(tmp_path / "booths.csv")
        run = BatchRun(Workshop(some_bundle(tmp_path), image, terminal), report, None, SetClock())
        run.to_reader([BOOTH], reader, None)
    assert "is mounted, at" in shown.getvalue()
    assert report.states() == {(BOOTH.site, BOOTH.device): CardState.DONE}


def test_worn_card_does_not_cost_the_answers_that_were_typed(
    tmp_path: Path, worn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    image, bundle = make_image(tmp_path / "booth.img"), write_bundle(tmp_path)
    with loop_device(worn) as card:

        def exchange() -> str:
            command = ["mount", "-o", "remount,size=64M", str(worn.parent)]
            subprocess.run(command, check=True)
            return ""

        form = [CODE, BOOTH.site, BOOTH.device, "", "", "", ""]
        typed = [lambda line=line: line for line in (*form, card.name)]
        shown = io.StringIO()
        words = ["--deployment", str(bundle), "--image", str(image), "--to", str(card)]
        flash(parse_arguments(words), Terminal(Installer(*typed, exchange), shown), SetClock())
        assert look_at(card).booth == (BOOTH.site, BOOTH.device)
    assert "take another card" in shown.getvalue()
    assert shown.getvalue().count("site") == 2
