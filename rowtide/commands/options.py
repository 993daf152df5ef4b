"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from rowtide.commands.completion import documents, pipelines

WORKER_URL = "http://127.0.0.1:9470"

SpecOption = Annotated[
    Path | None, typer.Option("--spec", metavar="FILE", help="Document spec; the default is ROWTIDE_SPEC.")
]
PipelineOption = Annotated[
    str | None,
    typer.Option("--pipeline", metavar="NAME", help="Pipeline name, instead of a spec.", autocompletion=pipelines),
]
TableOption = Annotated[
    list[str] | None,
    typer.Option("--table", metavar="SCHEMA.TABLE", help="Table to capture, with --pipeline. Repeatable."),
]
ConnectorWaitOption = Annotated[
    float,
    typer.Option(
        "--wait", min=0, metavar="SECONDS", help="Wait until the connector is in the new state; 0 does not wait."
    ),
]

DocumentArgument = Annotated[
    str, typer.Argument(metavar="DOCUMENT", help="Document name in the spec.", autocompletion=documents)
]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Document id.")]
IdOption = Annotated[str | None, typer.Option("--id", metavar="ID", help="Only the document with this id.")]
DocumentOption = Annotated[
    str | None, typer.Option("--document", metavar="NAME", help="Only this document.", autocompletion=documents)
]
DocumentsOption = Annotated[
    list[str],
    typer.Option("--document", metavar="NAME", help="Only this document. Repeatable.", autocompletion=documents),
]

WorkerUrlOption = Annotated[
    str, typer.Option("--worker-url", envvar="ROWTIDE_WORKER_URL", metavar="URL", help="Endpoint of the worker.")
]
WaitOption = Annotated[
    float,
    typer.Option(
        "--wait", min=0, metavar="SECONDS", help="Time for the worker to start and the documents to be up to date."
    ),
]
BucketOption = Annotated[
    int,
    typer.Option("--bucket", min=1, max=10_000, help="Documents per statement on the source."),
]
PauseOption = Annotated[
    float, typer.Option("--pause", min=0, metavar="SECONDS", help="Pause after each bucket, to spare the source.")
]
TimeoutOption = Annotated[
    int, typer.Option("--timeout", min=1, metavar="SECONDS", help="Statement timeout on the source.")
]
