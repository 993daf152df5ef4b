"""`rowtide init` while other sessions hold locks on the captured tables, as an ANALYZE after a bulk load does."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg

from connections.wait import wait_until
from tests.support.servers.operator import Operator
from tests.support.servers.services import Place

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'loaded'::regclass"


def test_an_analyze_that_runs_is_waited_for(place: Place, tmp_path: Path) -> None:
    operator = Operator(place, tmp_path / "secrets")
    with (
        psycopg.connect(place.dsn, autocommit=True) as owner,
        psycopg.connect(place.dsn) as analyze,
        ThreadPoolExecutor(1) as executor,
    ):
        owner.execute("CREATE TABLE loaded (id int PRIMARY KEY)")
        analyze.execute("LOCK TABLE loaded IN SHARE UPDATE EXCLUSIVE MODE")
        running = executor.submit(operator.run, "init", "--pipeline", place.pipeline, "--table", "loaded")
        assert wait_until(lambda: owner.execute(WAITING).fetchone() == (1,), 30)
        # The second half of an ANALYZE changes the table's row in pg_class.
        analyze.execute("ANALYZE loaded")
        analyze.commit()
        assert running.result(30).code == 0, running.result()
