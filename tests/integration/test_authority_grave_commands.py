"""What cannot be undone or looks back: rotate, destroy, decommission, lookup; who must agree."""

import json
from collections.abc import Iterator

import pytest

from edge_lpr.authority.authority import Authority, DeploymentPlan
from edge_lpr.core.clock import SystemClock
from edge_lpr.subscriber.watch_list import read_watch_list
from edge_lpr.tokens.canonical import canonicalise
from edge_lpr.tokens.suite1 import TokenKeys, TokenScope, make_tokens
from edge_lpr.wire import base64url
from tests.support.authority import Booth, Folders
from tests.support.authority_commands import (
    OTHER,
    PASSPHRASE,
    Run,
    add_two,
    named_folders,
    terminal,
    today,
)
from tests.support.broker import free_port

PLATE = "AB 12-CDE"


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch) -> Iterator[Folders]:
    with named_folders(monkeypatch) as named:
        yield named


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    return terminal(monkeypatch)


@pytest.fixture
def authority(folders: Folders) -> Iterator[Authority]:
    with folders.create(SystemClock()) as made:
        yield made


@pytest.fixture
def strict(folders: Folders) -> Iterator[Authority]:
    with folders.create(SystemClock(), two_person=True) as made:
        yield made


def test_destroy_asks_and_does_nothing_unless_it_is_confirmed(
    authority: Authority, run: Run
) -> None:
    authority.epoch_keys("north", today())
    words = ["destroy", "--from", "2026-01-01"]
    assert run(*words, answers="yes\n") == 1
    assert run(*words, answers="") == 1
    assert run(*words, "--yes") == 1
    assert authority.vault.held() == (today(),)
    assert run(*words, answers="1\n") == 0
    assert authority.vault.held() == ()


def test_destroy_without_days_takes_only_what_is_past_retention(
    authority: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    authority.epoch_keys("north", today())
    assert run("destroy", "--yes") == 0
    assert "nothing was destroyed" in capsys.readouterr().out
    with authority.store.transaction() as session:
        session.execute("INSERT INTO epoch VALUES (?, 'held', 0, NULL)", (today() - 31,))
    assert run("destroy", "--yes") == 0
    assert authority.vault.destructible() == (today(),)


def test_rotate_without_a_broker_destroys_what_is_due_and_keeps_the_rest(
    authority: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    authority.epoch_keys("north", today())
    with authority.store.transaction() as session:
        for age in (30, 31, 40):
            session.execute("INSERT INTO epoch VALUES (?, 'held', 0, NULL)", (today() - age,))
            authority.wrapping.make(f"epoch-{today() - age}")
    assert run("rotate", "--without-broker") == 0
    assert "destroyed the keys of 2 days" in capsys.readouterr().out
    assert authority.vault.held() == (today() - 30, today())
    assert run("rotate", "--without-broker") == 0
    assert "no keys are due" in capsys.readouterr().out


def test_rotate_destroys_also_when_the_broker_is_away(
    folders: Folders, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = DeploymentPlan("agency", "127.0.0.1", 1, free_port(), None)
    with folders.create(SystemClock(), plan=plan) as authority:
        with authority.store.transaction() as session:
            session.execute("INSERT INTO epoch VALUES (?, 'held', 0, NULL)", (today() - 31,))
        assert run("rotate") == 1
        assert "no session" in capsys.readouterr().err
        assert authority.vault.destructible() == ()


def test_lookup_writes_the_tokens_of_every_site_and_day(
    authority: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    for site in ("north", "south"):
        authority.epoch_keys(site, today())
    output = authority.folder / "tokens.jsonl"
    words = ["lookup", "--reason", "case 4711, court order", "--output", str(output)]
    assert run(*words, answers=f"{PLATE}\n") == 0
    said = capsys.readouterr()
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert sorted(line["site"] for line in lines) == ["north", "south"]
    assert len(read_watch_list(output)) == 4
    keys = authority.epoch_keys("north", today())
    pair = make_tokens(
        canonicalise(PLATE),
        TokenKeys(keys.stretch, keys.site),
        TokenScope("agency", "north", today()),
    )
    (north,) = [line for line in lines if line["site"] == "north"]
    assert north["exact"] == base64url.encode(pair.exact).decode()
    assert north["fold"] == base64url.encode(pair.fold).decode()
    assert output.stat().st_mode & 0o777 == 0o600
    everything = said.out + said.err + str(list(authority.journal.entries()))
    assert "AB12CDE" not in everything.replace(" ", "").replace("-", "")
    (entry,) = [each for each in authority.journal.entries() if each.call == "lookup"]
    assert entry.details["reason"] == "case 4711, court order"
    assert north["entry"] == f"lookup-{entry.number}"


@pytest.mark.parametrize(
    ("more", "plate", "sentence"),
    [
        pytest.param(["--reason", "why"], PLATE, "--reason", id="no reason"),
        pytest.param(["--from", "2020-01-01"], PLATE, "outside the last 30 days", id="too old"),
        pytest.param(["--site", "east"], PLATE, "no site is called east", id="no such site"),
        pytest.param([], "AB!12", "no plate has", id="no plate"),
        pytest.param([], "", "characters", id="empty"),
    ],
)
def test_lookup_is_refused_and_makes_no_token(
    authority: Authority,
    run: Run,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    plate: str,
    sentence: str,
) -> None:
    authority.epoch_keys("north", today())
    output = authority.folder / "tokens.jsonl"
    words = ["lookup", "--reason", "case 4711", "--output", str(output), *more]
    assert run(*words, answers=f"{plate}\n") == 1
    assert sentence in capsys.readouterr().err
    assert not output.exists()


def test_lookup_of_destroyed_days_finds_no_keys(
    authority: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    authority.epoch_keys("north", today())
    authority.vault.destroy([today()])
    words = ["lookup", "--reason", "case 4711", "--output", str(authority.folder / "t")]
    assert run(*words, answers=f"{PLATE}\n") == 1
    assert "no keys of these days" in capsys.readouterr().err


def test_two_persons_must_agree_where_it_is_set_so(
    strict: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    strict.epoch_keys("north", today())
    words = ["destroy", "--from", "2026-01-01"]
    assert run(*words, answers="1\n") == 1
    assert "two persons must agree" in capsys.readouterr().err
    add_two(run)
    assert run(*words, answers=f"anna\n{PASSPHRASE}\nanna\n{PASSPHRASE}\n1\n") == 1
    assert run(*words, answers=f"anna\n{OTHER}\n") == 1
    assert run(*words, answers="carl\nwhatever\n") == 1
    assert strict.vault.held() == (today(),)
    assert run(*words, answers=f"anna\n{PASSPHRASE}\nben\n{OTHER}\n1\n") == 0
    assert strict.vault.held() == ()
    (entry,) = [each for each in strict.journal.entries() if each.call == "destroy"]
    assert entry.details["agreed"] == "anna ben"


@pytest.mark.parametrize(
    "words",
    [pytest.param(["quota", "--register", "9"], id="quota"), pytest.param(["approve"], id="booth")],
)
def test_what_gives_power_over_days_to_come_needs_two_persons_too(
    strict: Authority, run: Run, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    # Nobody waits for approval: it is refused in the end, but not before two have agreed.
    is_approval = words == ["approve"]
    full = [*words, "S1RS-0XNT-4DDA-R2BF-SDWQ"] if is_approval else words
    add_two(run)
    assert run(*full, answers=f"anna\n{PASSPHRASE}\nanna\n{PASSPHRASE}\n") == 1
    assert "another one" in capsys.readouterr().err
    assert not [each for each in strict.journal.entries() if each.call == "agreed"]
    assert run(*full, answers=f"anna\n{PASSPHRASE}\nben\n{OTHER}\n") == int(is_approval)
    (entry,) = [each for each in strict.journal.entries() if each.call == "agreed"]
    assert entry.details == {"to": words[0], "persons": "anna ben"}


def test_a_third_person_needs_the_two_that_there_are(strict: Authority, run: Run) -> None:
    add_two(run)
    third = f"{PASSPHRASE}\n{PASSPHRASE}\n"
    assert run("person", "add", "carl", answers=third) == 1
    agreed = f"anna\n{PASSPHRASE}\nben\n{OTHER}\n"
    assert run("person", "add", "carl", answers=agreed + third) == 0
    assert run("person", "remove", "ben", answers=agreed) == 0
    assert strict.store.rows("SELECT name FROM person ORDER BY name") == [("anna",), ("carl",)]


@pytest.mark.parametrize(
    ("name", "answers", "sentence"),
    [
        pytest.param("anna", "short\nshort\n", "at least 12", id="short"),
        pytest.param("anna", f"{PASSPHRASE}\n{OTHER}\n", "differ", id="differ"),
        pytest.param("Anna B", f"{PASSPHRASE}\n{PASSPHRASE}\n", "name has the form", id="name"),
        pytest.param("anna", f"{PASSPHRASE}\n", "no answer", id="silent"),
    ],
)
def test_person_that_makes_no_sense_is_refused(
    authority: Authority,
    run: Run,
    capsys: pytest.CaptureFixture[str],
    name: str,
    answers: str,
    sentence: str,
) -> None:
    del authority
    assert run("person", "add", name, answers=answers) == 1
    assert sentence in capsys.readouterr().err
    assert run("person", "list") == 0
    assert capsys.readouterr().out == "nobody\n"


def test_passphrase_lies_nowhere(authority: Authority, run: Run) -> None:
    add_two(run)
    everything = b"".join(file.read_bytes() for file in authority.folder.iterdir())
    assert PASSPHRASE.encode() not in everything
    assert b"anna" in everything


def test_decommissioned_device_gets_no_more_keys(authority: Authority, run: Run) -> None:
    booth = Booth(authority)
    words = ["decommission", "--device", "north/booth-1"]
    assert run(*words, answers="no\n") == 1
    assert run(*words, answers="north/booth-1\n") == 0
    assert booth.row(authority).state.value == "decommissioned"
    assert run("issue", "--device", "north/booth-1") == 1


def test_decommissioned_authority_is_no_more_and_its_journal_stays(
    folders: Folders, authority: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    authority.epoch_keys("north", today())
    assert run("decommission") == 1
    assert run("decommission", "--everything", answers="everything\n") == 1
    assert run("decommission", "--everything", answers="agency\n") == 0
    assert list(folders.wrapping.glob("*.key")) == []
    assert authority.store.rows("SELECT 1 FROM secret") == []
    assert authority.store.rows("SELECT 1 FROM epoch_key") == []
    capsys.readouterr()
    assert run("status") == 1
    assert "decommissioned" in capsys.readouterr().err
    assert run("log") == 0
    assert "decommissioned" in capsys.readouterr().out


def test_lookup_says_how_many_days_of_a_site_have_no_keys(
    authority: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    authority.epoch_keys("north", today())
    authority.epoch_keys("south", today() + 1)
    output = authority.folder / "tokens.jsonl"
    words = ["lookup", "--reason", "case 4711", "--output", str(output)]
    assert run(*words, answers=f"{PLATE}\n") == 0
    assert "1 site-days have no keys" in capsys.readouterr().out
    assert len(output.read_text().splitlines()) == 1


def test_lookup_whose_file_cannot_be_written_says_so(
    authority: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    authority.epoch_keys("north", today())
    output = authority.folder / "nowhere" / "tokens.jsonl"
    words = ["lookup", "--reason", "case 4711", "--output", str(output)]
    assert run(*words, answers=f"{PLATE}\n") == 1
    assert "cannot be written" in capsys.readouterr().err
