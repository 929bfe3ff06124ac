from pathlib import Path

import pytest

from edge_lpr.subscriber.arguments import parse_arguments

BROKER = ["mqtts://broker.example", "--authority", "authority.pub"]


def test_broker_and_authority_are_enough() -> None:
    options = parse_arguments(BROKER)
    subscriber = options.subscriber
    assert subscriber.broker == "mqtts://broker.example"
    assert subscriber.authority_key == Path("authority.pub")
    assert (subscriber.keeps_place, subscriber.name) == (False, None)
    assert not options.only_hits
    assert (options.lane, options.seconds) == (None, None)


def test_everything_can_be_said() -> None:
    files = ["--ca", "ca", "--certificate", "crt", "--key", "key", "--request-key", "req"]
    which = ["--tenant", "agency", "--site", "north", "--device", "booth-1", "--lane", "3"]
    how = ["--watchlist", "list", "--hits", "--json", "--fleet", "--seconds", "2.5"]
    rest = ["--name", "server", "--memory", "memory", "--mqtt-version", "3.1.1"]
    options = parse_arguments([*BROKER, *files, *which, *how, *rest])
    subscriber = options.subscriber
    assert (subscriber.ca_file, subscriber.certificate_file) == (Path("ca"), Path("crt"))
    assert (subscriber.key_file, subscriber.request_key_file) == (Path("key"), Path("req"))
    assert (subscriber.tenant, subscriber.site, subscriber.device) == ("agency", "north", "booth-1")
    assert (subscriber.name, subscriber.keeps_place) == ("server", True)
    assert (subscriber.watchlist, subscriber.mqtt_version) == (Path("list"), "3.1.1")
    assert subscriber.memory_file == Path("memory")
    assert (options.lane, options.seconds) == (3, 2.5)
    assert options.only_hits
    assert options.is_json
    assert options.is_fleet


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "one of the arguments --deployment --authority is required"),
        ([*BROKER, "--memory", "file"], "--memory needs --name"),
        ([*BROKER, "--lane", "17"], "must be a whole number from 1 to 16"),
        ([*BROKER, "--lane", "left"], "must be a whole number from 1 to 16"),
        ([*BROKER, "--seconds", "-1"], "must be more than 0 seconds"),
        ([*BROKER, "--seconds", "nan"], "must be more than 0 seconds"),
        ([*BROKER, "--seconds", "soon"], "must be more than 0 seconds"),
    ],
    ids=["nothing", "no name", "lane", "word", "past", "no number", "no time"],
)
def test_what_makes_no_sense_is_refused(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(arguments)
    assert complaint in capsys.readouterr().err
