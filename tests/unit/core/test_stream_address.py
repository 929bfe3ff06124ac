"""A camera is named without its password, wherever the password stands in the address."""

import pytest

from edge_lpr.core.stream_address import without_secrets


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        pytest.param("rtsp://192.0.2.7:554/a/b", "rtsp://192.0.2.7:554/a/b", id="no secret"),
        pytest.param("rtsp://192.0.2.7/c?user=a&password=b", "rtsp://192.0.2.7/c", id="query"),
        pytest.param("rtsp://user:b@192.0.2.7/c", "rtsp://192.0.2.7/c", id="user and password"),
        pytest.param("rtsp://user:b@c@192.0.2.7/d", "rtsp://192.0.2.7/d", id="two at signs"),
        pytest.param("rtsp://192.0.2.7/c#password=b", "rtsp://192.0.2.7/c", id="fragment"),
        pytest.param(
            "rtsp://192.0.2.7/user=a&password=b.sdp", "rtsp://192.0.2.7/...", id="in the path"
        ),
        pytest.param("rtsp://[::1]:554/c?password=b", "rtsp://[::1]:554/c", id="IPv6"),
        pytest.param("rtsp://[broken/c?password=b", "the address", id="malformed"),
    ],
)
def test_address_is_shown_without_its_secrets(address: str, shown: str) -> None:
    assert without_secrets(address) == shown
