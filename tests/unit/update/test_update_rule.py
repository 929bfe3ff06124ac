"""Versions only rise, and a bundle is for one board."""

from pathlib import Path

import pytest

from edge_lpr.core.errors import BundleRefusedError, UpdateError
from edge_lpr.installation.reading import parse_installation
from edge_lpr.update.records import PutOff, UpdateRecords
from edge_lpr.update.rule import BundleName, require_newer
from edge_lpr.update.running import RunningImage
from edge_lpr.update.slots import SlotNotes, slots_in
from edge_lpr.update.source import UpdateSource, read_offer
from edge_lpr.update.versions import SystemVersion

HERE = "edge-lpr-generic-amd64"


def judge(version: str, *, running: str, highest: str | None, compatible: str = HERE) -> None:
    image = RunningImage("generic-amd64", SystemVersion(running), HERE)
    was = None if highest is None else SystemVersion(highest)
    require_newer(BundleName(compatible, SystemVersion(version)), image, was)


@pytest.mark.parametrize(
    ("version", "running", "highest"),
    [
        pytest.param("0.1.0+2", "0.1.0+1", "0.1.0+1", id="next build"),
        pytest.param("0.1.0+10", "0.1.0+9", None, id="numbers and not text"),
        pytest.param("0.2.0+1", "0.1.9+40", "0.1.9+40", id="next release"),
        pytest.param("0.1.0+3", "0.1.0+1", "0.1.0+3", id="again what can no longer be read"),
    ],
)
def test_a_higher_version_comes_in(version: str, running: str, highest: str | None) -> None:
    judge(version, running=running, highest=highest)


@pytest.mark.parametrize(
    ("version", "running", "highest", "says"),
    [
        pytest.param("0.1.0+1", "0.1.0+1", "0.1.0+1", "not higher", id="the same"),
        pytest.param("0.1.0+1", "0.1.0+2", "0.1.0+2", "not higher", id="older build"),
        pytest.param("0.0.9+99", "0.1.0+1", None, "not higher", id="older release"),
        pytest.param("0.1.0+2", "0.1.0+1", "0.1.0+3", "lower than", id="between"),
    ],
)
def test_no_other_version_comes_in(
    version: str, running: str, highest: str | None, says: str
) -> None:
    with pytest.raises(BundleRefusedError, match=says):
        judge(version, running=running, highest=highest)


def test_a_bundle_of_another_board_stays_out() -> None:
    with pytest.raises(BundleRefusedError, match="edge-lpr-rpi"):
        judge("9.0.0+1", running="0.1.0+1", highest=None, compatible="edge-lpr-rpi")


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "1.2.3+", "1.2.3+-4", "1.2.3+4\n", "1.2+3", "\u0661.2.3+4"]
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(UpdateError):
        SystemVersion(text)


def test_a_slot_that_runs_is_never_written() -> None:
    for order in (("A",), ("A", "B")):
        with pytest.raises(UpdateError, match="stays"):
            SlotNotes(order).without("A", current="A")


def test_the_way_back_of_a_trial_is_never_written() -> None:
    with pytest.raises(UpdateError, match="stays"):
        SlotNotes(("A",)).without("A", current="B")


def test_a_first_slot_that_cannot_be_read_is_written_anew() -> None:
    assert SlotNotes(("B", "A")).without("B", current="A") == SlotNotes(("A",))


def test_what_was_good_before_stays_as_the_one_behind() -> None:
    assert SlotNotes(("A",), "B").with_good("B") == SlotNotes(("B", "A"))


def test_words_that_are_no_slots_are_passed_over() -> None:
    assert slots_in("B ../A C A B") == ("B", "A")


@pytest.mark.parametrize(("times", "nights"), [(1, 1), (2, 2), (3, 4), (4, 7), (1000, 7)])
def test_what_could_not_be_installed_is_fetched_again_ever_less_often(
    times: int, nights: int
) -> None:
    night_s, hour_s = 86_400, 3600
    noted = PutOff(name="a.raucb", times=times, at_s=0)
    # The timer adds up to three hours.
    assert noted.is_waiting("a.raucb", (nights - 1) * night_s + 3 * hour_s)
    assert not noted.is_waiting("a.raucb", nights * night_s - 3 * hour_s)
    assert not noted.is_waiting("b.raucb", hour_s)
    # The clock stood in the future then.
    assert not noted.is_waiting("a.raucb", -hour_s)


def test_the_tries_of_one_name_are_counted(tmp_path: Path) -> None:
    records = UpdateRecords(tmp_path)
    (tmp_path / "put-off.json").write_text("damaged")
    for name, times in (("a.raucb", 1), ("a.raucb", 2), ("b.raucb", 1)):
        records.note_put_off(name, 1)
        assert records.put_off() == PutOff(name=name, times=times, at_s=1)


def test_the_servers_file_names_one_bundle() -> None:
    offer = read_offer(b'{"version": "0.1.0+2", "bundle": "a-0.1.0+2.raucb", "bytes": 7}')
    assert (str(offer.version), offer.name, offer.size_bytes) == ("0.1.0+2", "a-0.1.0+2.raucb", 7)


@pytest.mark.parametrize(
    "untrusted_bytes",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"\xff", id="no text"),
        pytest.param(b'{"version": "0.1.0+2", "bundle": "../a.raucb", "bytes": 7}', id="path"),
        pytest.param(b'{"version": "0.1.0+2", "bundle": ".a.raucb", "bytes": 7}', id="hidden"),
        pytest.param(b'{"version": "0.1.0+2", "bundle": "a.img", "bytes": 7}', id="no bundle"),
        pytest.param(b'{"version": "0.1.0+2", "bundle": "a.raucb", "bytes": 0}', id="nothing"),
        pytest.param(b'{"version": "0.1.0+2", "bundle": "a.raucb", "bytes": true}', id="yes"),
        pytest.param(b'{"version": "0.1.0+2", "bundle": "a.raucb", "bytes": 1e12}', id="huge"),
        pytest.param(b'{"version": "9", "bundle": "a.raucb", "bytes": 7}', id="no version"),
        pytest.param(b" " * 5000, id="long"),
    ],
)
def test_a_servers_file_that_makes_no_sense_is_refused(untrusted_bytes: bytes) -> None:
    with pytest.raises(UpdateError, match="makes no sense"):
        read_offer(untrusted_bytes)


def test_the_address_alone_is_kept_of_the_answers() -> None:
    text = (
        'site = "north"\ndevice = "booth-1"\ncamera = "usb"\n'
        'update_url = "https://updates.example:8443/booths/"\n'
        '[network]\nproxy = "http://192.0.2.3:3128"\n'
        '[network.wifi]\nname = "n"\npassphrase = "not for everybody"\ncountry = "BR"\n'
    )
    source = UpdateSource.of(parse_installation(text.encode(), "installation.toml"))
    assert source == UpdateSource("updates.example", 8443, "/booths", ("192.0.2.3", 3128))
    assert "everybody" not in source.dump()
