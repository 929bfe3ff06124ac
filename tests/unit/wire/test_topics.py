import pytest

from edge_lpr.core.errors import WireError
from edge_lpr.wire.bounds import MAXIMUM_EPOCH
from edge_lpr.wire.topics import (
    MAXIMUM_CHUNKS,
    DeviceAddress,
    TopicKind,
    WatchListTopic,
    parse_topic,
    parse_watch_list_topic,
    topic,
    watch_list_filter,
    watch_list_manifests,
    watch_list_topic,
)

ADDRESS = DeviceAddress("tenant-a", "lane-07", "booth-1")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (TopicKind.BIRTH, "lpr/v1/tenant-a/lane-07/booth-1/birth"),
        (TopicKind.STATUS, "lpr/v1/tenant-a/lane-07/booth-1/status"),
        (TopicKind.SIGHTING, "lpr/v1/tenant-a/lane-07/booth-1/sighting"),
        (TopicKind.GAP, "lpr/v1/tenant-a/lane-07/booth-1/gap"),
        (TopicKind.HEALTH, "lpr/v1/tenant-a/lane-07/booth-1/health"),
        (TopicKind.REQUEST, "lpr/v1/tenant-a/lane-07/booth-1/request"),
        (TopicKind.KEYS, "lpr/v1/tenant-a/lane-07/booth-1/keys"),
        (TopicKind.TRANSPORT, "lpr/v1/tenant-a/lane-07/booth-1/transport"),
    ],
)
def test_every_kind_has_its_topic(kind: TopicKind, text: str) -> None:
    assert topic(ADDRESS, kind) == text
    assert parse_topic(text) == (ADDRESS, kind)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param("+", id="wildcard of one level"),
        pytest.param("#", id="wildcard of all levels"),
        pytest.param("a/b", id="two levels"),
        pytest.param("Upper", id="upper case"),
        pytest.param("-a", id="leading hyphen"),
        pytest.param("a\n", id="newline at the end"),
        pytest.param("a" * 33, id="too long"),
        pytest.param("é", id="not ASCII"),
    ],
)
def test_name_that_could_reach_another_topic_is_refused(name: str) -> None:
    with pytest.raises(WireError, match="site"):
        DeviceAddress("t", name, "d")


@pytest.mark.parametrize(
    "untrusted_topic",
    [
        pytest.param("", id="empty"),
        pytest.param("t/s/d/birth", id="without the prefix"),
        pytest.param("lpr/v2/t/s/d/birth", id="another version"),
        pytest.param("lpr/v1/t/s/birth", id="a level too few"),
        pytest.param("lpr/v1/t/s/d/birth/x", id="a level too many"),
        pytest.param("lpr/v1/lpr/v1/t/s/d/birth", id="prefix twice"),
        pytest.param("lpr/v1/t/s/d/picture", id="unknown kind"),
        pytest.param("lpr/v1/t/s/d/BIRTH", id="kind in upper case"),
        pytest.param("lpr/v1/t//d/birth", id="empty level"),
        pytest.param("lpr/v1/t/s/d/" + "x" * 200, id="too long"),
    ],
)
def test_foreign_topic_is_refused(untrusted_topic: str) -> None:
    with pytest.raises(WireError):
        parse_topic(untrusted_topic)


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (None, "lpr/v1/tenant-a/lane-07/watchlist/20454/manifest"),
        (0, "lpr/v1/tenant-a/lane-07/watchlist/20454/0"),
        (4095, "lpr/v1/tenant-a/lane-07/watchlist/20454/4095"),
    ],
)
def test_every_part_of_a_watch_list_has_its_topic(index: int | None, text: str) -> None:
    part = WatchListTopic("tenant-a", "lane-07", 20_454, index)
    assert watch_list_topic(part) == text
    assert parse_watch_list_topic(text) == part


def test_filter_takes_in_every_watch_list_of_one_site() -> None:
    assert watch_list_filter("tenant-a", "lane-07") == "lpr/v1/tenant-a/lane-07/watchlist/+/+"


def test_filter_takes_in_the_manifests_of_every_site_of_one_agency() -> None:
    assert watch_list_manifests("tenant-a") == "lpr/v1/tenant-a/+/watchlist/+/manifest"
    with pytest.raises(WireError):
        watch_list_manifests("+")


@pytest.mark.parametrize(("tenant", "site"), [("+", "lane-07"), ("tenant-a", "#")])
def test_filter_of_more_than_one_site_is_refused(tenant: str, site: str) -> None:
    with pytest.raises(WireError):
        watch_list_filter(tenant, site)


@pytest.mark.parametrize(
    "untrusted_topic",
    [
        pytest.param("", id="empty"),
        pytest.param("lpr/v2/t/s/watchlist/1/0", id="another version"),
        pytest.param("lpr/v1/t/s/watchlist/1", id="a level too few"),
        pytest.param("lpr/v1/t/s/watchlist/1/0/0", id="a level too many"),
        pytest.param("lpr/v1/t/s/booth-1/1/0", id="no watch-list"),
        pytest.param("lpr/v1/t/S/watchlist/1/0", id="site in upper case"),
        pytest.param("lpr/v1/t/s/watchlist/01/0", id="epoch with a zero in front"),
        pytest.param("lpr/v1/t/s/watchlist/-1/0", id="epoch negative"),
        pytest.param("lpr/v1/t/s/watchlist/\u0661/0", id="epoch in other digits"),
        pytest.param(f"lpr/v1/t/s/watchlist/{MAXIMUM_EPOCH + 1}/0", id="epoch too large"),
        pytest.param(f"lpr/v1/t/s/watchlist/1/{MAXIMUM_CHUNKS}", id="place too large"),
        pytest.param("lpr/v1/t/s/watchlist/1/digest", id="unknown part"),
        pytest.param("lpr/v1/t/s/watchlist/1/" + "9" * 200, id="too long"),
    ],
)
def test_foreign_topic_of_a_watch_list_is_refused(untrusted_topic: str) -> None:
    with pytest.raises(WireError):
        parse_watch_list_topic(untrusted_topic)


def test_device_named_watchlist_is_no_watch_list() -> None:
    address = DeviceAddress("tenant-a", "lane-07", "watchlist")
    with pytest.raises(WireError):
        parse_watch_list_topic(topic(address, TopicKind.BIRTH))
    with pytest.raises(WireError):
        parse_topic(watch_list_topic(WatchListTopic("tenant-a", "lane-07", 1, None)))
