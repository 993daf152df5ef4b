"""What `rowtide status` and `down` print about the worker, and about servers that do not run."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from read_model.freshness import Freshness
from rowtide.cli import app
from rowtide.commands.servers import worker_line


def test_documents_that_were_set_aside_are_counted() -> None:
    assert worker_line(Freshness("shop", 1, 9, 9, 0, "live")) == (
        "Worker of shop: live, 0 documents pending, 0 in quarantine."
    )
    fresh = Freshness("shop", 1, 9, 9, 0, "degraded", "A table changed.", pending=7, quarantined=2, left_out=1)
    assert worker_line(fresh) == (
        "Worker of shop: degraded, 7 documents pending, 2 in quarantine,"
        " 1 with fields dropped. A table changed. Run `rowtide quarantine list` for details."
    )


def test_values_that_a_chosen_type_drops_are_counted() -> None:
    line = worker_line(Freshness("shop", 1, 9, 9, 0, "live", unindexed={"customers.postal_code": 232}))
    assert line.endswith(
        "customers.postal_code: 232 documents have a value that does not fit its type in the spec and is not indexed."
    )


@pytest.mark.parametrize("command", ["status", "down"])
def test_a_stack_of_another_folder_is_not_called_stopped_without_a_hint(command: str, tmp_path: Path) -> None:
    home = tmp_path / "elsewhere"
    result = CliRunner().invoke(app(), [command], env={"ROWTIDE_HOME": str(home), "ROWTIDE_WORKER_STORE": str(home)})
    printed = " ".join(result.output.split())
    assert f"runs with its data in {home}/stacks/default. If it was started in another folder" in printed
