"""A real PostgreSQL of the tests' own, on a socket in a temporary folder.

One server a test process, started when the first test wants it, a fresh database for each test.
Without PostgreSQL a test is skipped, but fails where ``EDGE_LPR_REQUIRE_POSTGRES=1`` says that it
must be there.
"""

import atexit
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest

_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
_database_numbers = itertools.count(1)


class PostgresServer:
    """A server that keeps what it has committed through being killed, as the real one does."""

    def __init__(self, binaries: Path, *, is_durable: bool = False) -> None:
        """Make a cluster; nothing runs before ``start``.

        Args:
            binaries: Folder with ``initdb`` and ``postgres``.
            is_durable: Whether commits wait for the disk, as they do on a real server. Tests of
                what is written do without, because a fresh cluster a run makes them slow.
        """
        self._binaries = binaries
        self._user = _unprivileged_user()
        # Not pytest's tmp_path: a socket's path must be short, and root's folder is closed.
        self.folder = Path(tempfile.mkdtemp(prefix="lpr-pg-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._options = [] if is_durable else ["-c", "fsync=off"]
        if self._user:
            shutil.chown(self.folder, self._user)
        subprocess.run(
            self._command(
                "initdb", "--auth=trust", "--username=lpr", "--encoding=UTF8", "--no-sync"
            ),
            check=True,
            capture_output=True,
            cwd=self.folder,
        )

    @property
    def log_file(self) -> Path:
        """Where the server writes what it does."""
        return self.folder / "postgres.log"

    def dsn(self, database: str = "postgres") -> str:
        """Return how to connect to a database."""
        return f"host={self.folder} user=lpr dbname={database}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *self._command("postgres"),
                    *("-c", "listen_addresses=", "-k", str(self.folder)),
                    *self._options,
                ],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        while not self._answers():
            if self._process.poll() is not None:
                pytest.fail(f"PostgreSQL did not start: {self.log_file.read_text()[-2000:]}")

    def kill(self) -> None:
        """End the server and every session at once, without a checkpoint; may be called twice."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Kill it and delete the cluster."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _command(self, program: str, *arguments: str) -> list[str]:
        """Return the command line of a server program, which must not run as root."""
        command = [str(self._binaries / program), "-D", str(self.folder / "data"), *arguments]
        return (
            ["setpriv", f"--reuid={self._user}", "--clear-groups", *command]
            if self._user
            else command
        )

    def _answers(self) -> bool:
        """Return whether a session can be opened."""
        try:
            psycopg.connect(self.dsn(), connect_timeout=10).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def fresh_database() -> Iterator[str]:
    """Give the DSN of an empty database, and drop it afterwards."""
    server = _shared_server()
    name = f"test_{next(_database_numbers)}"
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield server.dsn(name)
    finally:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def new_server(*, is_durable: bool = False) -> PostgresServer:
    """Return a server of the caller's own, not started."""
    return PostgresServer(find_postgres(), is_durable=is_durable)


def find_postgres() -> Path:
    """Return the folder with PostgreSQL's programs; skip or fail the test without it."""
    for pattern in _FOLDERS:
        folders = sorted(Path("/").glob(pattern[1:]))
        if folders:
            return folders[-1]
    reason = "PostgreSQL is missing; install it with: apt-get install postgresql"
    if os.environ.get("EDGE_LPR_REQUIRE_POSTGRES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@cache
def _shared_server() -> PostgresServer:
    """Start the server that the tests of this process share; it ends with the process."""
    server = new_server()
    atexit.register(server.remove)
    server.start()
    return server


def _unprivileged_user() -> str | None:
    """Return whom the server runs as where the tests run as root, which it refuses to do."""
    if os.geteuid() != 0:
        return None
    users = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in users else "nobody"
