"""The commands that read what is stored: ``summary``, ``confusion-matrix``, ``list`` and ``schema``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from flows.cli.app import command
from flows.cli.arguments import CheckpointOption, ModelArgument, SplitOption, VersionOption
from flows.cli.session import Session
from flows.cli.text import figure, table
from flows.cli.verdict import print_verdict
from flows.terminal import safe

Normalize = Annotated[bool, typer.Option("--normalize", help="Shares of each row instead of counts.")]


@command("summary")
def summary(
    session: Session,
    model: ModelArgument,
    version: VersionOption = None,
    split: SplitOption = "test",
    checkpoint: CheckpointOption = None,
) -> int:
    """Print a stored evaluation."""
    from flows.stored import read_summary

    document = read_summary(session.store(), model, version, split, checkpoint)
    if session.json:
        session.document(document)
    else:
        print_verdict(session, document)
        _print_failure(session, document)
    return 0


def _print_failure(session: Session, document: dict[str, Any]) -> None:
    """That what was printed is not of the last attempt, where that failed."""
    from flows.stored import read_failure
    from infra.entries import target_of

    failure = read_failure(session.store(), target_of(document))
    if failure:
        on = f", {failure['at']}" if failure.get("at") else ""
        session.say(
            f"the last attempt failed{on}: error[{safe(failure['code'])}]: {safe(failure['message'])}"
        )


@command("confusion-matrix")
def confusion_matrix(
    session: Session,
    model: ModelArgument,
    version: VersionOption = None,
    split: SplitOption = "test",
    checkpoint: CheckpointOption = None,
    normalize: Normalize = False,
) -> int:
    """Print a stored confusion matrix as JSON.

    Rows are actual labels, columns predicted ones.
    """
    from evalcore.summary import confusion_document
    from flows.stored import read_summary

    document = read_summary(session.store(), model, version, split, checkpoint)
    session.document(confusion_document(document, normalize))
    return 0


@command("list")
def list_(session: Session) -> int:
    """List models, versions and their verdicts."""
    from flows.stored import list_models

    store = session.store()
    store.check()
    models = list_models(store)
    if session.json:
        session.document({"models": models})
    elif models:
        rows = [row for model in models for row in _rows(model)]
        session.say(table(("model", "version", "split", "verdict", "weighted F1 [95 %]"), rows))
    else:
        session.say(f"no models in {store.url}; assay add makes one")
    return 0


@command("schema")
def schema(session: Session) -> int:
    """Print the JSON Schema of summary.json."""
    from evalcore.schema import summary_schema

    session.document(summary_schema())
    return 0


def _rows(model: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    name = model["model_id"]
    if model["error"]:
        yield (name, "", "", f"error[{model['error']['code']}]", "")
    evaluated = {entry["version_id"] for entry in model["evaluations"]}
    for version in sorted({*model["versions"], *evaluated}):
        mark = " (promoted)" if version == model["promoted_version"] else ""
        entries = [entry for entry in model["evaluations"] if entry["version_id"] == version]
        for entry in entries:
            yield (name, f"{version}{mark}", _split(entry), *_result(entry))
        if not entries:
            yield (name, f"{version}{mark}", "–", "not evaluated", "–")
    if not (model["versions"] or evaluated or model["error"]):
        yield (name, "–", "–", "no version", "–")


def _split(entry: dict[str, Any]) -> str:
    return f"{entry['dataset_split']} {entry['checkpoint'] or ''}".strip()


def _result(entry: dict[str, Any]) -> tuple[str, str]:
    headline = entry["headline"]
    score = figure(headline["weighted_f1"], headline["weighted_f1_interval"])
    if entry["failure"]:
        return f"error[{entry['failure']['code']}]", score
    return entry["verdict"], score
