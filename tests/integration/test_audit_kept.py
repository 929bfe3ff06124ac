"""``edge-lpr audit verify --checkpoints``: a log against all that a server saw of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_lpr.audit import kept_checkpoints
from edge_lpr.audit.__main__ import main
from edge_lpr.wire import base64url
from edge_lpr.wire.topics import TopicKind
from tests.support.audited_booth import AuditedBooth
from tests.support.fleet import AUTHORITY
from tests.support.stores import BOTH_STORES, StoreWorld, store_world


@dataclass
class Visit:
    """An auditor's folder, and a server that saw the booth's checkpoints."""

    folder: Path
    world: StoreWorld
    booth: AuditedBooth

    @property
    def store(self) -> str:
        return self.world.place

    def see(self, *notes: bytes) -> None:
        """Let the server receive checkpoints."""
        messages = ((TopicKind.CHECKPOINT, note) for note in notes)
        self.world.store.add(self.world.batch(self.booth.booth, *messages))

    def verify(self, *places: str) -> int:
        """Type what an auditor types."""
        file, authority = self.folder / "booth.audit", self.folder / "authority.pub"
        file.write_bytes(self.booth.export().content())
        authority.write_bytes(base64url.encode(AUTHORITY.public_key.octets) + b"\n")
        more = [word for place in places for word in ("--checkpoints", place)]
        return main(["verify", str(file), "--authority", str(authority), *more])


@pytest.fixture(params=BOTH_STORES)
def visit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Visit]:
    with store_world(request.param, tmp_path) as world:
        booth = AuditedBooth()
        booth.start()
        booth.hours(1)
        yield Visit(tmp_path, world, booth)


def test_log_that_grew_from_all_that_the_server_saw_holds(
    visit: Visit, capsys: pytest.CaptureFixture[str]
) -> None:
    visit.see(*(visit.booth.checkpoint(size) for size in (3, 8, 13)))
    assert visit.verify(visit.store) == 0
    said = capsys.readouterr().out
    assert (
        "holds   kept by the server: 3 checkpoints, of 3 to 13 entries: this log grew from every "
        "one of them\n"
    ) in said
    # The same from a file that the server's keeper sends.
    names = "tenant-a/lane-07/booth-1"
    assert main(["checkpoints", names, visit.store]) == 0
    lines = capsys.readouterr().out
    assert [json.loads(line)["event"] for line in lines.splitlines()] == ["checkpoint"] * 3
    kept = visit.folder / "kept.jsonl"
    kept.write_text(f'{{"event": "sighting"}}\nnot json\n[1]\n{lines}')
    assert visit.verify(str(kept)) == 0


def test_other_history_is_found_by_what_the_server_saw(
    visit: Visit, capsys: pytest.CaptureFixture[str]
) -> None:
    visit.see(*(visit.booth.checkpoint(size) for size in range(2, 20)))
    visit.booth.lines[1] = visit.booth.lines[1].replace(b"0.2.0+1", b"0.2.0+2")
    assert visit.verify() == 3
    assert visit.verify(visit.store) == 1
    said = capsys.readouterr().out
    assert said.count("BROKEN  kept by the server: the booth had signed another root at ") == 10
    assert "BROKEN  kept by the server: 8 more do not hold\n" in said


def test_log_that_was_cut_is_found(visit: Visit, capsys: pytest.CaptureFixture[str]) -> None:
    visit.see(visit.booth.checkpoint())
    size = len(visit.booth.lines)
    del visit.booth.lines[-2:]
    assert visit.verify(visit.store) == 1
    assert f"the booth had signed {size} entries before, and this log has fewer" in (
        capsys.readouterr().out
    )


def test_fork_that_the_server_saw_convicts_the_booth(visit: Visit) -> None:
    visit.see(visit.booth.checkpoint(3))
    visit.see(visit.booth.booth.checkpoint(3, bytes([7] * 32)))
    assert visit.verify(visit.store) == 1


def test_store_without_the_booth_and_no_store_at_all_are_said(
    visit: Visit, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert visit.verify(visit.store) == 1
    assert "has no checkpoint of tenant-a/lane-07/booth-1" in capsys.readouterr().err
    assert visit.verify(str(visit.folder / "no such file")) == 1
    assert "is no file and no connection string" in capsys.readouterr().err
    visit.see(visit.booth.checkpoint(3), visit.booth.checkpoint(4))
    main(["checkpoints", "tenant-a/lane-07/booth-1", visit.store])
    kept = visit.folder / "kept.jsonl"
    kept.write_text(capsys.readouterr().out)
    monkeypatch.setattr(kept_checkpoints, "MAXIMUM_KEPT", 1)
    assert visit.verify(str(kept)) == 1
    assert "has more than 1 checkpoints" in capsys.readouterr().err


@pytest.mark.parametrize("visit", ["sqlite"], indirect=True)
def test_damaged_line_shows_and_other_booths_lines_do_not(
    visit: Visit, capsys: pytest.CaptureFixture[str]
) -> None:
    other = AuditedBooth()
    other.booth.move_to(type(other.booth.address)("tenant-a", "lane-07", "booth-2"))
    other.start()
    notes = [visit.booth.checkpoint(3), other.checkpoint()]
    kept = visit.folder / "kept.jsonl"
    kept.write_text("".join(json.dumps({"note": note.decode()}) + "\n" for note in notes))
    assert visit.verify(str(kept)) == 0
    with kept.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"note": notes[0].decode()[:-9]}) + "\n")
    assert visit.verify(str(kept)) == 1
    assert "BROKEN  kept by the server" in capsys.readouterr().out


def test_booth_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("booth-1", "a/b/c/d", "a/b/+"):
        with pytest.raises(SystemExit):
            main(["checkpoints", name, "x"])
    assert "must be TENANT/SITE/DEVICE" in capsys.readouterr().err
