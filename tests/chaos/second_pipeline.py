"""A second pipeline on the same database: its own slot, publication, connector, worker and documents."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from cdc.log.names import connector_name
from infra.native.ports import free_port
from infra.native.stack import Stack
from read_model.freshness import Freshness
from rowtide.local_pipeline import LocalPipeline, PipelinePorts
from rowtide.programs import ROWTIDE
from tests.chaos.restarting_program import NO_SERVICE, RestartingProgram
from tests.chaos.settling import settle

SPEC = Path(__file__).with_name("second.yaml")


class SecondPipeline:
    """It begins while the first one runs, and the same servers fail under it. Close what it opened with `opened`."""

    def __init__(self, stack: Stack, report: Callable[[str], None], opened: ExitStack) -> None:
        self._report = report
        self.pipeline = opened.enter_context(
            LocalPipeline(
                stack,
                SPEC,
                PipelinePorts(free_port(), free_port()),
                lambda part, state: report(f"second {part}: {state}"),
            )
        )
        self.connector = connector_name(self.pipeline.name)
        self.pipeline.programs.set_variable(
            "ROWTIDE_WORKER_STORE", str(stack.settings.data_directory / "second-worker")
        )
        self.pipeline.capture()
        command = (*ROWTIDE, "worker")
        self.worker = RestartingProgram(self.pipeline.programs, "second-worker", command, accepted=(NO_SERVICE,))
        self.worker.watch()
        opened.callback(self.worker.stop)

    def settle(self, reached: Callable[[Freshness], bool]) -> None:
        """Wait until its documents are there too."""
        settle(self.pipeline, self.worker, self._report, reached)
