"""The command line of ``edge-lpr ingest``, and what it opens."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge_lpr.core.errors import SettingsError, StoreError
from edge_lpr.store.arguments import parse_arguments
from edge_lpr.store.opening import open_database

BROKER = ["mqtt://127.0.0.1", "--authority", "authority.pub"]


def test_workers_on_one_machine_have_names_of_their_own() -> None:
    one = parse_arguments([*BROKER, "--database", "dbname=lpr", "--worker", "1"])
    two = parse_arguments([*BROKER, "--database", "dbname=lpr", "--worker", "2"])
    assert one.subscriber.name != two.subscriber.name


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param([], "one of the arguments --database --sqlite is required", id="no place"),
        pytest.param(["--sqlite", "f", "--retention-days", "0"], "from 1 to 3650", id="retention"),
        pytest.param(["--sqlite", "f", "--batch", "many"], "from 1 to 1000", id="batch"),
        pytest.param(["--sqlite", "f", "--group", "a/b"], "must have the form", id="group"),
        pytest.param(["--sqlite", "f", "--webhook", "https://a"], "belong together", id="secret"),
    ],
)
def test_words_that_make_no_sense_are_refused(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse_arguments([*BROKER, *words])
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("dsn", "sentence"),
    [
        ("host=db password=secret", "PGPASSFILE"),
        ("postgresql://user:secret@db/lpr", "PGPASSFILE"),
        ("host=/run sslkey=key sslpassword=secret", "must not hold sslpassword"),
        ("what is this", "connection string"),
    ],
)
def test_dsn_with_a_password_or_without_sense_is_refused(dsn: str, sentence: str) -> None:
    options = parse_arguments([*BROKER, "--database", dsn])
    with pytest.raises(SettingsError, match=sentence) as refused:
        open_database(options)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "dsn",
    [
        "host=db.example",
        "host=192.0.2.1 sslmode=require",
        "host=localhost hostaddr=192.0.2.1",
        "host=/run/postgresql,db.example",
        "postgresql://db.example/lpr?sslmode=verify-ca",
        "service=lpr",
    ],
)
def test_database_elsewhere_must_show_its_certificate(dsn: str) -> None:
    options = parse_arguments([*BROKER, "--database", dsn])
    with pytest.raises(SettingsError, match="sslmode"):
        open_database(options)


def test_database_elsewhere_is_found_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example")
    options = parse_arguments([*BROKER, "--database", "dbname=lpr"])
    with pytest.raises(SettingsError, match="may be another machine"):
        open_database(options)


@pytest.mark.parametrize(
    "dsn",
    [
        "host=/nowhere",
        "host=@nowhere",
        "host=127.0.0.1 port=1",
        "host=::1 hostaddr=127.0.0.1 port=1",
        "hostaddr=127.0.0.1 host=db.example port=1 sslmode=verify-full",
    ],
)
def test_database_here_or_with_a_certificate_is_asked(dsn: str) -> None:
    options = parse_arguments([*BROKER, "--database", dsn])
    with pytest.raises(StoreError):
        open_database(options)


def test_old_sqlite_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sqlite3.sqlite_version_info", (3, 34, 1))
    options = replace(parse_arguments([*BROKER, "--sqlite", "f"]), sqlite=Path("f"))
    with pytest.raises(SettingsError, match=r"3\.35"):
        open_database(options)
