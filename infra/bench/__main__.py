"""`python -m infra.bench`."""

import typer

from infra.bench.command import bench

typer.run(bench)
