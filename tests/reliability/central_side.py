"""A fleet, a broker as it is shipped, workers that ingest, and PostgreSQL: all of them real.

The fleet lives behind a cable that can be pulled where the machine allows a namespace.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import psycopg
from typing_extensions import Self

from edge_lpr.broker.request_key import make_request_key
from tests.reliability.namespace import Namespace, NamespaceError
from tests.reliability.partitions import ReachableBroker
from tests.support.postgres import new_server

CONSUMER: Final = "ingest"
TENANT: Final = "fleet"

_CERTIFIED_WORKERS: Final = 8
"""More than anybody starts."""

_STOP_S: Final = 120.0
_CHUNK_CHARACTERS: Final = 65_536

_TRUTH: Final = """
    CREATE TABLE truth (
        tenant text, site text, device text, boot text, seq bigint, link text, fate text
    )"""
_STORED: Final = """
    CREATE VIEW stored AS
    SELECT tenant, site, device, boot.boot, boot_id, seq, at,
        translate(rtrim(encode(link, 'base64'), '='), '+/', '-_') AS link
    FROM sighting JOIN boot ON boot.id = boot_id JOIN booth ON booth.id = booth_id"""
_FIGURES: Final = {
    "committed": "SELECT count(*) FROM truth WHERE fate = 'sent'",
    "lost": """
        SELECT count(*) FROM truth LEFT JOIN stored USING (tenant, site, device, boot, seq, link)
        WHERE fate = 'sent' AND stored.boot_id IS NULL""",
    "doubled": "SELECT count(*) - count(DISTINCT (boot_id, seq)) FROM sighting",
    "invented": """
        SELECT count(*) FROM stored LEFT JOIN truth USING (tenant, site, device, boot, seq, link)
        WHERE truth.fate IS NULL""",
    "gaps": "SELECT count(*) FROM gap",
    "missed_for_a_while": "SELECT coalesce(sum(last - first + 1), 0)::bigint FROM gap",
    "open_gaps": "SELECT count(*) FROM gap WHERE closed_at IS NULL",
    "given_up": "SELECT coalesce(sum(lost), 0)::bigint FROM gap",
    "findings": "SELECT count(*) FROM finding",
}


class CentralSide:
    """Everything behind the booths, and virtual booths."""

    def __init__(self, folder: Path, *, booths: int) -> None:
        """Prepare; nothing runs before it is entered.

        Args:
            folder: Existing folder for everything.
            booths: How many booths the fleet has.
        """
        self._folder = folder
        self._booths = booths
        self._resources = ExitStack()
        self._database = new_server()
        self._workers: dict[int, subprocess.Popen[bytes]] = {}
        self._fleet: subprocess.Popen[bytes] | None = None
        self.network: Namespace | None = None
        self.no_network = ""
        self.truth_file = folder / "truth.csv"

    def __enter__(self) -> Self:
        with self._resources:
            self._resources.callback(self._database.remove)
            self._database.start()
            address = self._plug_in()
            names = self._run("fleet", "--list", "--booths", str(self._booths), capture=True)
            workers = ",".join(_worker_name(number) for number in range(_CERTIFIED_WORKERS))
            access = f"{names}consumer {workers} {TENANT} requests\n"
            self.broker = ReachableBroker(self._folder, address, access)
            self._resources.callback(self.broker.kill)
            self.broker.start()
            line = make_request_key(CONSUMER, self._folder / "request.key")
            (self._folder / "consumers").write_text(line + "\n")
            self._resources.callback(self._kill_all)
            self._kept = self._resources.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        self._kept.close()

    def start_fleet(self, *, sightings: int, rate_hz: float) -> None:
        """Let the fleet sign and send so many, and then answer requests until it is stopped.

        Args:
            sightings: How many.
            rate_hz: How many a second, of all booths together.
        """
        host = self.network.address if self.network else "localhost"
        prefix = self.network.command_prefix if self.network else ()
        arguments = {
            "--broker": f"mqtts://{host}:{self.broker.port}",
            "--booths": self._booths,
            "--rate": rate_hz,
            "--sightings": sightings,
            "--health": 30,
            "--drain": 3600,
            "--linger": 36_000,
            "--truth": self.truth_file,
            "--authority": self._folder / "authority.pub",
            "--consumers": self._folder / "consumers",
            "--certificates": self.broker.laboratory.folder,
        }
        words = [str(word) for pair in arguments.items() for word in pair]
        with (self._folder / "fleet.jsonl").open("wb") as output:
            self._fleet = self._start("fleet", [*words, "--json"], prefix=prefix, stdout=output)

    def start_worker(self, number: int) -> None:
        """Start a worker, or start it again; each has a certificate of its own."""
        own = self.broker.consumer(_worker_name(number))
        arguments = {
            "--authority": self._folder / "authority.pub",
            "--ca": own.ca_file,
            "--certificate": own.certificate_file,
            "--key": own.key_file,
            "--request-key": self._folder / "request.key",
            "--tenant": TENANT,
            "--database": self._database.dsn(),
            "--worker": number,
        }
        words = [str(word) for pair in arguments.items() for word in pair]
        url = f"mqtts://localhost:{self.broker.consumer_port}"
        self._workers[number] = self._start("ingest", [url, *words])

    def kill_worker(self, number: int) -> None:
        """Kill a worker; ``start_worker`` starts it again."""
        process = self._workers.pop(number)
        process.send_signal(signal.SIGKILL)
        process.wait(_STOP_S)

    def narrow_queues(self, messages: int) -> None:
        """Let the broker keep fewer messages for a consumer that is away, from its next start."""
        self.broker.configure(more=f"max_queued_messages {messages}")

    def lose_disk(self) -> None:
        """Kill the broker, and let it find nothing of what it had kept."""
        self.broker.kill()
        (self._folder / "mosquitto.db").unlink(missing_ok=True)
        self.broker.start()

    def fleet_figures(self) -> dict[str, Any]:
        """Return what the fleet said last about itself."""
        lines = (self._folder / "fleet.jsonl").read_text().splitlines()
        figures: dict[str, Any] = json.loads(lines[-1]) if lines else {}
        return figures

    def revive(self) -> int:
        """Start workers again that ended by themselves, as a service manager does.

        Returns:
            How many had.

        Raises:
            AssertionError: The fleet has ended, and with it the truth.
        """
        if self._fleet is not None and self._fleet.poll() is not None:
            raise AssertionError(f"the fleet has ended; see {self._folder}/fleet.log")
        ended = [number for number, each in self._workers.items() if each.poll() is not None]
        for number in ended:
            self.start_worker(number)
        return len(ended)

    def ask(self, query: str) -> Any:  # noqa: ANN401 - whatever the database says
        """Return the first value of a query's first row."""
        with psycopg.connect(self._database.dsn(), autocommit=True) as connection:
            row = connection.execute(query).fetchone()
        return None if row is None else row[0]

    def latest_notice_s(self) -> int:
        """Return how long after it was signed the latest missing sighting was noticed, in seconds.

        Of sightings that came later, because only those have told when they were signed. The time
        that they waited for a broker that was away is in it.
        """
        return int(
            self.ask(
                "SELECT coalesce(max(gap.noticed_at - sighting.at), 0)::bigint FROM gap"
                " JOIN sighting ON sighting.boot_id = gap.boot_id AND sighting.seq = gap.first"
            )
        )

    def latest_evidence_s(self) -> int:
        """Return how long it took at most from the first later sighting to the notice, in seconds.

        Where a health record told it, there was no later sighting, and nothing is counted.
        """
        return int(
            self.ask(
                "SELECT coalesce(max(noticed_at - (SELECT min(received_at) FROM sighting"
                " WHERE sighting.boot_id = gap.boot_id"
                " AND seq BETWEEN gap.last + 1 AND gap.last + 300)), 0)::bigint FROM gap"
            )
        )

    def compare(self) -> dict[str, int]:
        """Return how far the store is from the truth."""
        with (
            self.truth_file.open() as truth,
            psycopg.connect(self._database.dsn(), autocommit=True) as connection,
        ):
            connection.execute("DROP TABLE IF EXISTS truth")
            connection.execute(_TRUTH)
            with connection.cursor().copy("COPY truth FROM STDIN CSV HEADER") as copy:
                while chunk := truth.read(_CHUNK_CHARACTERS):
                    copy.write(chunk)
            connection.execute(f"DROP VIEW IF EXISTS stored; {_STORED}")
        return {name: int(self.ask(query)) for name, query in _FIGURES.items()}

    def stop(self) -> int:
        """Stop everything that ingests in an orderly way; return how many failed to."""
        for process in self._workers.values():
            process.send_signal(signal.SIGTERM)
        # One that was started a moment ago knows no orderly stop yet.
        orderly = (0, -signal.SIGTERM)
        return sum(process.wait(_STOP_S) not in orderly for process in self._workers.values())

    def _plug_in(self) -> str:
        """Put the fleet behind a cable; return where it finds us."""
        try:
            self.network = self._resources.enter_context(Namespace())
        except NamespaceError as error:
            self.no_network = str(error)
            return "127.0.0.1"
        return self.network.address

    def _start(
        self,
        program: str,
        arguments: Sequence[str],
        *,
        prefix: Sequence[str] = (),
        stdout: Any = subprocess.DEVNULL,  # noqa: ANN401 - as subprocess takes it
    ) -> subprocess.Popen[bytes]:
        """Start one of our programs, with its log in the folder."""
        with (self._folder / f"{program}.log").open("ab") as log:
            return subprocess.Popen(
                [*prefix, sys.executable, "-m", "edge_lpr", program, *arguments],
                stdout=stdout,
                stderr=log,
                start_new_session=True,
            )

    def _run(self, program: str, *arguments: str, capture: bool) -> str:
        """Run one of our programs to its end."""
        return subprocess.run(
            [sys.executable, "-m", "edge_lpr", program, *arguments],
            check=True,
            capture_output=capture,
            text=True,
        ).stdout

    def _kill_all(self) -> None:
        """Kill whatever runs, with its children."""
        for process in [*self._workers.values(), self._fleet]:
            if process is not None and process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(_STOP_S)


def _worker_name(number: int) -> str:
    """Return the name in a worker's certificate."""
    return f"{CONSUMER}-{number}"
