import pytest

from edge_lpr.core.errors import WireError
from edge_lpr.wire.status import StatusClaims, decode_status, encode_status

BOOT = "0123456789abcdef"


@pytest.mark.parametrize(
    ("is_online", "payload"),
    [
        (True, b'{"boot":"0123456789abcdef","state":"online"}'),
        (False, b'{"boot":"0123456789abcdef","state":"offline"}'),
    ],
)
def test_status_says_boot_and_state(is_online: bool, payload: bytes) -> None:  # noqa: FBT001
    assert encode_status(BOOT, is_online=is_online) == payload
    assert decode_status(payload) == StatusClaims(BOOT, is_online)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="empty, as when a retained message is deleted"),
        pytest.param(b'{"boot":"0123456789abcdef","state":"asleep"}', id="unknown state"),
        pytest.param(b'{"boot":"0123456789ABCDEF","state":"online"}', id="boot in upper case"),
        pytest.param(b'{"boot":"0123456789abcdef"}', id="no state"),
        pytest.param(b'{"boot":"0123456789abcdef","state":"online","at":1}', id="unknown member"),
        pytest.param(b'{"boot":"0123456789abcdef","state":"online"}' + b" " * 100, id="too long"),
    ],
)
def test_foreign_status_is_refused(payload: bytes) -> None:
    with pytest.raises(WireError):
        decode_status(payload)


def test_status_of_an_impossible_boot_is_not_written() -> None:
    with pytest.raises(WireError, match="boot"):
        encode_status("not a boot id", is_online=True)
