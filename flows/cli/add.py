"""``assay add`` and ``assay promote``: what people put into the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.app import command
from flows.cli.arguments import CheckpointOption, ModelArgument, SplitOption
from flows.cli.session import Session

if TYPE_CHECKING:
    from infra.storage import Store

VersionArgument = Annotated[str, typer.Argument(metavar="VERSION", help="The version's id.")]
FilesArgument = Annotated[
    list[Path],
    typer.Argument(metavar="FILE…", readable=False, help="Predictions: Parquet, Arrow, CSV or JSON Lines."),
]
Promote = Annotated[bool, typer.Option("--promote", help="Make it the promoted version.")]
SettingsFile = Annotated[
    Path | None, typer.Option(metavar="model.json", readable=False, help="A new model's settings.")
]


@command("add")
def add(
    session: Session,
    model: ModelArgument,
    version: VersionArgument,
    files: FilesArgument,
    split: SplitOption = "test",
    checkpoint: CheckpointOption = None,
    promote: Promote = False,
    settings: SettingsFile = None,
) -> int:
    """Upload a version's predictions.

    A model that is not there yet is made. version.json comes last: the version exists from then on.
    """
    from flows.local import read_settings
    from infra.add import add_version
    from infra.layout import Target

    target = Target(model, version, split, checkpoint)
    document = None if settings is None else read_settings(settings)
    store = session.store(create=True)
    added = add_version(store, target, files, settings=document)
    if promote:
        _promote(store, model, version)
    if session.json:
        session.document({**_document(added), "promoted": promote})
        return 0
    for key in added.keys:
        session.say(f"wrote {key}")
    session.say(f"added {target}" + (", now the promoted version" if promote else ""))
    return 0


@command("promote")
def promote(session: Session, model: ModelArgument, version: VersionArgument) -> int:
    """Set a model's promoted version."""
    from infra.layout import check_id

    check_id("model", model)
    check_id("version", version)
    changed = _promote(session.store(), model, version)
    if session.json:
        session.document({"model_id": model, "promoted_version": version, "changed": changed})
    else:
        session.say(f"{model}: {version} is {'now' if changed else 'already'} the promoted version")
    return 0


def _promote(store: Store, model: str, version: str) -> bool:
    """Make a version the promoted one, in the index too where there is one; whether it was not."""
    from infra.add import promote
    from infra.index import read_index, update_index
    from templates import render_index

    changed = promote(store, model, version)
    if read_index(store) is not None:
        update_index(store, (), render_index, promoted={model: version})
    return changed


def _document(added: Any) -> dict[str, Any]:
    target = added.target
    return {
        "model_id": target.model_id,
        "version_id": target.version_id,
        "dataset_split": target.dataset_split,
        "checkpoint": target.checkpoint,
        "keys": list(added.keys),
        "new_model": added.new_model,
        "new_version": added.new_version,
    }
