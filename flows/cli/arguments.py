"""The arguments and options that several commands have."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from flows.runner import Runner

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="The model's id.")]
VersionOption = Annotated[
    str | None, typer.Option(metavar="V", help="The version's id [the promoted version].")
]
SplitOption = Annotated[str, typer.Option(metavar="SPLIT", help="train, validation or test.")]
CheckpointOption = Annotated[
    str | None, typer.Option(metavar="C", help="A checkpoint other than the default.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Evaluate again even where nothing has changed.")]
RunnerOption = Annotated[Runner, typer.Option(help="Run on Prefect, or in this process.")]
EngineOption = Annotated[
    str,
    typer.Option(
        metavar="ENGINE", help="local, dask (a cluster on this machine) or a Dask scheduler, tcp://host:port."
    ),
]
VersionsOption = Annotated[
    Literal["promoted", "latest", "all"], typer.Option(help="Which versions of each model.")
]
