"""``edge-lpr flash`` as an installer meets it."""

import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from edge_lpr.flashing.__main__ import main
from edge_lpr.flashing.batch import read_batch
from edge_lpr.flashing.boot_files import get_file
from edge_lpr.flashing.bundle import read_bundle
from edge_lpr.flashing.card_contents import look_at
from edge_lpr.flashing.image_file import check_image
from edge_lpr.flashing.workshop import files_for
from edge_lpr.installation.dumping import dump_installation
from edge_lpr.installation.reading import parse_installation, read_installation
from tests.support.card_images import MIB, blank_card, ends_of, loop_device, make_image
from tests.support.flashing import BOOTH, CODE, NOTE, write_bundle


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which an installer works: image, bundle, answers."""
    monkeypatch.chdir(tmp_path)
    write_bundle(tmp_path)
    (tmp_path / "answers.toml").write_text(dump_installation(BOOTH))
    return tmp_path


def test_answers_by_file_and_an_image_that_lies_here_need_no_questions(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = check_image(make_image(desk / "edge-lpr-generic-amd64-1.img"))
    command = ["--deployment", "deployment.lpr", "--answers", "answers.toml", "--to", "card.img"]
    assert main([*command, "--label", "label.pdf"]) == 0
    with (desk / "card.img").open("rb") as file:
        for name, content in files_for(BOOTH, read_bundle(desk / "deployment.lpr")).items():
            assert get_file(file.fileno(), image.layout.boot, name) == content
    assert (desk / "label.pdf").read_bytes().startswith(b"%PDF")
    shown = capsys.readouterr().out
    fingerprint = read_bundle(desk / "deployment.lpr").deployment.fingerprint
    assert f"deployment of agency, authority {fingerprint}: compare it" in shown
    assert CODE not in shown


def test_only_the_files_into_a_folder(desk: Path) -> None:
    command = ["--deployment", "deployment.lpr", "--answers", "answers.toml"]
    (desk / "boot").mkdir()
    assert main([*command, "--files-only", "boot"]) == 0
    assert read_installation(desk / "boot" / "installation.toml") == BOOTH
    bundle = (desk / "deployment.lpr").read_bytes()
    assert (desk / "boot" / "deployment.lpr").read_bytes() == bundle
    assert len(list((desk / "boot").iterdir())) == 2


def test_only_the_files_onto_a_card_that_was_flashed_otherwise(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = make_image(desk / "a.img")
    before = image.read_bytes()
    boot = check_image(image).layout.boot
    command = ["--deployment", "deployment.lpr", "--answers", "answers.toml"]
    with loop_device(blank_card(desk / "card", before)) as device:
        assert main([*command, "--files-only", str(device)]) == 0
        assert look_at(device).booth == (BOOTH.site, BOOTH.device)
    with (desk / "card").open("rb") as file:
        after = file.read(len(before))
    assert after[: boot.offset_bytes] == before[: boot.offset_bytes]
    assert after[boot.end_bytes :] == before[boot.end_bytes :]
    with loop_device(blank_card(desk / "other", b"")) as device:
        assert main([*command, "--files-only", str(device)]) == 1
    assert "this is no card of a booth; flash it first" in capsys.readouterr().err
    assert ends_of(desk / "other")[0] == bytes(MIB)


def test_ticket_by_file_goes_into_the_answers(desk: Path) -> None:
    (desk / "answers.toml").write_text(dump_installation(BOOTH.model_copy(update={"ticket": None})))
    (desk / "note.txt").write_text(NOTE)
    command = ["--deployment", "deployment.lpr", "--answers", "answers.toml"]
    assert main([*command, "--ticket", "note.txt", "--files-only", "."]) == 0
    written = (desk / "installation.toml").read_bytes()
    assert parse_installation(written, "it").ticket == CODE


def test_label_of_an_enrolled_booth(desk: Path) -> None:
    command = ["--deployment", "deployment.lpr", "--label-only", "--label", "label.pdf"]
    words = ["--device", "north/b1", "--fingerprint", "s1rs0xnt4dda r2bf sdwq"]
    assert main([*command, *words]) == 0
    assert b"(S1RS-0XNT-4DDA)" in (desk / "label.pdf").read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--to", "card.img"], "which image?", id="no image"),
        pytest.param(["--to", "card.img", "--image", "no.img"], "cannot be read", id="no such"),
        pytest.param(["--files-only", "nowhere"], "is no folder", id="no folder"),
        pytest.param(["--label-only", "--label", "l", "--device", "N"], "must be like", id="name"),
        pytest.param(
            ["--label-only", "--label", "l", "--device", "n/b", "--fingerprint", "S1"],
            "a fingerprint has 20",
            id="fingerprint",
        ),
        pytest.param(
            ["--ticket", NOTE.replace("booth-1", "booth-2"), "--files-only", "."],
            "the ticket is for north-crossing/booth-2",
            id="ticket",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    desk: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    command = ["--deployment", "deployment.lpr", "--answers", str(desk / "answers.toml")]
    assert main([*command, *words]) == 1
    told = capsys.readouterr().err
    assert told.startswith("edge-lpr flash: ")
    assert said in told


@pytest.mark.parametrize("device", ["/dev/no-such-disk", "/dev/null"])
def test_mistyped_disk_does_not_become_a_file(
    desk: Path, capsys: pytest.CaptureFixture[str], device: str
) -> None:
    image = make_image(desk / "a.img")
    command = ["--deployment", "deployment.lpr", "--image", str(image), "--to", device]
    assert main(command) == 1
    assert "there is no such disk" in capsys.readouterr().err


def test_existing_file_and_the_image_itself_are_not_overwritten(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = make_image(desk / "a.img")
    content = image.read_bytes()
    command = ["--deployment", "deployment.lpr", "--image", "a.img", "--answers", "answers.toml"]
    assert main([*command, "--to", "a.img"]) == 1
    assert "is there already" in capsys.readouterr().err
    assert image.read_bytes() == content


@pytest.mark.parametrize("place", [0, 40, -1])
def test_changed_bundle_goes_onto_no_card(
    desk: Path, capsys: pytest.CaptureFixture[str], place: int
) -> None:
    content = bytearray((desk / "deployment.lpr").read_bytes())
    content[place] ^= 1
    (desk / "deployment.lpr").write_bytes(content)
    command = ["--deployment", "deployment.lpr", "--answers", "answers.toml", "--files-only", "."]
    assert main(command) == 1
    assert "is no whole bundle" in capsys.readouterr().err
    assert not (desk / "installation.toml").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["--label-only"],
        ["--batch", "a.csv"],
        ["--batch", "a.csv", "--to", "x", "--ticket", CODE],
        ["--files-only", ".", "--to", "x"],
        ["--fingerprint", "x"],
        ["--yes", "123"],
    ],
)
def test_options_that_contradict_each_other_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--deployment", "deployment.lpr", *words])


def test_batch_into_a_folder(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_image(desk / "edge-lpr-1.img")
    (desk / "booths.csv").write_text("site,device\nnorth,b1\nnorth,b2\n")
    (desk / "all.toml").write_text('camera = "usb"\n[network]\nvlan = 7\n')
    command = ["--deployment", "deployment.lpr", "--batch", "booths.csv", "--answers", "all.toml"]
    for expected in ("2 to be written", "0 to be written"):
        assert main([*command, "--to", "cards", "--label", "labels"]) == 0
        assert expected in capsys.readouterr().out
    assert sorted(each.name for each in (desk / "cards").iterdir()) == [
        "north_b1.img",
        "north_b2.img",
    ]
    assert len(list((desk / "labels").iterdir())) == 2


def test_card_on_which_a_booth_could_not_grow_is_refused_before_the_form(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = make_image(desk / "a.img")
    (desk / "card").write_bytes(bytes(32 * MIB))
    with loop_device(desk / "card") as device:
        words = ["--deployment", "deployment.lpr", "--image", str(image), "--to", str(device)]
        assert main(words) == 1
    assert "has 34 MB, and a booth needs 2.2 GB; take a larger card" in capsys.readouterr().err


def test_disk_with_the_serial_number_that_was_given_needs_no_question(desk: Path) -> None:
    # Loop devices have none, so that none fits.
    image = make_image(desk / "a.img")
    before = image.read_bytes()
    with loop_device(blank_card(desk / "card", before)) as device:
        command = [sys.executable, "-m", "edge_lpr.flashing", "--deployment", "deployment.lpr"]
        command += ["--image", str(image), "--to", str(device), "--answers", "answers.toml"]
        done = subprocess.run(
            [*command, "--yes", "12345"], capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert "its serial number is not known, which --yes does not name" in done.stderr
    assert ends_of(desk / "card")[0] == before[:MIB]


def test_examples_of_the_installers_page_are_taken(desk: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "flashing.md").read_text()
    blocks = re.findall(r"^ *```(toml|csv)\n(.*?)^ *```$", page, re.MULTILINE | re.DOTALL)
    whole, network = [dedent(text) for kind, text in blocks if kind == "toml"]
    found = parse_installation(f"{whole}\n{network}".encode(), "the page")
    assert (found.site, found.network.gateway) == ("north-crossing", "192.0.2.1")
    (table,) = [text for kind, text in blocks if kind == "csv"]
    (desk / "booths.csv").write_text(table)
    assert [each.device for each in read_batch(desk / "booths.csv", {})] == ["booth-1", "booth-2"]


def test_without_what_draws_the_code_it_says_what_to_install(desk: Path) -> None:
    program = "import sys; sys.modules['segno'] = None; from edge_lpr.flashing.__main__ import main"
    command = [sys.executable, "-c", f"{program}; sys.exit(main(['--deployment', 'x']))"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=desk)
    assert done.returncode == 1
    assert "segno is not installed; scripts/flash_booth installs everything" in done.stderr
