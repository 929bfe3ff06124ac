"""Many booths from one table: checked before the first card, and gone on with where it stopped."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_lpr.core.errors import FlashError, InstallationError
from edge_lpr.flashing.batch import CardState, Report, read_batch
from edge_lpr.flashing.batch_run import BatchRun
from edge_lpr.flashing.boot_files import get_file
from edge_lpr.flashing.card_contents import look_at
from edge_lpr.flashing.image_file import check_image
from edge_lpr.flashing.workshop import Workshop
from edge_lpr.installation.model import Installation
from tests.support.card_images import MIB, blank_card, ends_of, loop_device, make_image
from tests.support.clock import SetClock
from tests.support.flashing import BOOTH, CODE, scripted_terminal, some_bundle

TABLE = f"site,device,camera,ticket\nnorth,b1,usb,{CODE}\nnorth,b2,csi,\nsouth,b1,usb,\n"


def booths(*devices: str) -> list[Installation]:
    return [BOOTH.model_copy(update={"device": device}) for device in devices]


def note(report: Report, booth: Installation, state: CardState) -> None:
    at = "2026-11-27T12:00:00Z"
    report.add(booth, state, at=at, target=Path("/dev/sdb"), image_sha256="0" * 64)


def table(folder: Path, text: str) -> Path:
    path = folder / "booths.csv"
    path.write_bytes(text.encode())
    return path


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., BatchRun]:
    """Begins a run of the same batch again and again, each time with somebody who types lines."""
    workshop_image = check_image(make_image(tmp_path / "booth.img"))
    bundle = some_bundle(tmp_path)

    def begin(*lines: str, labels: Path | None = None) -> BatchRun:
        terminal, _ = scripted_terminal(*lines)
        report = Report.beside(tmp_path / "booths.csv")
        return BatchRun(Workshop(bundle, workshop_image, terminal), report, labels, SetClock())

    return begin


def test_table_is_read_in_its_order(tmp_path: Path) -> None:
    found = read_batch(table(tmp_path, TABLE), {"time_server": "192.0.2.7"})
    assert [(each.site, each.device, each.camera) for each in found] == [
        ("north", "b1", "usb"),
        ("north", "b2", "csi"),
        ("south", "b1", "usb"),
    ]
    assert (found[0].ticket, found[1].ticket) == (CODE, None)
    assert {each.time_server for each in found} == {"192.0.2.7"}


def test_table_as_excel_writes_it_is_read(tmp_path: Path) -> None:
    text = "\ufeff" + TABLE.replace(",", ";").replace("\n", "\r\n") + ";;;\r\n"
    assert len(read_batch(table(tmp_path, text), {})) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("site,device\nn,b\n", "line 2: camera is missing", id="no camera"),
        pytest.param(TABLE + "north,b1,usb,\n", "line 5: has the booth of line 2", id="twice"),
        pytest.param(
            TABLE + f"north,b3,usb,{CODE}\n", "line 5: has the ticket of line 2", id="same ticket"
        ),
        pytest.param("site,devise\nn,b\n", r"\('devise'\); there are site, device", id="column"),
        pytest.param("site,site\nn,b\n", "columns, each once", id="column twice"),
        pytest.param("site,device,camera\nn,b,usb,x\n", "line 2: has more words", id="too long"),
        pytest.param("site,device,camera\n", "1 to 2000 booths", id="no booths"),
        pytest.param("", "1 to 2000 booths", id="empty"),
        pytest.param("site,device,camera\nN,b,usb\nn,b,tv\n", r"line 2: .*; line 3: ", id="all"),
    ],
)
def test_table_with_faults_is_refused_whole(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InstallationError, match=said):
        read_batch(table(tmp_path, text), {})


def test_fault_in_a_table_shows_no_ticket(tmp_path: Path) -> None:
    wrong = CODE[:-1] + ("0" if CODE[-1] != "0" else "1")
    with pytest.raises(InstallationError) as caught:
        read_batch(table(tmp_path, TABLE.replace(CODE, wrong)), {})
    assert wrong not in str(caught.value)


def test_every_booth_gets_its_file(start: Callable[..., BatchRun], tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    run = start(labels=labels)
    run.to_folder(booths("b1", "b2"), tmp_path)
    for device in ("b1", "b2"):
        with (tmp_path / f"north-crossing_{device}.img").open("rb") as file:
            boot = run.workshop.image.layout.boot
            answers = get_file(file.fileno(), boot, "installation.toml")
        assert answers is not None
        assert f'device = "{device}"' in answers.decode()
        assert (labels / f"north-crossing_{device}.pdf").read_bytes().startswith(b"%PDF")
    text = run.report.path.read_text()
    assert text.splitlines()[0] == "site,device,state,at,target,image_sha256"
    assert text.count("done") == 2
    assert CODE not in text


def test_interrupted_batch_goes_on_with_what_is_missing(
    start: Callable[..., BatchRun], tmp_path: Path
) -> None:
    # Another file is in the way of the second booth, so the run ends there.
    obstacle = tmp_path / "north-crossing_b2.img"
    obstacle.write_text("something else")
    with pytest.raises(FlashError, match="is there already"):
        start().to_folder(booths("b1", "b2", "b3"), tmp_path)
    first = tmp_path / "north-crossing_b1.img"
    status = first.stat()
    run = start()
    assert run.report.states() == {
        ("north-crossing", "b1"): CardState.DONE,
        ("north-crossing", "b2"): CardState.BEGUN,
    }
    run.to_folder(booths("b1", "b2", "b3"), tmp_path)
    assert first.stat().st_mtime_ns == status.st_mtime_ns
    assert set(run.report.states().values()) == {CardState.DONE}
    assert obstacle.stat().st_size == run.workshop.image.layout.size_bytes


@pytest.mark.parametrize("cut", range(1, 110, 9))
def test_report_that_a_power_cut_has_torn_is_gone_on_with(tmp_path: Path, cut: int) -> None:
    report = Report(tmp_path / "booths.report.csv")
    first, second = booths("b1", "b2")
    note(report, first, CardState.DONE)
    whole = report.path.stat().st_size
    note(report, second, CardState.BEGUN)
    os.truncate(report.path, max(whole, report.path.stat().st_size - cut))
    done, begun = ("north-crossing", "b1"), ("north-crossing", "b2")
    states = report.states()
    assert states.pop(done) is CardState.DONE
    assert states in ({}, {begun: CardState.BEGUN})
    note(report, second, CardState.DONE)
    assert report.states() == {done: CardState.DONE, begun: CardState.DONE}


def test_card_after_card_in_one_reader_and_no_finished_one_again(
    start: Callable[..., BatchRun], tmp_path: Path
) -> None:
    cards = [blank_card(tmp_path / "card-1"), blank_card(tmp_path / "card-2")]
    with loop_device(cards[0]) as reader:
        run = start(reader.name, "")
        run.to_reader(booths("b1"), reader, None)
        assert look_at(reader).booth == ("north-crossing", "b1")
        # The same card is still in the reader: Enter is not enough, and then nobody is there.
        run = start(reader.name, "")
        with pytest.raises(InstallationError, match="no answer"):
            run.to_reader(booths("b1", "b2"), reader, None)
        assert look_at(reader).booth == ("north-crossing", "b1")
    with loop_device(cards[1]) as reader:
        run = start(reader.name, "")
        run.to_reader(booths("b1", "b2"), reader, None)
        assert look_at(reader).booth == ("north-crossing", "b2")
    assert set(run.report.states().values()) == {CardState.DONE}


def test_nothing_is_written_unless_the_name_of_the_disk_is_typed(
    start: Callable[..., BatchRun], tmp_path: Path
) -> None:
    card = blank_card(tmp_path / "card", b"\xa5" * MIB)
    with loop_device(card) as reader, pytest.raises(FlashError, match="was not typed"):
        start("y", "yes", "").to_reader(booths("b1"), reader, None)
    with loop_device(card) as reader, pytest.raises(FlashError, match="serial number"):
        start().to_reader(booths("b1"), reader, "12345")
    assert ends_of(card)[0] == b"\xa5" * MIB
