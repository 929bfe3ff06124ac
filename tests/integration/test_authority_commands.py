"""The custodian's commands, as they are typed: what they say, ask, do and refuse."""

import json
from collections.abc import Iterator

import pytest

from edge_lpr.authority.authority import Authority
from edge_lpr.core.clock import SystemClock
from edge_lpr.wire.device_certificate import CustodyTier
from edge_lpr.wire.key_delivery import open_delivery
from tests.support.authority import Booth, Folders
from tests.support.authority_commands import Run, named_folders, terminal, today
from tests.support.softhsm import PIN, empty_token, find_softhsm


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


def init(folders: Folders, *more: str) -> list[str]:
    return [
        *("init", "--tenant", "agency", "--broker", "broker.example"),
        *("--wrapping", str(folders.wrapping), *more),
    ]


def test_init_says_what_was_made_and_what_comes_next(
    folders: Folders, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "https://keys.example:8443"
    assert run(*init(folders, "--registered", "100", "--enrolment", url)) == 0
    said = capsys.readouterr().out
    with folders.open(SystemClock()) as opened:
        assert opened.deployment.authority.kid in said
        assert opened.deployment.enrolment_url == url
        assert opened.quota.limit == 120
    assert "NEVER back these up" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(["--retention-days", "0"], "--retention-days must lie", id="retention"),
        pytest.param(["--tenant", "The Agency"], "--tenant", id="tenant"),
        pytest.param(["--token", "label"], "--pkcs11 and --token belong together", id="token"),
        pytest.param(["--devices-port", "0"], "devices_port", id="port"),
        pytest.param(["--broker", "bad host"], "broker_host", id="host"),
    ],
)
def test_init_refuses_what_is_impossible_and_makes_nothing(
    folders: Folders,
    run: Run,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    sentence: str,
) -> None:
    assert run(*init(folders, *words)) == 1
    assert sentence in capsys.readouterr().err
    assert run(*init(folders)) == 0


def test_init_refuses_wrapping_keys_inside_what_is_backed_up(
    folders: Folders, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = folders.folder / "wrapping"
    words = ["init", "--tenant", "agency", "--broker", "b", "--wrapping", str(inside)]
    assert run(*words) == 1
    assert "must lie apart" in capsys.readouterr().err
    assert not inside.exists()


@pytest.mark.hsm
def test_authority_with_a_token_works_through_its_pin_file(
    folders: Folders, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pin_file = folders.base / "pin"
    pin_file.write_text(f"{PIN}\n")
    pin_file.chmod(0o600)
    monkeypatch.setenv("EDGE_LPR_PIN_FILE", str(pin_file))
    words = ["init", "--tenant", "agency", "--broker", "broker.example"]
    module, label = find_softhsm(), empty_token()
    assert run(*words, "--pkcs11", str(module), "--token", label) == 0
    assert run("status") == 0
    monkeypatch.delenv("EDGE_LPR_PIN_FILE")
    assert run("quota", answers="97531\n") == 1
    assert run("quota", answers=f"{PIN}\n") == 0
    assert run("log", answers=f"{PIN}\n") == 0
    said = capsys.readouterr()
    assert "refuses the PIN" in said.err
    assert "refused" in said.out
    assert "97531" not in said.out + said.err


def test_status_is_a_table_or_json_and_its_exit_status_tells(
    authority: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("status") == 0
    assert "all is well" in capsys.readouterr().out
    Booth(authority)
    assert run("status", "--json") == 1
    condition = json.loads(capsys.readouterr().out)
    assert condition["troubles"] == ["north/booth-1 has never announced a transport key"]
    assert run("status") == 1
    assert "needs you" in capsys.readouterr().out


def test_issue_writes_a_file_that_the_booth_opens(authority: Authority, run: Run) -> None:
    booth = Booth(authority)
    folder = authority.folder / "out"
    assert run("issue", "--device", "north/booth-1", "--to", str(folder)) == 0
    (file,) = folder.iterdir()
    assert file.name == "north.booth-1.lprkeys"
    delivery = open_delivery(file.read_bytes(), authority.deployment.authority, booth.transport_key)
    assert [keys.epoch for keys in delivery.keys] == [today() + ahead for ahead in range(4)]


def test_issue_to_all_gives_tier_c_test_keys(
    authority: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    Booth(authority)
    Booth(authority, "bench", tier=CustodyTier.C)
    assert run("issue", "--days", "1", "--to", str(authority.folder / "out")) == 0
    said = capsys.readouterr().out
    assert "north/bench: test keys of 1 day:" in said
    assert "north/booth-1: live keys of 1 day:" in said


def test_issue_to_tier_c_needs_a_reason_that_is_kept(
    authority: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    booth = Booth(authority, tier=CustodyTier.C)
    words = ["issue", "--device", "north/booth-1", "--to", str(authority.folder / "out")]
    assert run(*words) == 1
    assert "--allow-tier-c" in capsys.readouterr().err
    assert run(*words, "--allow-tier-c", "trial until May") == 0
    assert run(*words) == 0
    assert booth.row(authority).tier_c_reason == "trial until May"
    allowed = [each for each in authority.journal.entries() if each.call == "tier-c-allowed"]
    assert [each.details["reason"] for each in allowed] == ["trial until May"]


def test_refused_call_is_in_the_journal(authority: Authority, run: Run) -> None:
    assert run("issue", "--device", "north/nobody") == 1
    calls = [(each.call, each.details["task"]) for each in authority.journal.entries(after=2)]
    assert calls == [("call", "issue"), ("refused", "issue")]


def test_quota_is_shown_and_registered(
    authority: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("quota") == 0
    assert "nothing may be compiled" in capsys.readouterr().out
    assert run("quota", "--register", "-1") == 1
    assert run("quota", "--register", "10") == 0
    authority.claim_quota(today(), 7, None)
    assert run("quota") == 0
    said = capsys.readouterr().out
    assert "at most 12 a day" in said
    assert said.endswith("  7\n")


def test_log_prints_every_call_and_names_the_first_broken_link(
    authority: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("quota") == 0
    assert run("log") == 0
    assert "task=quota" in capsys.readouterr().out
    with authority.store.transaction() as session:
        session.execute("UPDATE journal SET at = at + 1 WHERE number = 2")
    assert run("log", "--verify") == 1
    assert capsys.readouterr().out == "NOT WHOLE: entry 2 is not what was written\n"
    assert run("status") == 1


def test_log_of_a_restored_data_base_is_accepted_with_a_reason(
    authority: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("quota") == 0
    with authority.store.transaction() as session:
        session.execute("DELETE FROM journal WHERE number = 3")
    assert run("log", "--verify") == 1
    assert run("log", "--after-restore", "the disk died") == 0
    assert run("log", "--last", "1") == 0
    assert "reason=the disk died" in capsys.readouterr().out


def test_folder_that_holds_no_authority_is_told(
    folders: Folders, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("status", "--folder", str(folders.base / "elsewhere")) == 1
    assert "edge-lpr authority init" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("nonsense = ", "no TOML", id="no toml"),
        pytest.param("retention_days = 0", "retention_days", id="range"),
        pytest.param("retention = 3", "wrapping: Field required", id="unknown"),
        pytest.param("x" * 20_000, "longer than", id="long"),
    ],
)
def test_broken_settings_file_is_named(
    authority: Authority,
    run: Run,
    capsys: pytest.CaptureFixture[str],
    text: str,
    sentence: str,
) -> None:
    (authority.folder / "authority.toml").write_text(text)
    assert run("status") == 1
    said = capsys.readouterr().err
    assert "authority.toml" in said
    assert sentence in said


def test_day_that_is_none_is_refused_by_the_command_line(
    authority: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    del authority
    with pytest.raises(SystemExit):
        run("destroy", "--from", "yesterday")
    assert "YYYY-MM-DD" in capsys.readouterr().err


def test_moved_wrapping_keys_are_found_where_they_are_named(
    folders: Folders, authority: Authority, run: Run
) -> None:
    del authority
    moved = folders.base / "medium"
    folders.wrapping.rename(moved)
    assert run("status") == 1
    assert run("status", "--wrapping", str(moved)) == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(["--allow-tier-c", "why"], "name it with --device", id="tier c for all"),
        pytest.param([], "no device is enrolled yet", id="nobody"),
        pytest.param(["--device", "north"], "no device north/", id="half a name"),
    ],
)
def test_issue_that_makes_no_sense_is_refused(
    authority: Authority,
    run: Run,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    sentence: str,
) -> None:
    assert run("issue", "--to", str(authority.folder / "out"), *words) == 1
    assert sentence in capsys.readouterr().err


def test_issue_passes_over_booths_that_have_not_spoken_yet(
    authority: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    Booth(authority)
    with authority.store.transaction() as session:
        session.execute("UPDATE device SET transport_key = NULL")
    assert run("issue", "--to", str(authority.folder / "out")) == 0
    assert "north/booth-1: nothing" in capsys.readouterr().out


def test_test_keys_are_given_to_any_booth_that_asks_for_them(
    authority: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    Booth(authority)
    words = ["issue", "--device", "north/booth-1", "--test", "--to", str(authority.folder / "out")]
    assert run(*words) == 0
    assert "test keys of 4 days" in capsys.readouterr().out


def test_delivery_that_cannot_be_written_is_not_counted_as_sent(
    authority: Authority, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    Booth(authority)
    (authority.folder / "out").write_text("a file")
    assert run("issue", "--to", str(authority.folder / "out")) == 1
    assert "name another folder" in capsys.readouterr().err
    assert authority.store.rows("SELECT count(*) FROM delivery WHERE sent_at > 0") == [(0,)]
