"""The operator's list of who may use the broker."""

import pytest

from edge_lpr.broker.access_list import (
    AccessList,
    AuthorityAccess,
    ConsumerAccess,
    Scope,
    parse_access_list,
)
from edge_lpr.core.errors import SettingsError
from edge_lpr.wire.topics import DeviceAddress


def test_list_names_booths_and_consumers_in_any_order() -> None:
    access = parse_access_list(
        "# ours\n"
        "consumer display agency/north,agency/south\n"
        "\n"
        "device agency/north/booth-2\n"
        "  consumer analytics agency requests\n"
        "device agency/north/booth-1\n"
        "authority custodian agency\n"
        "authority another rival\n"
    )
    assert access == AccessList(
        devices=(
            DeviceAddress("agency", "north", "booth-1"),
            DeviceAddress("agency", "north", "booth-2"),
        ),
        consumers=(
            ConsumerAccess("analytics", (Scope("agency"),), may_request=True),
            ConsumerAccess(
                "display", (Scope("agency", "north"), Scope("agency", "south")), may_request=False
            ),
        ),
        authorities=(AuthorityAccess("another", "rival"), AuthorityAccess("custodian", "agency")),
    )
    assert [each.name for each in access.servers] == [
        "analytics",
        "display",
        "another",
        "custodian",
    ]


def test_consumers_of_one_line_have_the_same_rights() -> None:
    access = parse_access_list("consumer store-2,store-1 agency/north,rival requests\n")
    scopes = (Scope("agency", "north"), Scope("rival"))
    assert access.consumers == (
        ConsumerAccess("store-1", scopes, may_request=True),
        ConsumerAccess("store-2", scopes, may_request=True),
    )


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        pytest.param("device agency/north", "write: device", id="device-without-its-site"),
        pytest.param("device agency/north/booth/1", "write: device", id="device-too-deep"),
        pytest.param("device agency/north/booth-1 x", "write: device", id="device-and-more"),
        pytest.param("devices agency/north/booth-1", "write: device", id="unknown-word"),
        pytest.param("consumer analytics", "write: device", id="consumer-of-nothing"),
        pytest.param("consumer analytics agency request", "write: device", id="misspelled-right"),
        pytest.param("device agency/north/+", "'device' must have the form", id="wildcard-device"),
        pytest.param("device agency/#/booth-1", "'site' must have the form", id="wildcard-site"),
        pytest.param("device Agency/north/booth-1", "'tenant' must have the form", id="capitals"),
        pytest.param("authority custodian", "write: device", id="authority-of-nothing"),
        pytest.param("authority a agency requests", "write: device", id="authority-and-more"),
        pytest.param(
            "authority a agency/north", "'tenant' must have the form", id="authority-of-one-site"
        ),
        pytest.param(
            "authority a,b agency", "'authority' must have the form", id="two-authorities"
        ),
        pytest.param("consumer analytics +", "'tenant' must have the form", id="all-tenants"),
        pytest.param("consumer analytics agency/", "'site' must have the form", id="empty-site"),
        pytest.param("consumer analytics agency,", "'tenant' must have the form", id="empty-scope"),
        pytest.param(
            "consumer a*b agency", "'consumer' must have the form", id="consumer-with-a-star"
        ),
        pytest.param("consumer a, agency", "'consumer' must have the form", id="empty-consumer"),
        pytest.param("consumer a,a agency", "a stands in line 2 already", id="consumer-twice"),
    ],
)
def test_line_that_makes_no_sense_is_refused_with_its_number(line: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=f"line 2: .*{complaint}"):
        parse_access_list(f"device agency/north/booth-9\n{line}\n")


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("device agency/north/booth-1", id="same-booth"),
        pytest.param("device rival/south/booth-1", id="booth-of-another-tenant"),
        pytest.param("consumer booth-1 agency", id="consumer-called-like-a-booth"),
        pytest.param("authority booth-1 agency", id="authority-called-like-a-booth"),
        pytest.param("consumer a,booth-1 agency", id="one-of-several-called-like-a-booth"),
    ],
)
def test_two_owners_of_one_certificate_name_are_refused(line: str) -> None:
    with pytest.raises(SettingsError, match="line 2: booth-1 stands in line 1 already"):
        parse_access_list(f"device agency/north/booth-1\n{line}\n")
