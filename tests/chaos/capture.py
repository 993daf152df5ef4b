"""What Debezium loses and repeats: PostgreSQL written to in every way, Connect killed again and again, the raw log counted."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import httpx
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from cdc.log.envelope import Record
from cdc.log.names import SNAPSHOT_PREFIX, connector_name, control_key_file, slot_name
from cdc.log.signature import ControlKey, secret_prefix_sql
from connections.wait import wait_until
from infra.errors import RunnerError
from infra.native.stack import Stack
from rowtide.local_pipeline import database, mark
from rowtide.programs import ROWTIDE, Programs
from tests.chaos.event_tally import EventTally
from tests.chaos.fault_injector import Report, revive
from tests.chaos.log import Study, records
from tests.chaos.run import Scenario
from tests.support.servers.services import connect_client

HERE = Path(__file__).parent
PIPELINE = "capture"
SESSIONS = 5
BETWEEN_KILLS = (2.0, 14.0)
_STEP_SECONDS = 300.0
_STOP_SECONDS = 90.0
BETWEEN_SECONDS = 0.1
_CATCH_UP_SECONDS = 900.0
_PREFIX = secret_prefix_sql(f"'{SNAPSHOT_PREFIX}'")
EMIT = f"SELECT pg_logical_emit_message(true, {_PREFIX}, 'in a transaction')"
"""A message that the connector captures; in a transaction, it has no effect."""
Way = Callable[[psycopg.Connection[Any], Random, int, Callable[[float], None]], None]


def _copy(connection: psycopg.Connection[Any], random: Random, session: int, _pause: Callable[[float], None]) -> None:
    with connection.cursor() as cursor, cursor.copy("COPY rows (session, body) FROM STDIN") as copy:
        for _ in range(random.randrange(200, 5_000)):
            copy.write_row((session, "copied"))


def _copy_long(
    connection: psycopg.Connection[Any], random: Random, session: int, pause: Callable[[float], None]
) -> None:
    """Longer than a heartbeat, in the WAL and in the log: Connect ends in its middle, and begins there again."""
    with connection.cursor() as cursor, cursor.copy("COPY rows (session, body) FROM STDIN") as copy:
        for _ in range(random.randrange(5, 20)):
            for _ in range(2_000):
                copy.write_row((session, "copied slowly"))
            pause(0.2)


def _batched(
    connection: psycopg.Connection[Any], random: Random, session: int, _pause: Callable[[float], None]
) -> None:
    rows = [(session, "batched")] * random.randrange(50, 800)
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO rows (session, body) VALUES (%s, %s)", rows)


def _slowly(connection: psycopg.Connection[Any], random: Random, session: int, pause: Callable[[float], None]) -> None:
    for _ in range(random.randrange(5, 40)):
        connection.execute("INSERT INTO rows (session, body) VALUES (%s, 'slow')", (session,))
        pause(random.uniform(0.0, 0.15))


def _update(connection: psycopg.Connection[Any], random: Random, session: int, _pause: Callable[[float], None]) -> None:
    connection.execute(
        "UPDATE rows SET version = version + 1 WHERE session = %s AND id %% 50 = %s", (session, random.randrange(50))
    )


def _delete(connection: psycopg.Connection[Any], random: Random, session: int, _pause: Callable[[float], None]) -> None:
    connection.execute(
        "WITH d AS (DELETE FROM rows WHERE session = %s AND id %% 200 = %s RETURNING id, version)"
        " INSERT INTO gone SELECT id, version FROM d",
        (session, random.randrange(200)),
    )


def _one_by_one(
    connection: psycopg.Connection[Any], random: Random, session: int, pause: Callable[[float], None]
) -> None:
    connection.execute("INSERT INTO rows (session, body) VALUES (%s, 'one')", (session,))
    pause(random.uniform(0.0, 0.02))


def _after_a_message(
    connection: psycopg.Connection[Any], random: Random, session: int, pause: Callable[[float], None]
) -> None:
    """A message inside of the transaction counts among its events; the rows after it may be on the other side of a restart."""
    for _ in range(random.randrange(1, 4)):
        connection.execute(EMIT.encode())
        pause(random.uniform(0.0, 0.5))
        connection.execute("INSERT INTO rows (session, body) VALUES (%s, 'after a message')", (session,))
        pause(random.uniform(0.0, 0.2))


WAYS: tuple[tuple[Way, int], ...] = (
    (_copy, 2),
    (_copy_long, 1),
    (_batched, 4),
    (_slowly, 3),
    (_after_a_message, 3),
    (_update, 2),
    (_delete, 2),
    (_one_by_one, 12),
)


class CaptureStudy:
    """Writes, kills, reads the log and counts."""

    def __init__(self, stack: Stack, scenario: Scenario, report: Report) -> None:
        self._stack = stack
        self._scenario = scenario
        self._report = report
        self._dsn = make_conninfo(stack.addresses.postgres_dsn, dbname=PIPELINE)
        self._stopping = threading.Event()
        self._written: Counter[str] = Counter()

    def run(self) -> dict[str, Any]:
        """The findings, ready for JSON."""
        with ExitStack() as opened:
            self._prepare(opened)
            ends = self._write_and_kill()
            self._catch_up()
        return self._findings(ends)

    def _prepare(self, opened: ExitStack) -> None:
        with database(self._stack.addresses.postgres_dsn) as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(PIPELINE)))
        with database(self._dsn) as connection:
            connection.execute((HERE / "capture.sql").read_bytes())
        data = self._stack.settings.data_directory
        self._secrets = data / "secrets"
        environment = {
            **self._stack.addresses.environment(),
            "ROWTIDE_POSTGRES_DSN": self._dsn,
            "ROWTIDE_SPEC": str(HERE / "capture.yaml"),
            "ROWTIDE_SECRETS_DIR": str(self._secrets),
        }
        programs = Programs(data / "logs", environment)
        opened.callback(programs.stop)
        programs.run("init", (*ROWTIDE, "init"), _STEP_SECONDS)
        programs.run("connectors-apply", (*ROWTIDE, "connectors", "apply", "--wait", "60"), _STEP_SECONDS)
        self._catch_up()

    def _write_and_kill(self) -> Counter[str]:
        threads = [threading.Thread(target=self._session, args=(each,), daemon=True) for each in range(SESSIONS)]
        for thread in threads:
            thread.start()
        random, ends, over = (
            Random(f"capture-{self._scenario.seed}"),
            Counter[str](),
            monotonic() + self._scenario.seconds,
        )
        while monotonic() < over:
            self._stopping.wait(random.uniform(*BETWEEN_KILLS))
            how = random.choice(("kill", "kill", "stop", "restart-task"))
            ends[how] += 1
            self._report(f"{how} Connect; {self._written['transactions']:,} transactions written")
            self._end_connect(how)
        self._stopping.set()
        for thread in threads:
            thread.join(120.0)
        return ends

    def _end_connect(self, how: str) -> None:
        if how == "restart-task":
            path = f"/connectors/{connector_name(PIPELINE)}/restart?includeTasks=true"
            with suppress(httpx.TransportError), connect_client(self._stack.addresses) as client:
                client.post(path)
            return
        if how == "kill":
            self._stack.kill("connect")
        elif (process := self._stack.process("connect")) is not None:
            process.end(_STOP_SECONDS)
        revive(self._stack, "connect", self._report)

    def _session(self, session: int) -> None:
        random = Random(f"capture-{self._scenario.seed}-{session}")
        pause = self._pause
        key = ControlKey((self._secrets / control_key_file(PIPELINE)).read_text().strip())
        with psycopg.connect(self._dsn, autocommit=True, options=key.session_options()) as connection:
            while not self._stopping.is_set():
                (way,) = random.choices([way for way, _ in WAYS], [weight for _, weight in WAYS])
                with suppress(psycopg.errors.DeadlockDetected), connection.transaction():
                    way(connection, random, session, pause)
                    if random.random() < 0.05:
                        raise psycopg.Rollback
                self._written["transactions"] += 1
                pause(random.expovariate(1 / BETWEEN_SECONDS))

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _catch_up(self) -> None:
        """Wait until everything committed so far is in the log: the slot's position is past it."""
        query = "SELECT confirmed_flush_lsn - '0/0' >= %s FROM pg_replication_slots WHERE slot_name = %s"
        with database(self._dsn) as connection:
            lsn = mark(connection)

            def caught_up() -> bool:
                return connection.execute(query, (lsn, slot_name(PIPELINE))).fetchone() == (True,)

            if not wait_until(caught_up, _CATCH_UP_SECONDS, pause_seconds=0.5):
                raise RunnerError(
                    f"Debezium did not catch up in {_CATCH_UP_SECONDS:.0f} s; see {self._stack.log('connect')}."
                )

    def _findings(self, ends: Counter[str]) -> dict[str, Any]:
        raw, ruled = EventTally(), EventTally()

        def counted(log: Iterator[Record]) -> Iterator[Record]:
            for record in log:
                raw.take(record)
                yield record

        self._report("reading the whole log")
        findings = Study(ruled.take).read(counted(records(self._stack.addresses.kafka, PIPELINE)))
        with database(self._dsn) as connection:
            alive: list[tuple[int, int]] = connection.execute("SELECT id, version FROM rows").fetchall()
            gone: list[tuple[int, int]] = connection.execute("SELECT id, version FROM gone").fetchall()
        return {
            "seed": self._scenario.seed,
            "minutes": round(self._scenario.seconds / 60, 2),
            "ends_of_connect": dict(ends),
            "rows": len(alive) + len(gone),
            "raw": asdict(raw.balance(alive, gone)),
            "by_the_rules": asdict(ruled.balance(alive, gone)),
            "log": dict(findings.counts),
            "fault": findings.fault,
        }
