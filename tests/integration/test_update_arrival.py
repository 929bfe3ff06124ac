"""How a bundle comes: by a pipe or by HTTPS, within bounds, and whose file it is afterwards."""

import dataclasses
import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_lpr.core.errors import UpdateError
from edge_lpr.update import receiving
from edge_lpr.update.fetching import UpdateServer
from edge_lpr.update.installing import alone
from edge_lpr.update.receiving import receive
from edge_lpr.update.source import Offer, UpdateSource
from edge_lpr.update.tasks.install import take_over
from edge_lpr.update.versions import SystemVersion
from tests.support.http_proxy import running_proxy
from tests.support.update_server import UpdateWebServer, update_server

BUNDLE = os.urandom(3_000_000)
OFFER = Offer(SystemVersion("0.1.0+2"), "booth-0.1.0+2.raucb", len(BUNDLE))
COMPATIBLE = "edge-lpr-generic-amd64"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[UpdateWebServer]:
    with update_server(tmp_path) as made:
        made.files[f"/booths/{OFFER.name}"] = BUNDLE
        yield made


@pytest.fixture
def fetched(tmp_path: Path) -> Path:
    folder = tmp_path / "fetched"
    folder.mkdir()
    return folder


def client(server: UpdateWebServer) -> UpdateServer:
    return UpdateServer(server.source, server.ca_file)


def test_a_bundle_is_fetched_once(server: UpdateWebServer, fetched: Path) -> None:
    (fetched / "booth-0.1.0+1.raucb").write_bytes(b"of before")
    (fetched / "booth-0.1.0+1.raucb.part").write_bytes(b"of before")
    bundle = client(server).fetch(OFFER, fetched)
    assert bundle.read_bytes() == BUNDLE
    assert list(fetched.iterdir()) == [bundle]
    client(server).fetch(OFFER, fetched)
    assert len(server.asked) == 1


@pytest.mark.parametrize("has_ranges", [True, False])
def test_what_broke_off_goes_on(has_ranges: bool, server: UpdateWebServer, fetched: Path) -> None:  # noqa: FBT001 - a parameter
    server.has_ranges, server.break_off_after = has_ranges, 1_000_000
    with pytest.raises(UpdateError, match=r"broke off|ended too early"):
        client(server).fetch(OFFER, fetched)
    assert not (fetched / OFFER.name).exists()
    server.break_off_after = None
    assert client(server).fetch(OFFER, fetched).read_bytes() == BUNDLE
    assert server.asked[-1][1] == "bytes=1000000-"


@pytest.mark.parametrize("has_tags", [True, False])
def test_two_halves_of_two_bundles_are_never_joined(
    has_tags: bool,  # noqa: FBT001 - a parameter
    server: UpdateWebServer,
    fetched: Path,
) -> None:
    server.has_tags, server.break_off_after = has_tags, 1_000_000
    server.files[f"/booths/{OFFER.name}"] = bytes(len(BUNDLE))
    with pytest.raises(UpdateError, match=r"broke off|ended too early"):
        client(server).fetch(OFFER, fetched)
    server.break_off_after = None
    server.files[f"/booths/{OFFER.name}"] = BUNDLE
    bundle = client(server).fetch(OFFER, fetched)
    assert bundle.read_bytes() == BUNDLE
    assert list(fetched.iterdir()) == [bundle]


def test_a_tag_that_makes_no_sense_leads_to_the_beginning(
    server: UpdateWebServer, fetched: Path
) -> None:
    (fetched / f"{OFFER.name}.part").write_bytes(b"junk")
    (fetched / f"{OFFER.name}.etag").write_bytes(b'"a"\r\nX: \xff')
    assert client(server).fetch(OFFER, fetched).read_bytes() == BUNDLE
    assert server.asked[-1][1] == ""


def test_what_the_server_has_is_known_by_the_board(server: UpdateWebServer) -> None:
    server.files[f"/booths/{COMPATIBLE}.json"] = (
        b'{"version": "0.1.0+2", "bundle": "booth-0.1.0+2.raucb", "bytes": 3000000}'
    )
    assert client(server).offer(COMPATIBLE) == OFFER
    with pytest.raises(UpdateError, match="status 404"):
        client(server).offer("edge-lpr-rpi")
    server.files[f"/booths/{COMPATIBLE}.json"] = b" " * 1_000_000
    with pytest.raises(UpdateError, match="makes no sense"):
        client(server).offer(COMPATIBLE)


def test_a_server_that_nobody_has_certified_gets_no_question(
    server: UpdateWebServer, tmp_path: Path
) -> None:
    with pytest.raises(UpdateError, match="not certified"):
        UpdateServer(server.source, tmp_path / "none").offer(COMPATIBLE)
    assert server.asked == []


def test_a_server_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    source = UpdateSource("127.0.0.1", 1, "/booths", None)
    with pytest.raises(UpdateError, match="no answer"):
        UpdateServer(source, tmp_path / "none").offer(COMPATIBLE)
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(UpdateError, match="no sound certificate"):
        UpdateServer(source, tmp_path / "ca.pem")


def test_a_proxy_joins_and_sees_nothing_but_the_address(
    server: UpdateWebServer, fetched: Path
) -> None:
    with running_proxy() as proxy:
        source = dataclasses.replace(server.source, proxy=("127.0.0.1", proxy.port))
        bundle = UpdateServer(source, server.ca_file).fetch(OFFER, fetched)
    assert bundle.read_bytes() == BUNDLE
    assert proxy.asked == [f"127.0.0.1:{server.server_address[1]}"]


def test_a_proxy_that_says_no_is_told(server: UpdateWebServer) -> None:
    with running_proxy(b"HTTP/1.1 403 Forbidden\r\n\r\n") as proxy:
        source = dataclasses.replace(server.source, proxy=("127.0.0.1", proxy.port))
        with pytest.raises(UpdateError, match="403"):
            UpdateServer(source, server.ca_file).offer(COMPATIBLE)


def test_a_bundle_for_which_there_is_no_room_is_not_begun(
    server: UpdateWebServer, fetched: Path
) -> None:
    with pytest.raises(UpdateError, match="are needed; nothing was changed"):
        client(server).fetch(OFFER, fetched, reserve_bytes=shutil.disk_usage(fetched).free)
    assert server.asked == []


def test_a_pipes_end_is_the_bundles_end(tmp_path: Path) -> None:
    target = tmp_path / "waiting.raucb"
    target.write_bytes(b"of before")
    receive(io.BytesIO(BUNDLE), target)
    assert target.read_bytes() == BUNDLE
    assert target.stat().st_mode & 0o777 == 0o600


def test_what_would_fill_the_disk_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "waiting.raucb"
    with pytest.raises(UpdateError, match="are needed; nothing was changed"):
        receive(io.BytesIO(BUNDLE), target, reserve_bytes=shutil.disk_usage(tmp_path).free)
    assert not target.exists()


def test_what_is_free_and_what_is_needed_are_two_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The next piece of a pushed bundle, when almost as much is free: seen in an emulated booth.
    usage = shutil.disk_usage(tmp_path)._replace(free=67_900_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(UpdateError, match=r"has 67\.9 MB free, and 68\.2 MB are needed"):
        receiving.require_room(tmp_path, 1 << 20)


def test_what_is_too_long_or_nothing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "waiting.raucb"
    with pytest.raises(UpdateError, match="nothing came"):
        receive(io.BytesIO(b""), target)
    monkeypatch.setattr(receiving, "MAXIMUM_BUNDLE_BYTES", len(BUNDLE) - 1)
    with pytest.raises(UpdateError, match="so no bundle"):
        receive(io.BytesIO(BUNDLE), target)
    assert not target.exists()


def test_what_was_fetched_is_roots_own_afterwards(fetched: Path, tmp_path: Path) -> None:
    target = tmp_path / "waiting.raucb"
    assert take_over(fetched, target) is None
    (fetched / "a.raucb.part").write_bytes(b"half")
    assert take_over(fetched, target) is None
    (fetched / "a.raucb").write_bytes(BUNDLE)
    (fetched / "a.raucb").chmod(0o666)
    assert take_over(fetched, target) == "a.raucb"
    status = target.stat()
    assert (status.st_uid, status.st_mode & 0o777) == (os.geteuid(), 0o600)
    assert not (fetched / "a.raucb").exists()


@pytest.mark.parametrize("kind", ["link", "second name", "pipe"])
def test_what_is_no_file_of_its_own_is_not_taken_over(
    kind: str, fetched: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"of root")
    precious.chmod(0o640)
    offered = fetched / "a.raucb"
    if kind == "link":
        offered.symlink_to(precious)
    elif kind == "second name":
        offered.hardlink_to(precious)
    else:
        os.mkfifo(offered)
    with pytest.raises(UpdateError, match=r"cannot be taken over|no file of its own"):
        take_over(fetched, tmp_path / "waiting.raucb")
    assert precious.stat().st_mode & 0o777 == 0o640
    assert precious.read_bytes() == b"of root"


def test_one_installation_at_a_time(tmp_path: Path) -> None:
    with (
        alone(tmp_path / "lock"),
        pytest.raises(UpdateError, match="another update"),
        alone(tmp_path / "lock"),
    ):
        pass
    with alone(tmp_path / "lock"):
        pass
