"""What is told about a hit, and to whom."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edge_lpr.core.errors import KeyFileError, SettingsError
from edge_lpr.store.records import DueHit
from edge_lpr.store.webhook import Webhook, hit_document, read_webhook
from edge_lpr.wire.topics import DeviceAddress

HIT = DueHit(
    id=7,
    address=DeviceAddress("tenant-a", "lane-07", "booth-1"),
    boot="0123456789abcdef",
    seq=3,
    at=1_767_268_800,
    lane=2,
    dir="in",
    is_test=False,
    match="fold",
    entry="case-1",
    attempts=1,
)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_bytes(b"0123456789abcdef\n")
    file.chmod(0o600)
    return file


def test_hit_says_where_and_when_and_which_entry() -> None:
    assert json.loads(hit_document(HIT)) == {
        "id": 7,
        "attempt": 1,
        "tenant": "tenant-a",
        "site": "lane-07",
        "device": "booth-1",
        "boot": "0123456789abcdef",
        "seq": 3,
        "at": 1_767_268_800,
        "lane": 2,
        "dir": "in",
        "match": "fold",
        "entry": "case-1",
    }


def test_hit_of_a_booth_that_publishes_hits_alone_says_what_its_list_has() -> None:
    hit = json.loads(hit_document(replace(HIT, booth_entry="ZW50cnktMTc", is_possible=True)))
    assert (hit["entry"], hit["booth_entry"], hit["possible"]) == ("case-1", "ZW50cnktMTc", True)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hits.example/a?b=c", ("hits.example", 443, "/a?b=c", True)),
        ("https://hits.example:8443", ("hits.example", 8443, "/", True)),
        ("http://127.0.0.1:8080/hits", ("127.0.0.1", 8080, "/hits", False)),
        ("http://[::1]/hits", ("::1", 80, "/hits", False)),
        ("http://[::ffff:127.0.0.1]/hits", ("::ffff:127.0.0.1", 80, "/hits", False)),
    ],
)
def test_url_of_a_receiver_is_read(
    url: str, expected: tuple[str, int, str, bool], secret: Path
) -> None:
    webhook = read_webhook(url, secret)
    assert (webhook.host, webhook.port, webhook.path, webhook.context is not None) == expected
    assert webhook.secret == b"0123456789abcdef"


@pytest.mark.parametrize(
    "url",
    [
        "http://hits.example/hits",
        "http://localhost/hits",
        "https://user:word@hits.example/",
        "https://:word@hits.example/",
        "https://@hits.example/",
        "ftp://hits.example",
        "https://",
        "https://a:b",
        "hits",
    ],
)
def test_url_that_is_no_safe_receiver_is_refused(url: str, secret: Path) -> None:
    with pytest.raises(SettingsError, match="--webhook"):
        read_webhook(url, secret)


def test_short_secret_is_refused(secret: Path) -> None:
    secret.write_bytes(b"short           \n")
    with pytest.raises(KeyFileError, match="at least 16"):
        read_webhook("https://hits.example", secret)


def test_secret_does_not_show() -> None:
    assert "s3cret" not in repr(Webhook("host", 443, "/", context=None, secret=b"s3cret"))
