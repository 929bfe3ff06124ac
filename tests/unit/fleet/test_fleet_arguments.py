"""The command line of ``edge-lpr fleet``."""

import pytest

from edge_lpr.core.errors import SettingsError
from edge_lpr.fleet.arguments import Part, parse_arguments
from edge_lpr.fleet.counters import FleetCounters, add_up
from edge_lpr.fleet.run import access_lines


def test_nothing_said_is_a_small_fleet_on_this_machine() -> None:
    options = parse_arguments([])
    assert (options.broker.host, options.broker.port) == ("127.0.0.1", 1883)
    assert options.booths == 10
    assert options.faults.shares() == (0, 0, 0, 0, 0)


def test_there_are_no_more_processes_than_booths() -> None:
    assert parse_arguments(["--booths", "1", "--processes", "4"]).processes == 1


def test_encrypted_broker_needs_certificates() -> None:
    with pytest.raises(SettingsError, match="--certificates"):
        parse_arguments(["--broker", "mqtts://broker.example"])


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--booths", "0"], id="no-booth"),
        pytest.param(["--booths", "50001"], id="more-than-names"),
        pytest.param(["--rate", "0"], id="no-rate"),
        pytest.param(["--rate", "inf"], id="endless-rate"),
        pytest.param(["--tenant", "Fleet"], id="name-of-another-form"),
        pytest.param(["--hit-only", "0"], id="none-publishes-hits-alone"),
        pytest.param(["--part", "3/2"], id="third-of-two"),
        pytest.param(["--part", "0/2"], id="parts-from-zero"),
        pytest.param(["--part", "one"], id="part-in-words"),
    ],
)
def test_words_that_make_no_sense_end_the_program(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(words)


def test_one_booth_in_so_many_publishes_hits_alone() -> None:
    options = parse_arguments(["--hit-only", "3"])
    modes = [options.mode_of(number) for number in range(1, 7)]
    assert modes == ["stream", "stream", "hit-only"] * 2
    assert parse_arguments([]).mode_of(3) == "stream"


def test_parts_divide_the_booths() -> None:
    numbers = [number for part in range(3) for number in Part(part, 3).numbers(10)]
    assert sorted(numbers) == list(range(1, 11))


def test_list_names_every_booth_for_the_broker() -> None:
    lines = access_lines(parse_arguments(["--booths", "11", "--list"])).splitlines()
    assert lines[0] == "device fleet/site-0001/booth-00001"
    assert lines[-1] == "device fleet/site-0002/booth-00011"
    assert len(lines) == 11


def test_figures_of_parts_add_up() -> None:
    parts = [FleetCounters(committed=2, gaps=1), FleetCounters(committed=3)]
    total = add_up([*(part.as_mapping() for part in parts), {"seconds": 9}])
    assert (total.committed, total.gaps) == (5, 1)
