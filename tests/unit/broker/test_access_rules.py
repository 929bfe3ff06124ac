"""Mosquitto's rules for a list of booths and consumers."""

from edge_lpr.broker.access_list import parse_access_list
from edge_lpr.broker.access_rules import (
    FOR_AUTHORITY,
    FOR_CONSUMERS,
    FROM_DEVICE,
    TO_DEVICE,
    consumer_rules,
    device_rules,
)
from edge_lpr.wire.topics import TopicKind

ACCESS = parse_access_list(
    "device agency/north/booth-1\n"
    "device agency/north/booth-2\n"
    "consumer analytics agency requests\n"
    "consumer display agency/north,agency/south\n"
    "authority custodian agency\n"
)


def lines_of(rules: str, user: str) -> list[str]:
    """Return a user's rules."""
    _, _, rest = rules.partition(f"user {user}\n")
    return rest.partition("\n\n")[0].splitlines()


def test_booth_writes_under_its_own_topics_and_reads_what_is_for_it() -> None:
    assert lines_of(device_rules(ACCESS), "booth-2") == [
        "topic write lpr/v1/agency/north/booth-2/birth",
        "topic write lpr/v1/agency/north/booth-2/status",
        "topic write lpr/v1/agency/north/booth-2/sighting",
        "topic write lpr/v1/agency/north/booth-2/gap",
        "topic write lpr/v1/agency/north/booth-2/health",
        "topic write lpr/v1/agency/north/booth-2/checkpoint",
        "topic write lpr/v1/agency/north/booth-2/transport",
        "topic read lpr/v1/agency/north/booth-2/request",
        "topic read lpr/v1/agency/north/booth-2/keys",
        "topic read lpr/v1/agency/north/watchlist/+/+",
    ]


def test_authority_writes_keys_and_watch_lists_of_its_tenant_and_hears_no_sighting() -> None:
    assert lines_of(consumer_rules(ACCESS), "custodian") == [
        "topic read lpr/v1/agency/+/+/birth",
        "topic read lpr/v1/agency/+/+/status",
        "topic read lpr/v1/agency/+/+/transport",
        "topic read lpr/v1/agency/+/+/health",
        "topic write lpr/v1/agency/+/+/keys",
        "topic readwrite lpr/v1/agency/+/watchlist/+/+",
    ]


def test_consumers_hear_neither_keys_nor_transport_keys_nor_watch_lists() -> None:
    for name in ("analytics", "display"):
        kinds = {line.rpartition("/")[2] for line in lines_of(consumer_rules(ACCESS), name)}
        assert not kinds & {"keys", "transport", "+"}


def test_consumer_with_the_right_asks_the_booths_of_its_tenant() -> None:
    rules = lines_of(consumer_rules(ACCESS), "analytics")
    assert [line for line in rules if "write" in line] == ["topic write lpr/v1/agency/+/+/request"]
    assert "topic read lpr/v1/agency/+/+/sighting" in rules


def test_consumer_without_the_right_writes_nothing() -> None:
    rules = lines_of(consumer_rules(ACCESS), "display")
    assert len(rules) == 2 * len(FOR_CONSUMERS)
    assert all(line.startswith("topic read lpr/v1/agency/") for line in rules)
    assert "topic read lpr/v1/agency/south/+/health" in rules


def test_booths_and_consumers_have_files_of_their_own() -> None:
    assert "analytics" not in device_rules(ACCESS)
    assert "user booth-1" not in consumer_rules(ACCESS)


def test_every_kind_of_message_has_a_direction() -> None:
    assert {*FROM_DEVICE, *TO_DEVICE} == set(TopicKind)
    assert not {*FROM_DEVICE} & {*TO_DEVICE}
    assert {*FOR_AUTHORITY, *FOR_CONSUMERS} == {*FROM_DEVICE}


def test_rules_do_not_depend_on_the_order_of_the_lines() -> None:
    lines = ["device agency/north/booth-1", "device agency/north/booth-2", "consumer a agency"]
    forwards, backwards = (parse_access_list("\n".join(order)) for order in (lines, lines[::-1]))
    assert device_rules(forwards) == device_rules(backwards)
    assert consumer_rules(forwards) == consumer_rules(backwards)
