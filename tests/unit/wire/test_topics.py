import pytest

from edge_lpr.core.errors import WireError
from edge_lpr.wire.topics import DeviceAddress, TopicKind, parse_topic, topic

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
