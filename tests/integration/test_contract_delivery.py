"""How messages are delivered is what the contract as a file says."""

from typing import Any

import pytest

from edge_lpr.core.settings import PublisherSection
from edge_lpr.publisher import mqtt_client
from edge_lpr.publisher.request_rules import BURST, INTERVAL_S, WORTH_S
from edge_lpr.subscriber.paho_session import REQUEST_EXPIRY_S
from edge_lpr.wire.request import MAXIMUM_REQUESTED
from edge_lpr.wire.topics import TopicKind
from tests.support.contract_schemas import asyncapi


def delivery(kind: TopicKind) -> dict[str, Any]:
    """Return the MQTT binding of what is done with a kind of message."""
    (operation,) = (
        operation
        for operation in asyncapi()["operations"].values()
        if operation["channel"]["$ref"] == f"#/channels/{kind.value}"
    )
    binding: dict[str, Any] = operation["bindings"]["mqtt"]
    return binding


TO_THE_BOOTH = (TopicKind.REQUEST, TopicKind.KEYS)


@pytest.mark.parametrize("kind", [kind for kind in TopicKind if kind not in TO_THE_BOOTH])
def test_publisher_delivers_as_the_file_says(kind: TopicKind) -> None:
    binding = delivery(kind)
    assert binding["qos"] == 1
    assert binding["retain"] is (kind in mqtt_client._RETAINED)
    assert binding.get("messageExpiryInterval") == mqtt_client.EXPIRY_S.get(kind)


def test_session_of_the_booth_is_the_one_in_the_file() -> None:
    binding = asyncapi()["servers"]["broker"]["bindings"]["mqtt"]
    assert binding["keepAlive"] == mqtt_client.KEEPALIVE_S
    assert binding["sessionExpiryInterval"] == mqtt_client.SESSION_EXPIRY_S
    status = asyncapi()["channels"]["status"]["description"]
    assert f"{mqtt_client.WILL_DELAY_S} s" in status


def test_requests_are_worth_and_limited_as_the_file_says() -> None:
    assert delivery(TopicKind.REQUEST)["messageExpiryInterval"] == REQUEST_EXPIRY_S == WORTH_S
    limits = asyncapi()["channels"]["request"]["description"]
    assert f"One in {INTERVAL_S} s each, a burst of {BURST} at most" in limits
    assert f"at most {MAXIMUM_REQUESTED:,} sightings each" in " ".join(limits.split())


def test_sent_sightings_are_kept_as_long_as_the_file_says() -> None:
    fields = PublisherSection.model_fields
    kept = f"{fields['keep_sent_days'].default:.0f} days or {fields['outbox_mb'].default} MB"
    assert f"sent sightings are kept for {kept}" in asyncapi()["channels"]["request"]["description"]
