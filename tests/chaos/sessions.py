"""Database sessions that write at random until they are stopped; the same seed gives each session the same intentions."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from random import Random

import psycopg

from tests.chaos import definition_load, order_load, warehouse_load
from tests.chaos.warehouse_load import Act, NoSuchRow

Action = Callable[[Act], None]

# What a session does, and how often.
MIX: tuple[tuple[Action, int], ...] = (
    (warehouse_load.add_box, 12),
    (warehouse_load.add_many, 1),
    (warehouse_load.change_items, 16),
    (warehouse_load.shift_weight, 10),
    (warehouse_load.move_items, 8),
    (warehouse_load.rename_box, 5),
    (warehouse_load.remove_box, 4),
    (warehouse_load.replace_box, 4),
    (warehouse_load.move_box, 8),
    (warehouse_load.change_text, 8),
    (warehouse_load.change_room, 2),
    (warehouse_load.stick, 8),
    (warehouse_load.truncate, 1),
    (warehouse_load.change_many, 1),
    (order_load.change_lines, 10),
    (order_load.move_lines, 6),
    (order_load.move_order, 4),
    (order_load.renumber_order, 2),
    (order_load.remove_order, 2),
    (order_load.archive, 4),
    (order_load.rename_around, 4),
    (order_load.tag, 4),
    (order_load.pay, 6),
    (definition_load.add_jars, 6),
    (definition_load.change_jar, 12),
    (definition_load.remove_jar, 4),
    (definition_load.permute_places, 8),
    (definition_load.shift_places, 4),
)
SLOW: Action = partial(warehouse_load.shift_weight, wait=1.0)
ROLLED_BACK, WITH_SAVEPOINT, IN_COMPANY, SLOWLY = 0.05, 0.08, 0.10, 0.04
"""Shares of transactions that roll back, that roll back a part, that hold several actions, and that take their time."""
OPTIONS = "-c deadlock_timeout=200ms -c lock_timeout=8s -c statement_timeout=60s"
BETWEEN_SECONDS = 0.06


class Sessions:
    """Some sessions, each in a thread. `counts` are the numbers of committed, refused and cut-off transactions,
    `actions` of what the committed ones did."""

    def __init__(self, dsn: str, seed: int, number: int) -> None:
        self._dsn = dsn
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.actions: Counter[str] = Counter()
        self.faults: list[str] = []
        self._threads = [
            threading.Thread(target=self._run, args=(Random(f"chaos-session-{seed}-{each}"),), daemon=True)
            for each in range(number)
        ]

    def start(self) -> None:
        """Begin to write."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the transactions under way."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(90.0)

    def _run(self, random: Random) -> None:
        try:
            while not self._stopping.is_set():
                with suppress(psycopg.OperationalError):
                    self._connected(random)
                self._stopping.wait(0.5)
        except Exception as error:  # noqa: BLE001 An error of the load itself ends the run, which reports it.
            self.faults.append(f"{type(error).__name__}: {error}")

    def _connected(self, random: Random) -> None:
        with psycopg.connect(
            self._dsn, autocommit=True, connect_timeout=5, options=OPTIONS, prepare_threshold=None
        ) as connection:
            while not self._stopping.is_set() and not connection.closed:
                act = Act(connection, random, self._pause)
                self._count(self._transact(act), act.done)
                self._pause(random.expovariate(1 / BETWEEN_SECONDS))

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _count(self, outcome: str, done: list[str]) -> None:
        with self._lock:
            self.counts[outcome] += 1
            if outcome == "committed":
                self.actions.update(done)

    def _transact(self, act: Act) -> str:
        try:
            with act.connection.transaction():
                _act(act)
                if act.random.random() < ROLLED_BACK:
                    raise psycopg.Rollback
        except NoSuchRow:
            return "nothing to do"
        except psycopg.Rollback:  # It passes a transaction whose connection is gone.
            return "cut off"
        except psycopg.Error as error:
            if act.connection.closed:
                return "cut off"
            return f"refused: {error.sqlstate or type(error).__name__}"
        return "committed"


def _act(act: Act) -> None:
    random = act.random
    if random.random() < SLOWLY:
        SLOW(act)
        return
    _run_once(act)
    if random.random() < WITH_SAVEPOINT:
        with act.connection.transaction():
            _run_once(act)
            raise psycopg.Rollback
    while random.random() < IN_COMPANY:
        _run_once(act)


def _run_once(act: Act) -> None:
    (action,) = act.random.choices([action for action, _ in MIX], [weight for _, weight in MIX])
    action(act)
    act.done.append(getattr(action, "__name__", ""))
