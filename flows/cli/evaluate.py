"""``assay evaluate``: one evaluation, of a version in the store or of files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from evalcore.errors import InvalidParameter
from flows import engine as engines
from flows import progress
from flows import runner as runners
from flows.cli.app import command
from flows.cli.arguments import (
    CheckpointOption,
    EngineOption,
    ForceOption,
    RunnerOption,
    SplitOption,
    VersionOption,
)
from flows.cli.session import Session
from flows.cli.verdict import print_verdict
from flows.engine import LOCAL
from flows.rendering import renderers

Model = Annotated[
    list[str] | None, typer.Argument(metavar="MODEL", help="The model's id (or, with --file, more files).")
]
Files = Annotated[
    list[Path] | None,
    typer.Option("--file", metavar="FILE…", readable=False, help="Files to evaluate without a store."),
]
SettingsFile = Annotated[
    Path | None, typer.Option(metavar="model.json", readable=False, help="With --file: the settings.")
]
Threshold = Annotated[
    float | None,
    typer.Option(metavar="T", help="A what-if at this threshold: nothing in the store changes."),
]
Baseline = Annotated[
    str | None,
    typer.Option(metavar="V|none", help="A what-if against this version: nothing in the store changes."),
]
Workers = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Threads, or with dask processes [what pays].")
]
Output = Annotated[str | None, typer.Option(metavar="FOLDER", help="Write the artifacts there, too.")]


@command("evaluate")
def evaluate(
    session: Session,
    model: Model = None,
    version: VersionOption = None,
    split: SplitOption = "test",
    checkpoint: CheckpointOption = None,
    threshold: Threshold = None,
    baseline: Baseline = None,
    engine: EngineOption = LOCAL,
    workers: Workers = None,
    runner: RunnerOption = "auto",
    output: Output = None,
    force: ForceOption = False,
    file: Files = None,
    settings: SettingsFile = None,
) -> int:
    """Evaluate one model version, or files.

    Nothing is written where inputs and settings are unchanged. Ends with 1 where a gate failed.
    """
    _check_threshold(threshold)
    engines.check(engine, workers)
    renderers.warm()  # which takes a second, beside all that comes before
    folder = _folder(output)
    names = list(model or [])
    if file:
        _check_file_options(folder, version, checkpoint, baseline)
        paths = [*file, *map(Path, names)]
        from flows.local import evaluate_files

        with session.progress(progress.STEPS):
            document = evaluate_files(
                paths,
                settings,
                threshold=threshold,
                dataset_split=split,
                output=str(folder),
                engine=engine,
                workers=workers,
            )
        return _print(session, document, "evaluated", folder)
    if len(names) != 1 or settings is not None:
        raise InvalidParameter(
            "evaluate takes one MODEL, or --file FILE… with --output FOLDER", "see assay evaluate --help"
        )
    from flows.outcome import Request

    url = session.store().url
    request = Request(
        store=url,
        model_id=names[0],
        version_id=version,
        dataset_split=split,
        checkpoint=checkpoint,
        threshold=threshold,
        baseline=baseline,
        force=force,
        output=folder,
        engine=engine,
        workers=workers,
    )
    with session.progress(progress.STEPS):
        outcome = runners.run_evaluation(request, runner, debug=session.debug)
    document = outcome.document
    if document is None:
        from flows.stored import summary_of

        document = summary_of(session.store(), outcome.target)
    return _print(session, dict(document), outcome.status, folder)


def _folder(output: str | None) -> str | None:
    """The absolute path of ``--output``; raises InvalidParameter where a file is in its place."""
    if output is None:
        return None
    path = Path(output).absolute()
    if path.exists() and not path.is_dir():
        raise InvalidParameter(f"--output {output} is not a folder", "name another one")
    return str(path)


def _print(session: Session, document: dict[str, Any], status: str, output: str | None) -> int:
    if session.json:
        session.document(document)
    else:
        print_verdict(session, document, status, output)
    return 1 if document["verdict"] == "fail" else 0


def _check_threshold(threshold: float | None) -> None:
    if threshold is not None and not 0 <= threshold <= 1:
        raise InvalidParameter(f"--threshold {threshold} is not between 0 and 1", "give a share such as 0.5")


def _check_file_options(output: str | None, *of_a_store: str | None) -> None:
    if output is None:
        raise InvalidParameter("--file needs --output", "name a folder for the report")
    if any(option is not None for option in of_a_store):
        raise InvalidParameter(
            "--version, --checkpoint and --baseline are of a store", "leave them out with --file"
        )
